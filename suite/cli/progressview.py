"""How what happens now looks on a terminal: a step with its log, requests of a phase, a file that is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from suite.base.bilingual import Sentence
from suite.base.language import language
from suite.base.quantities import duration
from suite.base.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from suite.measure.progress import Requests

BAR: Final = 16
"""Columns of a bar."""
TAIL_BYTES: Final = 4096
_LOG_LINES: Final = 2
"""Terminal lines that the last line of a log may take."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that runs now.

    Attributes:
        title: what happens.
        log: the file that its output goes to; None without one.
    """

    title: str
    log: Path | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A file or folder that is being read or downloaded.

    Attributes:
        title: its name.
        done: units so far.
        total: units in all; None when that is not known.
        unit: "MB" or "files".
    """

    title: str
    done: float
    total: float | None
    unit: str


Activity: TypeAlias = "Step | Transfer | Requests"


def render(activity: Activity, age_s: float, elapsed_s: float, width: int) -> Text:
    """What happens now, as wide as it needs: the terminal wraps it, nothing is cut.

    Args:
        activity: what happens.
        age_s: seconds since it was reported; of a step, since it began.
        elapsed_s: seconds since the command began.
        width: columns of the terminal.
    """
    stamp = (f"[{elapsed_s:6.1f}s] ", "dim")
    if isinstance(activity, Step):
        return Text.assemble(stamp, *_step(activity, age_s, width))
    if isinstance(activity, Transfer):
        return Text.assemble(stamp, *_transfer(activity))
    return Text.assemble(*_requests(activity, stamp, age_s, width))


_Part: TypeAlias = "str | tuple[str, str]"
_JOINT, _INDENT = " · ", "  "


def _step(step: Step, age_s: float, width: int) -> list[_Part]:
    parts: list[_Part] = [visible(step.title), (f" · {duration(age_s)}", "cyan")]
    if step.log is not None:
        # What cannot be shown in full ends with an ellipsis: its beginning says what happens.
        room = max(_LOG_LINES * width - 3, 1)
        last = last_line(step.log)
        if last:
            parts.append((f"\n  {last if len(last) <= room else last[: room - 1] + '…'}", "dim"))
        parts.append(
            (language().of(Sentence(f"\n  log: {step.log}", f"\n  日志：{step.log}")), "dim")
        )
    return parts


def _transfer(transfer: Transfer) -> list[_Part]:
    done, total, unit = transfer.done, transfer.total, transfer.unit
    if not total:
        return [f"{transfer.title}: {done:,.1f} {unit}"]
    of = Sentence(f"{done:,.1f} of {total:,.1f} {unit}", f"{done:,.1f} / {total:,.1f} {unit}")
    return [
        f"{transfer.title} ",
        *_bar(done / total),
        f" {language().of(of)} ({100 * done / total:.0f} %)",
    ]


def _requests(state: Requests, stamp: _Part, age_s: float, width: int) -> list[_Part]:
    spoken = language().of
    left: str = ""
    if state.left_s is not None:
        left_s = state.left_s - age_s
        left = (
            Sentence(f", ≤ {duration(left_s)} left", f"，剩余 ≤ {duration(left_s)}")
            if left_s > 0
            else Sentence(", the last answers", "，等待最后的回答")
        )
    ended = Sentence(
        f" {state.ended:,} of {state.planned:,} requests",
        f" {state.ended:,} / {state.planned:,} 个请求",
    )
    how_far = [
        stamp,
        (f"{visible(spoken(state.title))} ", "bold"),
        *_bar(state.ended / max(state.planned, 1)),
        spoken(ended),
    ]
    time: _Part = (f"{duration(state.elapsed_s + age_s)}{spoken(left)}", "cyan")
    figures: list[_Part] = [
        spoken(Sentence(f"{state.in_flight:,} in flight", f"{state.in_flight:,} 个在途"))
    ]
    if state.failed:
        failed = Sentence(f"{state.failed:,} failed", f"{state.failed:,} 个失败")
        figures.append((spoken(failed), "red"))
    figures += [visible(spoken(detail)) for detail in state.details]
    return [*_flowing(how_far, [time], width), "\n", *_flowing([_INDENT], figures, width, joint="")]


def _flowing(
    start: list[_Part], parts: Sequence[_Part], width: int, joint: str = _JOINT
) -> list[_Part]:
    """Parts one after the other; a line breaks between two of them, never between a number and its unit."""
    laid, used = list(start), sum(map(_cells, start))
    for part in parts:
        if used + len(joint) + _cells(part) > width and used > len(_INDENT):
            laid.append(f"\n{_INDENT}")
            used = len(_INDENT)
        else:
            laid.append(joint)
            used += len(joint)
        laid.append(part)
        used += _cells(part)
        joint = _JOINT
    return laid


def _cells(part: _Part) -> int:
    return cell_len(part if isinstance(part, str) else part[0])


def _bar(share: float) -> list[_Part]:
    full = round(BAR * min(max(share, 0.0), 1.0))
    return [("━" * full, "green"), ("─" * (BAR - full), "dim")]


def last_line(log: Path) -> str:
    """The last line of a log that says something; "" when there is none yet."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    # A progress bar of a program overwrites its own line: what counts is what was written last.
    visible_lines = (visible(line.rpartition("\r")[2]).strip() for line in reversed(lines))
    return next((line for line in visible_lines if line), "")
