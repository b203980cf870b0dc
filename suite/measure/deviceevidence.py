"""The devices sign for a run: a tool of their maker, asked with a nonce of the run before it and after it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.documents.deviceevidence import MOST_ANSWER_BYTES, DeviceEvidence, Withheld
from suite.documents.document import given
from suite.evidence import DEVICE_EVIDENCE
from suite.measure.telemetry.asking import EndlessError, run_program

if TYPE_CHECKING:
    from suite.documents.deviceevidence import EvidenceMoment
    from suite.documents.plan import AttestationTool
    from suite.measure.context import Run

TIMEOUT_S: Final = 120
"""A device takes some seconds to sign; eight are asked one after the other."""
MOST_NAMED: Final = 64
"""Devices of an answer that are told apart."""
BESIDE: Final = ".device-evidence.jsonl"
"""What a run's name is followed by in the name of the file beside it that takes withheld answers."""


def gather(run: Run, moment: EvidenceMoment, nonce: str) -> None:
    """Ask every tool of the plan, and keep its answer or why there is none.

    Args:
        run: whose plan names the tools.
        moment: before or after.
        nonce: what the devices shall sign, 64 hexadecimal digits.

    Raises:
        SetupError: ``disk-full``.
    """
    rows, aside = [], []
    for tool in given(run.plan.attestation, ()):
        row = _asked(run, tool, moment, nonce)
        if tool.keep == "digest" and row.output is not UNSET:
            aside.append(row)
            row = replace(row, output=UNSET, withheld=withheld(row.output, run.salt))
        rows.append(row)
    if rows:
        run.writer.lines(DEVICE_EVIDENCE, rows)
    if aside:
        # For whoever the vendor shows it to; what is handed in is the run's own directory.
        run.writer.lines(f"../{run.writer.directory.name}{BESIDE}", aside)


def withheld(output: str, salt: str) -> Withheld:
    """What is said of an answer that is kept back.

    Args:
        output: the answer.
        salt: of the round or the run.
    """
    try:
        rows = json.loads(output[output.find("{") : output.rfind("}") + 1]).get("evidences")
    except (ValueError, RecursionError, AttributeError):
        rows = None
    keys = [
        key for row in (rows if isinstance(rows, list) else [])[:MOST_NAMED] if (key := _key(row))
    ]
    data = output.encode("utf-8", "replace")
    return Withheld(
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        devices=tuple(
            sorted({hashlib.sha256(f"{salt}\n{key}".encode()).hexdigest() for key in keys})
        ),
    )


def _key(row: object) -> str:
    """The chip's certified key, which is the same whatever it signs with; "" where a row holds none.

    The certificate above the first is the chip's own; the first is made anew with the firmware.
    """
    try:
        chain = base64.b64decode(row["certificate"] if isinstance(row, dict) else "")
        own = x509.load_pem_x509_certificates(chain)[1].public_key()
    except (LookupError, TypeError, ValueError, UnsupportedAlgorithm):
        return ""
    return own.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def _asked(run: Run, tool: AttestationTool, moment: EvidenceMoment, nonce: str) -> DeviceEvidence:
    command = tuple(part.replace("{nonce}", nonce) for part in tool.command)
    begin = run.now()
    output, why = _output(command)
    return DeviceEvidence(
        moment=moment,
        nonce=nonce,
        t=begin,
        command=command,
        parser=tool.parser,
        output=UNSET if why else output,
        why=why or UNSET,
    )


def _output(command: tuple[str, ...]) -> tuple[str, str]:
    """What a tool printed, whatever its exit status: a refusal of the maker's is evidence too; or why it printed nothing."""
    try:
        done = run_program(command, TIMEOUT_S, most_bytes=MOST_ANSWER_BYTES)
    except FileNotFoundError:
        return "", Sentence(f"{command[0]} is not installed", f"未安装 {command[0]}")
    except TimeoutError:
        return "", Sentence(
            f"{command[0]} did not answer in {TIMEOUT_S} s",
            f"{command[0]} 在 {TIMEOUT_S} 秒内没有应答",
        )
    except EndlessError:
        return "", Sentence(
            f"{command[0]} printed more than {MOST_ANSWER_BYTES >> 20} MiB",
            f"{command[0]} 的输出超过 {MOST_ANSWER_BYTES >> 20} MiB",
        )
    except OSError as cause:
        return "", f"{command[0]}: {cause.strerror}"
    text = done.output.decode("utf-8", "replace").strip()
    if not text:
        return "", Sentence(
            f"{command[0]} printed nothing, exit status {done.status}",
            f"{command[0]} 没有输出，退出状态 {done.status}",
        )
    return text, ""
