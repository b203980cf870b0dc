"""Rules of a run under a challenge: does it follow from the challenge, and is it as fast and as good on new tasks?"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence, chinese, joined
from suite.base.errors import TrustError
from suite.declare.tasks.challenged import (
    LEAST_CHANGED,
    chosen_ids,
    running_order,
)
from suite.declare.tasks.mini import MINI_COUNT
from suite.declare.tasks.perturb import perturb
from suite.declare.tasks.records import joined_sha256
from suite.declare.tasks.selection import locks, order
from suite.documents.document import given
from suite.judge.attest.challenge import outside, read_challenge
from suite.judge.log import fresh
from suite.judge.metrics import rouge
from suite.judge.metrics.rouge_pairs import words
from suite.judge.rules.rule import Finding, failed, not_applicable, passed, rule
from suite.judge.rules.shipped import mini_under, original

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from suite.documents.challenge import BasisChallenge, Challenge
    from suite.documents.plan import Plan
    from suite.documents.taskline import TaskLine
    from suite.documents.workload import TaskSet
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

NONE: Final = Sentence("the run was made under no challenge", "运行未受质询")
FASTER: Final = 0.9
"""Known tasks are faster when the whole interval of their time over that of new ones lies below this."""
MOST_REMEMBERED: Final = 0.1
"""Largest share of the answers to changed articles that may name what only the published article held."""
FEWEST_REMEMBERED: Final = 3
COMPARED: Final = ("rouge1", "rougeL")


@rule(
    "R097",
    title=Bilingual("The run follows from its challenge", "运行由其质询推出"),
    asks=Bilingual(
        "The signed challenge states what the plan was drawn from; the run began after it was issued and ended before it "
        "expired; which tasks are new, their texts and the order of all are those that follow from its salts.",
        "已签名的质询即计划所据；运行开始于质询发布之后、结束于其失效之前；哪些任务为新、其文本以及全部任务的顺序均由质询的盐值推出。",
    ),
    reason=Bilingual(
        "A challenge that was edited, has expired or belongs to another round; tasks picked by whoever runs.",
        "质询被修改、已过期或属于其他轮次；任务由运行者自行挑选。",
    ),
    phases="run",
    broken=Bilingual("fail", "fail"),
)
def follows(evidence: Evidence, _: Results) -> Finding:
    """The run follows from its challenge."""
    challenge, basis = given(evidence.plan.challenge), evidence.basis
    kept = None if basis is None else given(basis.challenge)
    new = [line.id for line in evidence.tasks.values() if line.origin is not UNSET]
    if challenge is None and kept is None:
        return (
            failed(Sentence("tasks of a challenge, and no challenge", "有质询的任务而无质询"), new)
            if new
            else not_applicable(NONE)
        )
    if challenge is None or kept is None:
        return failed(
            Sentence(
                "the plan and what it was made from do not name the same challenge",
                "计划与其依据所指的质询不同",
            )
        )
    wrong = (
        _differs(evidence.plan, kept, challenge)
        or _time(evidence, challenge)
        or _tasks(evidence, challenge)
    )
    if wrong:
        return failed(wrong, ["basis.json: challenge"])
    return passed(
        Sentence(
            f"round {challenge.round}: {len(new)} new tasks of {len(evidence.tasks)}, order and loads follow from it",
            f"轮次 {challenge.round}：{len(evidence.tasks)} 个任务中 {len(new)} 个为新，顺序与负载均由其推出",
        )
    )


def _differs(plan: Plan, kept: BasisChallenge, challenge: Challenge) -> str:
    """Why the signed challenge is not the plan's; "" when it is."""
    try:
        stated, _ = read_challenge(kept.bundle.encode(), "basis.json: challenge")
    except TrustError as refused:
        return Sentence(
            f"the challenge cannot be read: {refused.message}",
            f"无法读取质询：{chinese(refused.message)}",
        )
    if not stated == kept.stated == challenge:
        return Sentence(
            "the signed challenge states something else than the plan", "已签名的质询与计划所述不同"
        )
    if plan.nonce != challenge.round:
        return Sentence(
            f"the challenge is of the round {challenge.round}, the plan of another",
            f"质询属于轮次 {challenge.round}，计划属于其他轮次",
        )
    return ""


def _time(evidence: Evidence, challenge: Challenge) -> str:
    begun = dt.datetime.fromisoformat(evidence.header.started_utc)
    last = evidence.footer.t if evidence.footer is not None else 0
    return outside(challenge, begun, begun + dt.timedelta(microseconds=last // 1000))


def _tasks(evidence: Evidence, challenge: Challenge) -> str:
    """What of the tasks does not follow from the salt; "" when all does."""
    lines, salt = list(evidence.tasks.values()), challenge.salts.tasks
    taskset = evidence.plan.workload.taskset
    records = joined_sha256(line.record_sha256 for line in lines)
    if records != taskset.records_sha256:
        return Sentence("the tasks are not those of the plan", "任务不是计划中的任务")
    for line in lines:
        record = {
            "document_sha256": line.document_sha256, "id": line.id, "summary": line.reference,
        }  # fmt: skip
        if jsonio.digest(record) != line.record_sha256:
            return Sentence(
                f"task {line.id}: its record has another digest",
                f"任务 {line.id}：其记录的摘要不符",
            )
    if taskset.name == f"mini-{taskset.size}":
        return _stories(lines, salt, taskset)
    return _perturbed(lines, salt, taskset.name)


def _order(lines: Sequence[TaskLine], new: Container[str], salt: str) -> str:
    ids = [line.id for line in lines]
    if ids != running_order(ids, new, salt):
        return Sentence("the tasks run in another order", "任务按其他顺序运行")
    return ""


def _stories(lines: Sequence[TaskLine], salt: str, taskset: TaskSet) -> str:
    if taskset.size > MINI_COUNT:
        return Sentence(
            f"there is no mini set of {taskset.size} tasks", f"没有 {taskset.size} 个任务的 mini 集"
        )
    if wrong := _order(lines, {line.id for line in lines if line.origin is not UNSET}, salt):
        return wrong
    expected = mini_under(salt, taskset.size)
    if taskset != expected.to_doc():
        return Sentence(
            "the tasks are not the mini set's under this challenge",
            "任务不是 mini 集在此质询下的任务",
        )
    for line, task in zip(lines, expected.tasks, strict=True):
        if given(line.origin) != task.origin:
            return Sentence(
                f"task {line.id}: it does not say rightly whether it is new",
                f"任务 {line.id}：是否为新任务的说明有误",
            )
    return ""


def _changed(line: TaskLine, salt: str) -> str:
    """What of a changed article does not follow from the salt and what it was; "" too for one that was not changed."""
    origin = given(line.origin)
    if origin is None:
        return ""
    task, reference = given(origin.task, ""), given(origin.reference, "")
    if origin.kind != "perturbed" or line.id != f"{task}-new":
        return Sentence(
            "it is not the changed form of the task that it names", "不是其所指任务的改写形式"
        )
    if origin.document_sha256 == line.document_sha256:
        return Sentence("its document was not changed", "其文档未被改写")
    if perturb(reference, salt, task).text != line.reference:
        return Sentence("its reference was not changed by the rule", "其参考摘要未按规则改写")
    return ""


def _perturbed(lines: Sequence[TaskLine], salt: str, name: str) -> str:
    for line in lines:
        if wrong := _changed(line, salt):
            return Sentence(f"task {line.id}: {wrong}", f"任务 {line.id}：{chinese(wrong)}")
    before = {original(line).id: line for line in lines}
    chosen = chosen_ids(before, salt)
    if wrong := _order(lines, {before[key].id for key in chosen if key in before}, salt):
        return wrong
    changed = {key for key, line in before.items() if line.origin is not UNSET}
    if len(before) != len(lines) or not changed <= chosen:
        return Sentence(
            "tasks are new that the challenge leaves as they are", "质询保持原样的任务被当作新任务"
        )
    if len(changed) < LEAST_CHANGED * len(chosen):
        return Sentence(
            f"only {len(changed)} of {len(chosen)} tasks drawn to be new were changed",
            f"抽为新任务的 {len(chosen)} 个中仅改写了 {len(changed)} 个",
        )
    lock = locks().sets.get(name)
    if lock is not None and joined_sha256(order(before)) != lock.ids_sha256:
        return Sentence(
            f"the tasks behind them are not those locked as {name}",
            f"其背后的任务不是以 {name} 之名锁定的任务",
        )
    return ""


@rule(
    "R098",
    title=Bilingual("New tasks take as long as known ones", "新任务与公开任务耗时相同"),
    asks=Bilingual(
        "Where one request runs at a time, known tasks take no less time to the first token, at equal prompt length, and per "
        "chunk after it than the challenge's new ones: their ratio is not below 0.9 with its whole interval (trimmed means, "
        "Welch's t, one in a thousand beyond it).",
        "逐个发送请求时，公开任务在相同提示词长度下的 TTFT 以及其后每个数据块的时间不短于质询的新任务：其比值连同整个区间（截尾均值、Welch t，千分之一越出）不低于 0.9。",
    ),
    reason=Bilingual(
        "A memo of the public tasks, or a faster path for them, whoever knows the probes by heart included.",
        "对公开任务的记忆或快速路径，熟记全部探测任务者亦在其列。",
    ),
    phases="measured",
    broken=Bilingual("fail", "fail"),
)
def as_fast(evidence: Evidence, _: Results) -> Finding:
    """Known tasks are not faster than new ones."""
    if evidence.plan.challenge is UNSET:
        return not_applicable(NONE)
    gaps = {"TTFT": fresh.first_token(evidence), "time per chunk": fresh.pace(evidence)}
    known = {name: gap for name, gap in gaps.items() if gap is not None}
    if "TTFT" not in known:
        return not_applicable(
            Sentence(
                "too few known and new tasks were asked one at a time",
                "逐个提问的公开任务与新任务过少",
            )
        )
    numbers = [
        Sentence(
            f"{name} of known tasks over new ones {math.exp(gap.value):.2f}, at most {math.exp(min(gap.high, 700.0)):.2f} ({gap.known} and {gap.new} tasks)",
            f"公开任务的 {name} 与新任务之比 {math.exp(gap.value):.2f}，至多 {math.exp(min(gap.high, 700.0)):.2f}（{gap.known} 与 {gap.new} 个任务）",
        )
        for name, gap in known.items()
    ]
    faster = [gap for gap in known.values() if gap.high < math.log(FASTER)]
    why = joined(numbers, "; ", "；")
    if faster:
        return failed(
            Sentence(
                f"known tasks are faster: {why}, bound {FASTER:g}",
                f"公开任务更快：{chinese(why)}，门槛 {FASTER:g}",
            ),
            numbers,
        )
    return passed(why)


@rule(
    "R099",
    title=Bilingual(
        "New tasks are answered as well as known ones", "新任务与公开任务的回答质量相同"
    ),
    asks=Bilingual(
        "ROUGE-1 and ROUGE-L of the known tasks are not surely above those of the challenge's new ones (Welch's t, one in a "
        "thousand beyond the interval); at most a tenth of the answers to changed articles names what only the published "
        "article held.",
        "公开任务的 ROUGE-1 与 ROUGE-L 不确定地高于质询的新任务（Welch t，区间外千分之一）；对改写文章的回答中，提及仅见于原文之内容者至多十分之一。",
    ),
    reason=Bilingual(
        "Answers from a table of the public tasks; a model that was fitted to them.",
        "按公开任务的表作答；针对公开任务拟合的模型。",
    ),
    phases="tasks",
    broken=Bilingual("fail", "fail"),
)
def as_good(evidence: Evidence, results: Results) -> Finding:
    """Known tasks are not answered better than new ones."""
    if evidence.plan.challenge is UNSET:
        return not_applicable(NONE)
    answers = fresh.answers(evidence)
    pairs = [(evidence.tasks[task].reference, text) for task, text in answers.items()]
    missing = [pair for pair in pairs if pair not in results.scores]
    scored = dict(results.scores) | rouge.score_texts(missing)
    wrong, numbers = [], []
    for metric in COMPARED:
        place = rouge.TYPES.index(metric)
        groups: dict[bool, list[float]] = {False: [], True: []}
        for task, pair in zip(answers, pairs, strict=True):
            groups[fresh.is_new(evidence, task) is True].append(scored[pair][place])
        gap = fresh.gap(groups[False], groups[True], cut=False)
        if gap is None:
            return not_applicable(
                Sentence(
                    "too few known and new tasks were answered", "已回答的公开任务与新任务过少"
                )
            )
        numbers.append(
            Sentence(
                f"{metric} of known tasks less that of new ones {gap.value:+.4f}, {gap.low:+.4f} to {gap.high:+.4f}",
                f"公开任务的 {metric} 减新任务的 {gap.value:+.4f}，{gap.low:+.4f} 至 {gap.high:+.4f}",
            )
        )
        if gap.low > 0:
            wrong.append(numbers[-1])
    if wrong:
        return failed(
            Sentence(
                f"known tasks are answered better: {wrong[0]}",
                f"公开任务的回答更好：{chinese(wrong[0])}",
            ),
            wrong,
        )
    remembered, asked = _remembered(evidence, answers)
    if len(remembered) >= FEWEST_REMEMBERED and len(remembered) > MOST_REMEMBERED * asked:
        return failed(
            Sentence(
                f"{len(remembered)} of {asked} answers to changed articles name what only the published ones held",
                f"对改写文章的 {asked} 个回答中有 {len(remembered)} 个提及仅见于原文的内容",
            ),
            remembered,
        )
    return passed(joined(numbers, "; ", "；"))


def _remembered(evidence: Evidence, answers: Mapping[str, str]) -> tuple[list[str], int]:
    """Changed tasks whose answers hold a word that was replaced, and how many were answered."""
    places, asked = [], 0
    for task, text in answers.items():
        origin = given(evidence.tasks[task].origin)
        replaced = () if origin is None else given(origin.replaced, ())
        if not replaced:
            continue
        asked += 1
        answer = b" " + b" ".join(words(text)) + b" "
        old = [word for word in replaced if b" " + b" ".join(words(word)) + b" " in answer]
        if old:
            places.append(f"task {task}: {old[0]}")
    return places, asked
