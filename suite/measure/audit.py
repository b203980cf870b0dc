"""Recorded answers read by a reference, in a Python environment that holds torch and transformers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import msgspec

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError
from suite.base.resources import resource
from suite.measure.engine import process
from suite.measure.engine.environment import ensure_environment, environment_packages
from suite.measure.engine.served import Settings, log_tail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from suite.measure.engine.served import Progress

ENVIRONMENT: Final = "transformers"
PROBE: Final = "suite/assets/audit_probe.py"
LOG: Final = "audit-probe.log"
DTYPES: Final = ("float32", "float16", "bfloat16", "float64")
"""Precisions that a reference can have; a run in another one is held against the reference's own arithmetic."""
_RESULT: Final = "tokens.json"


class Reading(NamedTuple):
    """What the reference says of one token; see ``suite/assets/audit_probe.py``."""

    rank: Annotated[int, msgspec.Meta(ge=1)]
    margin: float
    gap: float
    change: float
    flip: int
    best: int


class Readings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the probe writes."""

    answers: list[list[Reading]]
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be read, and how.

    Attributes:
        model: directory of the reference's weights.
        answers: each with the token ids of its prompt and output.
        ends: ids that end an answer.
        dtype: precision of the reference.
        run_dtype: precision of its second pass: the run's.
        device: as torch names it.
    """

    model: Path
    answers: Sequence[Mapping[str, list[int]]]
    ends: Sequence[int]
    dtype: str
    run_dtype: str
    device: str = "cpu"


def environment(named: Path | None, on_progress: Progress, settings: Settings) -> Path:
    """The interpreter: the one that was named, or that of the environment that the suite makes.

    Raises:
        SetupError: ``engine-python-wrong``, and those of `ensure_environment`.
    """
    if named is None:
        return ensure_environment(ENVIRONMENT, on_progress, settings=settings)
    environment_packages(named)
    return named.absolute()


def read(assignment: Assignment, python: Path, scratch: Path, *, on_progress: Progress) -> Readings:
    """Have the reference read the answers.

    Args:
        assignment: what, and how.
        python: interpreter of an environment with torch and transformers.
        scratch: directory for the probe's files.
        on_progress: told what runs.

    Raises:
        EngineError: ``audit-failed`` with the end of the probe's log.
    """
    answers, result, log = scratch / "answers.json", scratch / _RESULT, scratch / LOG
    document = {"answers": list(assignment.answers), "ends": list(assignment.ends)}
    answers.write_text(json.dumps(document), encoding="utf-8")
    words = {
        "--model": assignment.model.absolute(),
        "--answers": answers,
        "--out": result,
        "--dtype": assignment.dtype,
        "--run-dtype": assignment.run_dtype,
        "--device": assignment.device,
    }
    command = [str(python), str(resource(PROBE)), *(str(x) for pair in words.items() for x in pair)]
    why = process.run_command(python, command, log, on_progress=on_progress)
    if why is not None or not result.is_file():
        message = Sentence(
            f"the reference could not read the answers: {why or 'it wrote nothing'}",
            f"参考引擎无法读取回答：{why or '它没有写出任何内容'}",
        )
        hint = log_tail(log, 3).strip()[-500:]
        raise EngineError("audit-failed", message, hint=hint)
    readings = _decoded(jsonio.read_bytes(result, error=EngineError))
    if [len(item) for item in readings.answers] != [
        len(item["output"]) for item in assignment.answers
    ]:
        raise EngineError(
            "audit-failed",
            Sentence(
                "the reference read other tokens than it was given",
                "参考引擎读取的 token 与所给的不同",
            ),
        )
    return readings


def _decoded(data: bytes) -> Readings:
    try:
        return msgspec.json.decode(data, type=Readings)
    except msgspec.DecodeError as cause:
        raise EngineError(
            "audit-failed",
            Sentence(f"the probe's answer cannot be read: {cause}", f"探针的应答无法读取：{cause}"),
        ) from cause
