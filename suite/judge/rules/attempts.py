"""Rules about a run in several attempts: what was measured again, and that nobody chose."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from suite import evidence as left_evidence
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.status import Outcome
from suite.documents.document import given
from suite.judge.rules.container import left_alone
from suite.judge.rules.image import known_image
from suite.judge.rules.integrity import MAX_CLOCK_STEP_NS
from suite.judge.rules.rule import Finding, failed, not_applicable, rule, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.evidence import EarlierAttempt, Evidence
    from suite.judge.metrics.compute import Results


@rule(
    "R108",
    title=Bilingual("The run was measured in one go", "运行一次测完"),
    asks=Bilingual(
        "The run had one attempt. Of a run that was cut and resumed: every attempt but the last was cut, on the same machine, "
        "devices, image and engine, each in a container that was known and left alone; the phases that a cut attempt began "
        "last were measured again whole, on the same clock.",
        "运行只有一次尝试。若运行被截断后继续：除最后一次外各次尝试均被截断，机器、设备、镜像与引擎相同，各自的容器可知且未被触碰；"
        "被截断的尝试最后开始的阶段在同一时钟下整段重新测量。",
    ),
    reason=Bilingual(
        "Whoever cuts a phase that goes badly and measures it again chooses the best of several.",
        "截断进展不佳的阶段再重新测量，等于在多次结果中择优。",
    ),
    phases="run",
    broken=Bilingual(
        "fail where an attempt was on another machine, device, image or engine, or is not told of; warn, *open* at best, "
        "where a run was resumed",
        "某次尝试的机器、设备、镜像或引擎不同，或未留下记录时为 fail；运行曾继续时为 warn，至多 *open*",
    ),
    limits="open",
)
def one_attempt(evidence: Evidence, results: Results) -> Finding:
    """The run had one attempt, or every other one was cut and is told of."""
    if not evidence.attempts:
        return not_applicable(Sentence("one attempt", "一次尝试"))
    wrong = [
        Sentence(f"attempt {number}: {why}", f"第 {number} 次尝试：{chinese(why)}")
        for number, attempt in enumerate(evidence.attempts, 1)
        for why in _wrong(evidence, attempt, results)
    ]
    if wrong:
        return failed(wrong[0], wrong)
    count = len(evidence.attempts) + 1
    cuts = [_cut(number, attempt) for number, attempt in enumerate(evidence.attempts, 1)]
    return warned(Sentence(f"{count} attempts: {cuts[0]}", f"{count} 次尝试：{cuts[0].zh}"), cuts)


def _cut(number: int, attempt: EarlierAttempt) -> Sentence:
    footer = attempt.footer
    ended = "killed" if footer is None else footer.ended
    error = footer.error if footer is not None else None
    why = f" ({error.message})" if error else ""
    again = ", ".join(attempt.phases)
    return Sentence(
        f"attempt {number} ended as {ended}{why}; {attempt.requests} requests were set aside and measured again"
        + (f": {again}" if again else ""),
        f"第 {number} 次尝试以 {ended} 结束{why}；{attempt.requests} 个请求被搁置并重新测量"
        + (f"：{again}" if again else ""),
    )


def _wrong(evidence: Evidence, attempt: EarlierAttempt, results: Results) -> Iterator[str]:
    if attempt.left is None:
        yield Sentence(
            "the run did not keep its environment (attempts.jsonl)",
            "运行未保留其环境（attempts.jsonl）",
        )
        return
    for name in left_evidence.differences(attempt.left.environment, evidence.environment):
        yield Sentence(f"the last attempt differs in {name}", f"最后一次尝试的 {name} 不同")
    steps = attempt.footer.clock_steps_ns if attempt.footer is not None else 0
    if abs(steps) > MAX_CLOCK_STEP_NS:
        yield Sentence(
            f"the wall clock moved by {steps / 1e6:.1f} ms", f"墙上时钟移动了 {steps / 1e6:.1f} ms"
        )
    container = given(attempt.left.container)
    kept = any(phase_end for phase_end in _ends(evidence, attempt))
    if container is None and not kept:
        return  # nothing of it counts
    then = dataclasses.replace(evidence, container=container, environment=attempt.left.environment)
    for finding in (known_image(then, results), left_alone(then, results)):
        if finding.outcome is Outcome.FAIL or (kept and finding.outcome is Outcome.WARN):
            yield finding.why


def _ends(evidence: Evidence, attempt: EarlierAttempt) -> Iterator[bool]:
    """For each phase that counts: whether it ended before this attempt was cut."""
    for mark in evidence.marks:
        if mark.name == "phase.end":
            yield mark.t < attempt.resumed_ns
