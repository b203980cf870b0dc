"""Rules of which devices ran: what they signed for the run, and by what their numbers are known within a round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import TrustError
from suite.documents.document import given
from suite.judge.attest.deviceevidence import answers, sides
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule, warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.evidence import Evidence
    from suite.judge.attest.deviceevidence import Answer
    from suite.judge.metrics.compute import Results

NONE: Final = Sentence(
    "the devices were not asked to sign: the declaration names no tool for it",
    "未请设备签名：声明未列出相应工具",
)
UNSIGNED: Final = Sentence("no answer of the devices was kept", "未保存设备的应答")
_PLACE: Final = ("device-evidence.jsonl",)


@rule(
    "R115",
    title=Bilingual("The devices signed for this run", "设备为本次运行签名"),
    asks=Bilingual(
        "What the maker's tool gave before and after the run holds the plan's digest and the log's as the nonce; each device's "
        "signature over its measurements holds, its certificates are issued one by the next and count at that time; tokens of the "
        "maker's verifier fit together and find the devices as they should be. Whether the root is the maker's, and the tokens' "
        "signatures, are asked by `suite verify` with a trust list. The rule warns where one side is missing, or of a form that is not read.",
        "制造商工具在运行前后给出的内容分别以计划摘要与日志摘要为随机数；每个设备对其度量值的签名成立，证书逐级签发且当时有效；制造商验证方的令牌彼此相符，"
        "并判定设备状态正常。根证书是否属于制造商，以及令牌的签名，由带信任列表的 `suite verify` 核查。缺少一侧或格式无法读取时给出警告。",
    ),
    reason=Bilingual(
        "Evidence of another machine, or of an earlier run, shown for this one.",
        "以其他机器或先前运行的证据充当本次运行的证据。",
    ),
    phases="run",
    broken=Bilingual("fail; warn where a side is missing", "fail；缺少一侧时 warn"),
)
def signed(evidence: Evidence, _: Results) -> Finding:
    """Every answer of the maker's tool is over this run's nonce, and signed."""
    if not evidence.device_evidence:
        asked = evidence.plan.attestation is not UNSET
        return warned(UNSIGNED, _PLACE) if asked else not_applicable(NONE)
    try:
        read, missing = answers(evidence)
    except TrustError as refused:
        if refused.code == "attestation-unread":
            return warned(refused.message, _PLACE)
        return failed(
            Sentence(
                f"{refused.message} [{refused.code}]",
                f"{chinese(refused.message)} [{refused.code}]",
            ),
            _PLACE,
        )
    if not read:
        return not_applicable(missing[0])
    before, after = len(sides(read, "before")), len(sides(read, "after"))
    if not before or not after:
        why = missing[0] if missing else Sentence("it was not asked for", "未曾询问")
        return warned(
            Sentence(
                f"{before} answers before the run and {after} after it: {why}",
                f"运行前 {before} 份、运行后 {after} 份：{chinese(why)}",
            ),
            _PLACE,
        )
    return passed(
        Sentence(
            f"{before} answers before the run, {after} after it, each over a digest of this run",
            f"运行前 {before} 份、运行后 {after} 份，均针对本次运行的摘要",
        )
    )


@rule(
    "R116",
    title=Bilingual("The devices that signed are the run's", "签名的设备即运行所用设备"),
    asks=Bilingual(
        "The devices that signed after the run are those that signed before it, at least as many as the plan uses; where the vendor's own "
        "tool named driver and firmware, they signed the same.",
        "运行后签名的设备与运行前相同，且不少于计划所用数量；厂商工具报出驱动与固件时，设备所签与之相同。",
    ),
    reason=Bilingual(
        "One machine's devices vouching for what another's computed.",
        "以一台机器的设备为另一台的计算作证。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def same_devices(evidence: Evidence, _: Results) -> Finding:
    """Those before are those after, enough of them, with the versions that were observed."""
    if not evidence.device_evidence:
        return not_applicable(UNSIGNED)
    try:
        read, missing = answers(evidence)
    except TrustError as refused:  # R115 says so
        return not_applicable(refused.message)
    before, after = sides(read, "before"), sides(read, "after")
    if not before or not after:
        return not_applicable(missing[0] if missing else UNSIGNED)
    wrong = _others(before, after) or _too_few(evidence, read) or _versions(evidence, read)
    if wrong:
        return failed(wrong, _PLACE)
    count = max(len(answer.identities) for answer in after)
    return passed(
        Sentence(
            f"{count} devices signed, the same before and after",
            f"{count} 个设备签名，前后相同",
        )
    )


def _others(before: Sequence[Answer], after: Sequence[Answer]) -> str:
    first, last = ({answer.identities for answer in side} for side in (before, after))
    if first == last:
        return ""
    return Sentence("other devices signed after the run than before it", "运行前后签名的设备不同")


def _too_few(evidence: Evidence, read: Sequence[Answer]) -> str:
    count = max(evidence.plan.devices.count or 0, 1)
    for answer in read:
        there = len(answer.identities)
        if there < count:
            return Sentence(
                f"{there} devices signed, the plan uses {count}",
                f"{there} 个设备签名，计划使用 {count} 个",
            )
    return ""


def _versions(evidence: Evidence, read: Sequence[Answer]) -> str:
    """Why what was signed is not what the vendor's tool printed; "" where it is, or the tool printed nothing."""
    devices = given(evidence.environment.devices, ())
    reports = [report for answer in read for report in answer.reports]
    for title, printed, stated in (
        (
            Sentence("driver", "驱动"),
            {device.driver for device in devices} - {UNSET},
            {report.driver for report in reports},
        ),
        (
            Sentence("firmware", "固件"),
            {device.firmware for device in devices} - {UNSET},
            {report.firmware for report in reports},
        ),
    ):
        if printed and stated - printed - {""}:
            theirs, ours = (", ".join(sorted(map(str, values))) for values in (stated, printed))
            return Sentence(
                f"{title} {theirs} was signed, the vendor's tool printed {ours}",
                f"签名所示{chinese(title)}为 {theirs}，厂商工具所报为 {ours}",
            )
    return ""


@rule(
    "R117",
    title=Bilingual("Devices are recognised within their round", "设备在同一轮次内可辨认"),
    asks=Bilingual(
        "Of a run with a nonce, the devices' numbers are hashed with that nonce as the salt.",
        "带随机数的运行，其设备编号以该随机数为盐值取摘要。",
    ),
    reason=Bilingual(
        "One device shown as several, by a salt for each run of a round.",
        "同一轮次中每次运行各用一个盐值，使一个设备看似多个。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def round_salt(evidence: Evidence, _: Results) -> Finding:
    """The round's nonce is what device identities were hashed with."""
    nonce, salt = given(evidence.plan.nonce), given(evidence.environment.device_salt)
    known = [device for device in given(evidence.environment.devices, ()) if given(device.identity)]
    if nonce is None or not known:
        return not_applicable(
            Sentence("no round, or no device with a number", "没有轮次，或设备没有编号")
        )
    if salt != nonce:
        return failed(
            Sentence(
                f"the numbers were hashed with {salt!r}, the round is {nonce!r}",
                f"编号以 {salt!r} 取摘要，轮次为 {nonce!r}",
            ),
            ["environment.json: /device_salt"],
        )
    return passed(
        Sentence(
            f"{len(known)} devices, their numbers hashed with the round's nonce",
            f"{len(known)} 个设备，编号以轮次的随机数取摘要",
        )
    )
