"""Rules that decide the division: what a run lacks bars it from the stricter ones, and is no failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual, Sentence, chinese, joined
from suite.declare.tasks.pins import foreign_texts, known_words
from suite.declare.tasks.reference import known_weights
from suite.documents.document import given
from suite.judge.log.cached import took_from_cache
from suite.judge.metrics.compute import questions
from suite.judge.rules.rule import (
    Finding,
    failed,
    not_applicable,
    passed,
    place,
    plan_rule,
    rule,
    warned,
)

if TYPE_CHECKING:
    from suite.documents.plan import Plan
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

CLOSED_PROMPT = "closed-v1"
CLOSED_MIN_NEW_TOKENS = 64
OTHER_QUESTIONS = {
    "synthetic": Sentence("synthetic prompts", "合成提示词"),
    "history": Sentence("with a history", "带历史的问题"),
    "shortened": Sentence("for the first tokens alone", "只到首个 token 的回答"),
}
"""What is not the closed question; nothing holds such answers to the reference run's."""


@plan_rule(
    "R031",
    title=Bilingual("Uses a locked task set", "使用锁定的任务集"),
    asks=Bilingual("The tasks are a locked set.", "任务是锁定的任务集。"),
    reason=Bilingual(
        "A set of one's own choice compares with nothing.",
        "自选的任务集无法与任何结果比较。",
    ),
    limits="open",
)
def locked_tasks(plan: Plan) -> Finding:
    """Closed and optimised need a locked task set."""
    tasks = plan.workload.taskset
    texts = given(tasks.pinned)
    if not tasks.locked:
        why = Sentence("", "") if texts is None else foreign_texts(texts, tasks.size)
        what = Sentence(
            f"task set: {tasks.name} ({tasks.size} tasks), not one of the locked sets",
            f"任务集 {tasks.name}（{tasks.size} 个任务）不是锁定的任务集",
        )
        return warned(joined([what, why], ": ", "：") if why else what)
    what = Sentence(f"task set: {tasks.name}, locked", f"任务集：{tasks.name}，已锁定")
    return passed(what if texts is None else joined([what, known_words(texts)], "; ", "；"))


@plan_rule(
    "R032",
    title=Bilingual("Asks the closed question", "使用封闭赛道的提示与解码"),
    asks=Bilingual(
        "The prompt is `closed-v1`, decoding greedy, at least 64 new tokens; no phase asks "
        "synthetic prompts or with a history.",
        "提示词为 `closed-v1`，贪心解码，至少 64 个新 token；没有阶段使用合成提示词或带历史提问。",
    ),
    reason=Bilingual(
        "Other questions have other answers; 16 tokens cannot hold a summary; nothing holds "
        "the answers to synthetic prompts to a reference.",
        "其他问题有其他回答；16 个 token 容不下一篇摘要；合成提示词的回答无参考可对照。",
    ),
    phases="measured",
    limits="open",
)
def fixed_prompt(plan: Plan) -> Finding:
    """Closed needs its own prompt, greedy decoding and at least 64 new tokens."""
    workload = plan.workload
    decoding = workload.decoding
    wrong = []
    if workload.prompt.id != CLOSED_PROMPT:
        wrong.append(Sentence(f"prompt {workload.prompt.id}", f"提示词 {workload.prompt.id}"))
    if decoding.temperature != 0 or decoding.ignore_eos or decoding.stop:
        wrong.append(Sentence("decoding is not plain greedy", "解码不是纯贪心方式"))
    if decoding.max_new_tokens < CLOSED_MIN_NEW_TOKENS:
        wrong.append(
            Sentence(
                f"{decoding.max_new_tokens} new tokens, at least {CLOSED_MIN_NEW_TOKENS} asked",
                f"最多生成 {decoding.max_new_tokens} 个 token，要求至少 {CLOSED_MIN_NEW_TOKENS} 个",
            )
        )
    wrong += [
        Sentence(
            f"{doc.name} asks {OTHER_QUESTIONS[other]}",
            f"{doc.name} 提问的是{chinese(OTHER_QUESTIONS[other])}",
        )
        for doc in workload.phases
        if doc.measured and not doc.repeat and (other := questions(doc)) != "tasks"
    ]
    if wrong:
        return warned(
            Sentence(
                f"not the closed question: {'; '.join(wrong[:3])}",
                f"不是封闭赛道的问题：{'；'.join(map(chinese, wrong[:3]))}",
            ),
            wrong,
        )
    return passed(
        Sentence(
            "the closed prompt, greedy, at least 64 new tokens",
            "封闭赛道的提示词，贪心解码，至少 64 个新 token",
        )
    )


def planned_reuse(plan: Plan) -> Finding:
    """What the plan says of reuse across requests, quantisation and speculative decoding."""
    engine = plan.engine
    if plan.runtime == "endpoint":
        return warned(
            Sentence(
                "what a running server reuses or rounds nobody here has seen: optimised at best",
                "运行中的服务器复用或舍入了什么，此处无人观察：至多属优化赛道",
            )
        )
    used = []
    if engine.prefix_caching:
        used.append(Sentence("prefix cache", "前缀缓存"))
    if engine.quantisation:
        used.append(
            Sentence(f"quantisation {engine.quantisation}", f"量化（{engine.quantisation}）")
        )
    if engine.speculative_decoding:
        used.append(Sentence("speculative decoding", "推测解码"))
    if used:
        return warned(
            Sentence(
                f"uses {', '.join(used)}: optimised, not closed",
                f"使用了{'、'.join(map(chinese, used))}：属优化赛道，而非封闭赛道",
            ),
            used,
        )
    return passed(
        Sentence(
            "no prefix cache, no quantisation, no speculative decoding",
            "无前缀缓存、无量化、无推测解码",
        )
    )


@rule(
    "R033",
    title=Bilingual("Reuses nothing across requests", "请求间无复用、无量化"),
    asks=Bilingual(
        "No prefix cache, no quantisation, no speculative decoding, and no count of the engine's that says "
        "otherwise.",
        "不使用前缀缓存、量化或推测解码，且引擎自身的计数与此不矛盾。",
    ),
    reason=Bilingual(
        "A prefix cache answers repeated prompts for free; rounded weights are another model.",
        "前缀缓存可不费力地回答重复的提示词；舍入后的权重是另一个模型。",
    ),
    phases="run",
    broken=Bilingual(
        "warn: *optimised* at best; fail where the plan says that there is no prefix cache and the engine's "
        "counts say that there is one",
        "warn：至多 *optimised*；计划声明无前缀缓存而引擎的计数表明有时为 fail",
    ),
    foreseen=planned_reuse,
    limits="optimised",
)
def plain_engine(evidence: Evidence, _: Results) -> Finding:
    """Closed forbids reuse across requests, quantisation and speculative decoding."""
    plan = evidence.plan
    cached = [] if plan.engine.prefix_caching else took_from_cache(evidence.requests)
    if not cached:
        return planned_reuse(plan)
    why = Sentence(
        f"the engine took the prompts of {len(cached)} requests from a cache, in part or whole",
        f"引擎从缓存中取得了 {len(cached)} 个请求的全部或部分提示",
    )
    places = [place(request) for request in cached]
    if plan.runtime == "endpoint":
        return warned(
            Sentence(f"{why}: optimised, not closed", f"{chinese(why)}：属优化赛道，而非封闭赛道"),
            places,
        )
    return failed(
        Sentence(f"{why}, and the plan declares none", f"{chinese(why)}，而计划并未声明缓存"),
        places,
    )


@plan_rule(
    "R034",
    title=Bilingual("Pins the model by digest", "模型以摘要固定"),
    asks=Bilingual(
        "The model's weights are those of a reference run, one that the suite ships or that the run carries, signed; "
        "its tokenizer is there.",
        "模型权重与某次参考运行一致（由本套件随附，或由运行附带并已签名）；其分词器随附。",
    ),
    reason=Bilingual(
        "The weights behind somebody else's server, or in a directory without a revision, may "
        "lack a layer; and without a reference run nobody knows what these weights answer.",
        "他人服务器之后的权重，或没有版本的目录中的权重，可能缺少一层；没有参考运行，则无人知道这些权重会如何"
        "回答。",
    ),
    limits="open",
)
def pinned_model(plan: Plan) -> Finding:
    """The model's files are pinned by digest, and tokenizer and chat template with them."""
    model = plan.model
    if plan.runtime == "endpoint":
        return warned(
            Sentence(
                "a running server was measured: which weights it holds cannot be seen",
                "所测的是已在运行的服务器：无法得知其加载的权重",
            )
        )
    if model.tokenizer_sha256 is None:
        return warned(
            Sentence(
                "the model has no tokenizer.json: the suite cannot count its tokens",
                "模型没有 tokenizer.json：套件无法对其 token 计数",
            )
        )
    quality = plan.workload.quality
    referenced = quality.reference is not None or given(quality.reference_sha256) is not None
    if not referenced and not known_weights(model.files):
        return warned(
            Sentence(
                "no reference run knows these weights: make one with `suite reference make`",
                "没有参考运行与这些权重对应；可用 `suite reference` 生成",
            )
            if model.revision is not None
            else Sentence(
                "a directory without a revision, and no reference run knows its weights",
                "目录没有版本号，且没有参考运行与其权重对应",
            )
        )
    pinned = model.revision or model.sha256[:12]
    return passed(
        Sentence(
            f"model {pinned}, {len(model.files)} files by digest",
            f"模型 {pinned}，{len(model.files)} 个文件按摘要核对",
        )
    )


@plan_rule(
    "R035",
    title=Bilingual("Measures real hardware", "测量真实硬件"),
    asks=Bilingual(
        "Real hardware that this run could see: no simulated server, no emulated vendor, no server "
        "that somebody else runs.",
        "本次运行可见的真实硬件：没有模拟服务器，没有模拟厂商，也不是他人运行的服务器。",
    ),
    reason=Bilingual(
        "The former test the suite; behind an address may be anything.",
        "前两者检验的是本套件；地址背后可以是任何东西。",
    ),
    limits="open",
)
def real_hardware(plan: Plan) -> Finding:
    """A simulated server or an emulated vendor measures the suite, not hardware."""
    if plan.runtime == "sim":
        return warned(
            Sentence(
                "the answers come from a simulated server; nothing here is about hardware",
                "回答来自模拟服务器；此处的结果与硬件无关",
            )
        )
    if plan.vendor.emulated:
        return warned(
            Sentence(
                "the vendor's commands were answered by an emulation, not by its hardware",
                "厂商的命令由模拟程序应答，而非其硬件",
            )
        )
    if plan.runtime == "endpoint":
        return warned(
            Sentence(
                f"a running server was measured; nobody observed its hardware: {plan.devices.title}",
                f"所测的是已在运行的服务器；其硬件未经观测：{plan.devices.title.zh}",
            )
        )
    return passed(Sentence("no emulation declared", "未声明任何模拟"))


@rule(
    "R037",
    title=Bilingual("Executed precision is declared", "已声明执行精度"),
    asks=Bilingual(
        "The executed precision is the requested one, or the declaration says why not.",
        "实际执行精度即所请求的精度，否则声明须说明原因。",
    ),
    reason=Bilingual("A silent change of precision.", "悄然改变的精度。"),
    phases="run",
    broken=Bilingual("fail; warn where the reason is declared", "fail；已声明原因时为 warn"),
)
def dtype_known(evidence: Evidence, _: Results) -> Finding:
    """The executed precision is the requested one, or the difference is declared."""
    dtype = evidence.plan.engine.dtype
    if evidence.plan.runtime == "endpoint":
        why = Sentence(
            "a running server was measured; in which precision it computes, nobody observed",
            "所测的是已在运行的服务器；其计算精度未经观测",
        )
        return not_applicable(why)
    if dtype.requested in (dtype.executed, "auto"):
        return passed(Sentence(f"executed as {dtype.executed}", f"以 {dtype.executed} 精度执行"))
    if dtype.note:
        return warned(
            Sentence(
                f"requested {dtype.requested}, executed {dtype.executed}: {dtype.note}",
                f"请求 {dtype.requested}，实际执行 {dtype.executed}：{chinese(dtype.note)}",
            )
        )
    return failed(
        Sentence(
            f"requested {dtype.requested}, executed {dtype.executed}, without a reason",
            f"请求 {dtype.requested}，实际执行 {dtype.executed}，未说明原因",
        )
    )
