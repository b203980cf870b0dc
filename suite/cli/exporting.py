"""A run's report in a format of another tool, as files beside the run or where they were asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from suite.base.language import language
from suite.base.safe import replace_file, resolved
from suite.cli import storing
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.report.othertools.loads import loads
from suite.judge.submissions.source import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from suite.cli.trustoptions import Trusted


def export(
    runs: Sequence[Path], name: str, phase: str, out: Path | None, trusted: Trusted
) -> Iterator[Path]:
    """Write the files; each as soon as it is made.

    Args:
        runs: run directories, submissions or bundles, one at least.
        name: of the format.
        phase: one alone; empty for all.
        out: a file, or a folder where several are written; None for a place beside the (first) run.
        trusted: whose signature counts.

    Raises:
        SuiteError: what a run is refused for; ``format-unknown``, ``format-lacks``, ``phase-unknown``,
            ``nothing-to-export``.
        OSError: a file cannot be written.
    """
    chosen = registry.load(name)
    if chosen.render_all is not None:
        subjects = [_subject(run, phase, trusted) for run in runs]
        yield write(
            out or _beside(runs[0], name, chosen.suffix), registry.render_all(name, subjects)
        )
        return
    for run in runs:
        subject = _subject(run, phase, trusted)
        if chosen.per_phase and not phase and subject.evidence is not None:
            folder = _beside(run, name, "") if out is None else out / (run.name if runs[1:] else "")
            for load in loads(subject):
                data = registry.render(name, replace(subject, phase=load.name))
                yield write(folder / f"{load.name}{chosen.suffix}", data)
            continue
        beside = _beside(run, name, chosen.suffix)
        target = beside if out is None else out / beside.name if runs[1:] else out
        yield write(target, registry.render(name, subject))


def _subject(run: Path, phase: str, trusted: Trusted) -> Subject:
    item = storing.item(run, trusted, NOWHERE)
    return Subject(item.card, None, item.evidence, language(), phase=phase)


def _beside(run: Path, name: str, suffix: str) -> Path:
    place = resolved(run)
    return place.with_name(f"{place.name.removesuffix('.sigstore.json')}-{name}{suffix}")


def write(path: Path, data: bytes) -> Path:
    """Write a file; another one of its name stays, under a name of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() != data:
        number, backup = 1, path.with_name(f"{path.name}.bak")
        while backup.exists():
            number += 1
            backup = path.with_name(f"{path.name}.bak{number}")
        path.rename(backup)
    replace_file(path, data)
    return path
