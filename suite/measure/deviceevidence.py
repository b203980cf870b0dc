"""The devices sign for a run: a tool of their maker, asked with a nonce of the run before it and after it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.documents.deviceevidence import DeviceEvidence
from suite.documents.document import given
from suite.evidence import DEVICE_EVIDENCE

if TYPE_CHECKING:
    from suite.documents.deviceevidence import EvidenceMoment
    from suite.documents.plan import AttestationTool
    from suite.measure.context import Run

TIMEOUT_S: Final = 120
"""A device takes some seconds to sign; eight are asked one after the other."""
MOST_BYTES: Final = 8 << 20
"""Longest answer that is kept: 16 devices with tokens take a hundredth."""


def gather(run: Run, moment: EvidenceMoment, nonce: str) -> None:
    """Ask every tool of the plan, and keep its answer or why there is none.

    Args:
        run: whose plan names the tools.
        moment: before or after.
        nonce: what the devices shall sign, 64 hexadecimal digits.

    Raises:
        SetupError: ``disk-full``.
    """
    rows = [_asked(run, tool, moment, nonce) for tool in given(run.plan.attestation, ())]
    if rows:
        run.writer.lines(DEVICE_EVIDENCE, rows)


def _asked(run: Run, tool: AttestationTool, moment: EvidenceMoment, nonce: str) -> DeviceEvidence:
    command = tuple(part.replace("{nonce}", nonce) for part in tool.command)
    asked = run.now()
    output, why = _output(command)
    return DeviceEvidence(
        moment=moment,
        nonce=nonce,
        t=asked,
        command=command,
        parser=tool.parser,
        output=UNSET if why else output,
        why=why or UNSET,
    )


def _output(command: tuple[str, ...]) -> tuple[str, str]:
    """What a tool printed, whatever its exit status: a refusal of the maker's is evidence too; or why it printed nothing."""
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=TIMEOUT_S, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        return "", Sentence(f"{command[0]} is not installed", f"未安装 {command[0]}")
    except OSError as cause:
        return "", f"{command[0]}: {cause.strerror}"
    except subprocess.TimeoutExpired:
        return "", Sentence(
            f"{command[0]} did not answer in {TIMEOUT_S} s",
            f"{command[0]} 在 {TIMEOUT_S} 秒内没有应答",
        )
    if len(done.stdout) > MOST_BYTES:
        return "", Sentence(
            f"{command[0]} printed more than {MOST_BYTES >> 20} MiB",
            f"{command[0]} 的输出超过 {MOST_BYTES >> 20} MiB",
        )
    text = done.stdout.decode("utf-8", "replace").strip()
    if not text:
        return "", Sentence(
            f"{command[0]} printed nothing, exit status {done.returncode}",
            f"{command[0]} 没有输出，退出状态 {done.returncode}",
        )
    return text, ""
