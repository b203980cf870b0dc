"""One engine in several images, or at several commits of its checkout, measured in one command and then compared."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import itertools
import re
from typing import TYPE_CHECKING, Final

from suite.base.bilingual import Sentence
from suite.base.errors import Interrupted, SuiteError, UsageError
from suite.base.language import language
from suite.base.safe import read_plain
from suite.base.visible import say
from suite.cli import comparing
from suite.cli.measuring import measure, run_directory
from suite.cli.output import write_bytes, write_error, write_note, write_report
from suite.cli.trustoptions import Trusted
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.compare import formats, many
from suite.judge.compare.inputs import conformant
from suite.judge.compare.repeats import gathered
from suite.judge.report.formats import registry
from suite.judge.site import examine
from suite.measure.checkout import Checkout, require_source
from suite.measure.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from suite.cli.options import Choices, Sending
    from suite.cli.variantoptions import Variants

PAGE_FILE: Final = "comparison.html"
DIFF: Final = ("main", "HEAD")
"""What ``--commits diff`` stands for: the checked-out commit against the main branch."""
_ASKED_FILE: Final = ".asked"
"""Digest of the options in the folder of the runs."""
_LONGEST: Final = 40
_SHORT: Final = 12
"""Digits of a commit in a directory's name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """One of the things that are measured.

    Attributes:
        word: its part of the run directory's name.
        choices: what is run.
        prepare: makes ready what the choices cannot say.
    """

    word: str
    choices: Choices
    prepare: Callable[[], None] = lambda: None


def measure_each(
    choices: Choices,
    sending: Sending,
    variants: Variants,
    *,
    out: Path | None,
    key: str | None,
    tsa: str | None,
    quiet: bool,
) -> int:
    """Measure each variant so often as was asked for, in turns, and compare them.

    A variant that fails is passed over; a signal ends the whole. The checkout is left as it was, however this ends. Into a
    folder of an earlier call with the same options, runs that have a card are kept, and the others made anew beside
    what was left of them.

    Returns:
        The first status that is not 0, of a run in the order of the runs; else 0.

    Raises:
        UsageError: the options make no sense, the checkout cannot be used, or the folder was made with other options
            (``run-exists``).
        SetupError: ``checkout-failed``.
    """
    parent = out or run_directory(choices.vendor, "commits" if variants.commits else "images")
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(Stop().installed())
        if variants.commits:
            checkout = _checkout(choices, variants)
            listed = _at_commits(choices, checkout, variants.commits)
            stack.enter_context(checkout.restored(stop))
        else:
            listed = _of_images(choices, variants.images)

        require_same(parent, choices)

        def once(variant: Variant, directory: Path) -> int:
            if (status := kept(directory)) is not None:
                return status
            variant.prepare()
            return measure(variant.choices, sending, out=directory, key=key, tsa=tsa, quiet=quiet)

        statuses = in_turns(listed, variants.times, parent, once)
    _compared([parent / name for name in statuses], parent)
    return next((status for status in statuses.values() if status), 0)


def in_turns(
    variants: Sequence[Variant],
    times: int,
    parent: Path,
    once: Callable[[Variant, Path], int],
) -> dict[str, int]:
    """Every variant, then every variant again: what drifts over the hours then touches all alike.

    Returns:
        The status of each run by the name of its directory.

    Raises:
        Interrupted: a run was ended by a signal.
    """
    statuses: dict[str, int] = {}
    for turn in range(1, times + 1):
        for variant in variants:
            name = f"{parent.name}-{variant.word}" + (f"-{turn}" if times > 1 else "")
            write_note(Sentence(f"== {name}", f"== {name}"))
            try:
                statuses[name] = once(variant, parent / name)
            except SuiteError as error:
                write_error(error)
                statuses[name] = error.exit_status
            if statuses[name] == Interrupted.exit_status:
                message = Sentence(f"stopped during {name}", f"在 {name} 期间停止")
                hint = Sentence(
                    f"the same command with --out {parent} keeps the runs that have a card, and makes the others",
                    f"以 --out {parent} 重新执行同一命令：保留已有评分卡的运行，其余重新进行",
                )
                raise Interrupted("interrupted", message, hint=hint)
    return statuses


def require_same(parent: Path, choices: Choices) -> None:
    """Hold what is asked for against what an earlier call into the folder was asked, and note it for the next.

    Raises:
        UsageError: ``run-exists``; ``page-unwritable``.
    """
    digest = hashlib.sha256(repr(choices).encode()).hexdigest().encode()
    try:
        before = read_plain(parent / _ASKED_FILE, len(digest), below=None)
    except FileNotFoundError:
        before = digest if not parent.exists() else b""
    except OSError:
        before = b""
    if before != digest:
        message = Sentence(
            f"{parent} holds something else than runs with these options",
            f"{parent} 中有并非以这些选项进行的运行的内容",
        )
        hint = Sentence("choose another --out", "请换用其他 --out")
        raise UsageError("run-exists", message, hint=hint)
    write_report(parent / _ASKED_FILE, digest)


def kept(directory: Path) -> int | None:
    """The status of a run that an earlier call left with its card; what has none is set aside, and None returned."""
    if (directory / BUNDLE_FILE).is_file():
        write_note(Sentence("kept from an earlier call", "沿用先前调用的结果"))
        card = examine.card_of(read_plain(directory / BUNDLE_FILE, MAX_BUNDLE_BYTES, below=None))
        return int(not conformant(card))
    if directory.is_dir():
        places = (
            directory.with_name(f"{directory.name}-cut-{number}") for number in itertools.count(1)
        )
        aside = next(place for place in places if not place.exists())
        directory.rename(aside)
        write_note(Sentence(f"what was cut before: {aside}", f"先前被切断的：{aside}"))
    return None


def _of_images(choices: Choices, names: Sequence[str]) -> list[Variant]:
    if choices.image is not None:
        message = Sentence(
            "--images stands for several --image: give one of the two",
            "--images 相当于多个 --image：请只给其一",
        )
        raise UsageError("usage-wrong", message)
    words = [re.sub(r"[^\w.-]+", "-", name.rpartition("/")[2])[-_LONGEST:] for name in names]
    return [
        Variant(
            word if words.count(word) == 1 else f"{word}-{place}",
            dataclasses.replace(choices, image=name),
        )
        for place, (name, word) in enumerate(zip(names, words, strict=True), 1)
    ]


def _checkout(choices: Choices, variants: Variants) -> Checkout:
    if variants.checkout is None or choices.engine_python is None:
        message = Sentence(
            "--commits needs the engine's --checkout, and the --engine-python that loads it",
            "--commits 需要引擎的 --checkout，以及从中加载引擎的 --engine-python",
        )
        raise UsageError("usage-wrong", message)
    checkout = Checkout.at(variants.checkout)
    require_source(choices.engine_python, checkout)
    return checkout


def _at_commits(choices: Choices, checkout: Checkout, names: Sequence[str]) -> list[Variant]:
    commits = [checkout.commit(name) for name in (DIFF if tuple(names) == ("diff",) else names)]
    return [
        Variant(commit[:_SHORT], choices, functools.partial(checkout.switch, commit))
        for commit in dict.fromkeys(commits)
    ]


def _compared(directories: Sequence[Path], parent: Path) -> None:
    """Print the comparison of the runs that have a card, and leave its page beside them."""
    signed = [directory for directory in directories if (directory / BUNDLE_FILE).is_file()]
    if len(signed) < 2:
        write_note(
            Sentence(
                f"{len(signed)} of {len(directories)} runs have a card: there is nothing to compare",
                f"{len(directories)} 次运行中有 {len(signed)} 次得到评分卡：无可比较",
            )
        )
        return
    result = many.compare(gathered(comparing.entries(signed, Trusted())))
    page = parent / PAGE_FILE
    write_report(page, registry.record(formats, "html").render(result, language()))
    write_bytes(registry.record(formats, "text").render(result, language()))
    say(Sentence(f"comparison  {page}", f"比较页面  {page}"))
