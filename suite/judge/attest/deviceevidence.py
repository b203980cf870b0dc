"""Evidence of the devices' maker: read, and held against the run that asked for it.

Before anything is started on the devices they are asked with the plan's digest as the nonce, and once the log is closed with
the log's: what they sign then cannot have been made for another run. What this shows, and what it does not, is said fact by fact.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives import hashes
from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import SuiteError, TrustError
from suite.documents.deviceevidence import DEVICE_FACTS, DeviceAttestation, DeviceFact
from suite.documents.document import given
from suite.judge.attest.eat import read_bundle, require_signed
from suite.judge.attest.spdm import malformed, read_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.deviceevidence import DeviceEvidence, DeviceFactName, EvidenceMoment
    from suite.evidence import Evidence
    from suite.judge.attest.eat import Token
    from suite.judge.attest.spdm import Report
    from suite.judge.attest.steps import Steps
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.trusted import Maker

MOST_DEVICES: Final = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What a maker's tool answered once, read; its nonce is this run's.

    Attributes:
        at: when it was asked, aware, by the run's clock.
        reports: what each device signed.
        tokens: what the maker's verifier signed.
    """

    moment: EvidenceMoment
    at: dt.datetime
    reports: tuple[Report, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def identities(self) -> tuple[str, ...]:
        """What tells the devices apart that it speaks of, each once, sorted."""
        signed = {report.identity for report in self.reports}
        stated = {token.text("ueid") for token in self.tokens if token.name}
        return tuple(sorted((signed or stated) - {""}))


_Read = tuple[list[Answer], list[str]]
_READ: WeakKeyDictionary[Evidence, _Read | TrustError] = WeakKeyDictionary()


def answers(evidence: Evidence) -> _Read:
    """What the tool answered, and why it gave no answer, in the order in which it was asked.

    Two rules, the card and the verification ask for it: it is read once for as long as the evidence is held.

    Raises:
        TrustError: ``attestation-nonce``; as `suite.judge.attest.spdm.read_report` and `suite.judge.attest.eat.read_bundle`.
    """
    read = _READ.get(evidence)
    if read is None:
        try:
            read = _answers(evidence)
        except TrustError as refused:
            read = refused
        _READ[evidence] = read
    if isinstance(read, TrustError):
        raise read
    return read


def _answers(evidence: Evidence) -> _Read:
    read: list[Answer] = []
    missing: list[str] = []
    wanted = {"before": evidence.header.plan_sha256, "after": evidence.log_sha256}
    for line in evidence.device_evidence:
        at = _moment(evidence, line)
        document, why = _document(line)
        if why:
            missing.append(why)
            continue
        answer = _answer(line, document, at)
        nonces = [report.nonce for report in answer.reports]
        nonces += [token.nonce for token in answer.tokens]
        if {line.nonce, *nonces} != {wanted[line.moment]}:
            raise _stale(line, wanted[line.moment])
        read.append(answer)
    return read, missing


def _moment(evidence: Evidence, line: DeviceEvidence) -> dt.datetime:
    started = dt.datetime.fromisoformat(evidence.header.started_utc)
    return started + dt.timedelta(microseconds=line.t // 1000)


def _stale(line: DeviceEvidence, wanted: str) -> TrustError:
    what = {
        "before": Sentence("the plan's digest", "计划摘要"),
        "after": Sentence("the log's digest", "日志摘要"),
    }[line.moment]
    message = Sentence(
        f"the devices were asked with another nonce than {what}, {wanted[:16]}…",
        f"设备被询问时的随机数并非{chinese(what)} {wanted[:16]}…",
    )
    hint = Sentence("evidence of another run proves nothing here", "其他运行的证据在此无效")
    return TrustError("attestation-nonce", message, hint=hint)


def _document(line: DeviceEvidence) -> tuple[jsonio.JSONObject, str]:
    """``nvattest --format json``: one object, with a result code; or why there is nothing in it."""
    kept_back = given(line.withheld)
    if kept_back is not None:
        return {}, Sentence(
            f"what {len(kept_back.devices)} devices signed was withheld, SHA-256 {kept_back.sha256[:16]}…: it names them",
            f"{len(kept_back.devices)} 个设备所签内容因指明设备而未交出，SHA-256 {kept_back.sha256[:16]}…",
        )
    text = given(line.output)
    if text is None:
        return {}, given(line.why, "")
    try:
        document = jsonio.loads(text[text.find("{") : text.rfind("}") + 1].encode())
    except SuiteError as cause:
        raise malformed(
            f"{line.command[0]} printed no JSON document", f"{line.command[0]} 未输出 JSON 文档"
        ) from cause
    if not isinstance(document, dict):
        raise malformed(
            f"{line.command[0]} printed no JSON object", f"{line.command[0]} 未输出 JSON 对象"
        )
    if document.get("evidences") or document.get("detached_eat"):
        return document, ""
    message = document.get("result_message")
    why = message if isinstance(message, str) else str(document.get("result_code"))
    return {}, f"{line.command[0]}: {why[:200]}"


def _answer(line: DeviceEvidence, document: jsonio.JSONObject, at: dt.datetime) -> Answer:
    if document.get("detached_eat"):
        tokens = read_bundle(document["detached_eat"])
        if tokens[0].claims.get("x-nvidia-overall-att-result") is not True:
            message = Sentence(
                "the maker's verifier does not find the devices as they should be",
                "制造商的验证方判定设备状态不符",
            )
            raise TrustError("attestation-refused", message)
        return Answer(line.moment, at, tokens=tokens)
    rows = document["evidences"]
    if not isinstance(rows, list) or len(rows) > MOST_DEVICES:
        raise malformed("the evidences are no list of devices", "evidences 不是设备列表")
    return Answer(line.moment, at, tuple(_report(row, at) for row in rows))


def _report(row: jsonio.JSONValue, at: dt.datetime) -> Report:
    parts = [row.get(name) for name in ("evidence", "certificate")] if isinstance(row, dict) else []
    try:
        data, chain = (base64.b64decode(str(part), validate=True) for part in parts)
    except (ValueError, binascii.Error) as cause:
        raise malformed(
            "a device's evidence or certificate is no base64", "设备的证据或证书不是 base64"
        ) from cause
    return read_report(data, chain, at)


def sides(read: Iterable[Answer], moment: EvidenceMoment) -> list[Answer]:
    """The answers of one side of the run."""
    return [answer for answer in read if answer.moment == moment]


def attestation(evidence: Evidence, read: Sequence[Answer]) -> DeviceAttestation:
    """What the evidence comes to, fact by fact.

    Args:
        evidence: of the run.
        read: the answers of both sides, which agree.
    """
    last = sides(read, "after")
    reports = [report for answer in last for report in answer.reports]
    tokens = [token for answer in last for token in answer.tokens if token.name]
    count = max((len(answer.identities) for answer in last), default=0)
    facts: dict[DeviceFactName, DeviceFact] = {}

    def say(name: DeviceFactName, values: Iterable[str], *, signed: bool) -> None:
        text = ", ".join(dict.fromkeys(value for value in values if value))
        if text and name not in facts:
            facts[name] = DeviceFact(
                name=name, value=text[:500], standing="attested" if signed else "asserted"
            )

    if reports:
        say("devices", [str(count)], signed=True)
        say("chip", (report.chip for report in reports), signed=True)
        say("driver", (report.driver for report in reports), signed=True)
        say("firmware", (report.firmware for report in reports), signed=True)
    say("devices", [str(count)], signed=False)
    for name, claim in _CLAIMS.items():
        say(name, (token.text(claim) for token in tokens), signed=False)
    say("secure-boot", (str(t.claims.get("secboot", "")).lower() for t in tokens), signed=False)
    return DeviceAttestation(
        tool=evidence.device_evidence[0].command[0],
        root=reports[0].root.fingerprint(hashes.SHA256()).hex() if reports else UNSET,
        devices=count,
        facts=tuple(
            facts.get(name, DeviceFact(name=name, value="", standing="not-covered"))
            for name in DEVICE_FACTS
        ),
    )


_CLAIMS: Final[dict[DeviceFactName, str]] = {
    "chip": "hwmodel",
    "driver": "x-nvidia-gpu-driver-version",
    "firmware": "x-nvidia-gpu-vbios-version",
    "measurements": "measres",
    "debugging": "dbgstat",
}
"""Texts in a device's token, by the fact that they state."""


def check_devices(steps: Steps, run: Evidence, trust: TrustList | None) -> str:
    """A step for the evidence of a run's devices; returns the maker of the list that attests them, "" without one."""
    if all(line.output is UNSET for line in run.device_evidence):
        return ""
    maker = ""
    with steps.attempt(Sentence("Their maker attests the devices", "制造商为设备作证")) as note:
        read, missing = answers(run)
        if not sides(read, "before") or not sides(read, "after"):
            why = missing[0] if missing else Sentence("one side is missing", "缺少其中一侧")
            note.warn("attestation-incomplete", why)
        elif trust is None:
            detail = Sentence(
                "no trust list says whose devices' evidence counts",
                "没有信任列表说明谁的设备证据有效",
            )
            note.warn("signer-not-listed", detail)
        else:
            maker = _require_listed(read, run.plan.vendor.id, trust.makers)
            stated = {fact.name: fact.value for fact in attestation(run, read).facts if fact.value}
            note.detail = Sentence(
                f"{maker}, before and after the run: {_told(stated, 'en')}",
                f"{maker}，运行前后：{_told(stated, 'zh')}",
            )
    return maker


def _told(stated: dict[DeviceFactName, str], language: str) -> str:
    return ", ".join(
        f"{getattr(DEVICE_FACTS[name], language)} {value}" for name, value in stated.items()
    )


def _require_listed(read: Iterable[Answer], vendor: str, makers: Sequence[Maker]) -> str:
    """The maker of a run's devices in the trust list, where it signed all of the evidence.

    Raises:
        TrustError: ``attestation-untrusted``; as `suite.judge.attest.eat.require_signed`.
    """
    maker = next((maker for maker in makers if maker.owner == vendor), None)
    if maker is None:
        message = Sentence(
            f"the trust list names no maker {vendor}", f"信任列表未列出制造商 {vendor}"
        )
        raise TrustError("attestation-untrusted", message, hint=_LIST_IT)
    for answer in read:
        if answer.at not in maker.window or any(
            report.root not in maker.roots for report in answer.reports
        ):
            message = Sentence(
                f"the devices' certificates do not end in a root of {vendor} that the list names for that time",
                f"设备证书并未以列表中当时有效的 {vendor} 根证书结尾",
            )
            raise TrustError("attestation-untrusted", message, hint=_LIST_IT)
        require_signed(answer.tokens, maker.keys, answer.at)
    return maker.owner


_LIST_IT: Final = Sentence(
    'list the maker\'s root under "makers"', '请在 "makers" 下列出制造商的根证书'
)
