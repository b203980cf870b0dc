"""Is the plan the one that follows from what it was made from? Made again, and compared byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence, chinese
from suite.base.errors import SuiteError
from suite.declare.known import release_of
from suite.declare.model import configuration
from suite.declare.model.safetensors import fills
from suite.declare.plan.basis import plan_of
from suite.declare.plan.flags import STAGES, read_flags
from suite.declare.tasks.reference import resized
from suite.documents.codec import plain
from suite.documents.document import Document, given
from suite.judge.attest.compare import ABSENT, differences
from suite.judge.rules.rule import Finding, failed, passed, rule, warned

if TYPE_CHECKING:
    from suite.declare.plan.flags import Flags
    from suite.documents.basis import Basis
    from suite.documents.engine import Engine
    from suite.documents.known import Release
    from suite.documents.plan import Plan
    from suite.documents.topology import Role
    from suite.evidence import Evidence
    from suite.judge.metrics.compute import Results

TOKENIZER = "tokenizer.json"
_LENGTH_BYTES = 8
"""What stands before the header of a safetensors file: its length."""


@rule(
    "R073",
    title=Bilingual("The plan follows from what it was made from", "计划可由其依据重建"),
    asks=Bilingual(
        "The plan is made again from the declaration, profile, tasks, model configuration, tensor headers and choices "
        "that the run kept, and is the same byte for byte; configuration and headers fit the digests and sizes of the "
        "model's files.",
        "由运行所保留的厂商声明、配置、任务、模型配置、张量头与所作选择重新生成计划，结果逐字节相同；"
        "模型配置与张量头同模型文件的摘要及大小相符。",
    ),
    reason=Bilingual(
        "A plan that was edited afterwards: flags that deny what the command says, facts of another model, a round's "
        "nonce written in. No honest run has one, so it is not conformant, whatever the division.",
        "事后被修改的计划：与命令行矛盾的标志、另一个模型的事实、补写的轮次随机数。诚实的运行不会如此，"
        "因此无论哪个赛道均不符合。",
    ),
    phases="run",
    broken=Bilingual(
        "fail; warn, *open* at best, where the run did not keep what its plan was made from",
        "fail；运行未保留计划的依据时为 warn，至多 *open*",
    ),
    limits="open",
)
def plan_follows(evidence: Evidence, _: Results) -> Finding:
    """The plan follows from its basis."""
    basis = evidence.basis
    if basis is None:
        return warned(
            Sentence(
                "the run did not keep what its plan was made from (basis.json)",
                "运行未保留其计划的依据（basis.json）",
            )
        )
    try:
        plan = plan_of(basis)
    except SuiteError as refused:
        return failed(
            Sentence(
                f"no plan follows from basis.json: {refused.message}",
                f"由 basis.json 得不出计划：{chinese(refused.message)}",
            ),
            ["basis.json"],
        )
    wrong = _edited(evidence, plan)
    if wrong:
        more = (
            Sentence(f", and {len(wrong) - 1} more members", f"，另有 {len(wrong) - 1} 个成员")
            if len(wrong) > 1
            else ""
        )
        return failed(
            Sentence(
                f"the plan does not follow from what it was made from: {wrong[0]}{more}",
                f"计划不能由其依据得出：{chinese(wrong[0])}{chinese(more)}",
            ),
            wrong,
        )
    if wrong := _model(basis):
        return failed(
            Sentence(
                f"the model's facts do not follow from its files: {wrong[0]}",
                f"模型的事实不能由其文件得出：{chinese(wrong[0])}",
            ),
            wrong,
        )
    return passed(
        Sentence(
            "made again from what the run kept: the same, byte for byte",
            "由运行所保留的内容重新生成：逐字节相同",
        )
    )


def _edited(evidence: Evidence, plan: Plan) -> list[str]:
    """What of the run's plan is not as in the one that was made again."""
    release = release_of(evidence.plan.suite)
    wrong: list[str] = [
        Sentence(
            f"plan.json {place.pointer}: {place.left}, made again: {place.right}",
            f"plan.json {place.pointer}：{place.left}，重新生成为：{place.right}",
        )
        for place in differences(plain(evidence.plan), plain(plan))
        if not place.pointer.startswith("/chinese/")  # no more than what the others say, again
        and not (release and place.left == ABSENT and _came_later(plan, place.pointer, release))
    ]
    if release is None and not wrong and evidence.header.plan_sha256 != jsonio.digest(plan):
        wrong = [
            Sentence(
                "plan.json is written otherwise than the suite writes it",
                "plan.json 的写法与本套件不同",
            )
        ]
    return wrong


def _came_later(plan: Plan, pointer: str, release: Release) -> bool:
    """Whether a member that a plan lacks came after a release: no plan of that release has it."""
    node: object = plan
    *parents, name = pointer.removeprefix("/").split("/")
    for step in parents:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, tuple):
            node = node[int(key)]
        else:
            node = node[key] if isinstance(node, dict) else getattr(node, key)
    return isinstance(node, Document) and f"{type(node).__name__}.{name}" not in release.optional


def _model(basis: Basis) -> list[str]:
    """What of the recorded sources does not fit the files by their digests and sizes."""
    model = basis.model
    files = {file.path: file for file in model.files}
    source = model.source
    config = files.get(configuration.FILE)
    wrong: list[str] = []
    if source.names != tuple(files):
        wrong.append(
            Sentence(
                "the files that were read are not those that were hashed",
                "所读取的文件不是计算过摘要的文件",
            )
        )
    if config is None or config.sha256 != jsonio.sha256_hex(source.config.encode()):
        wrong.append(
            Sentence("the configuration is not the file of that digest", "配置不是该摘要的文件")
        )
    tokenizer = files.get(TOKENIZER)
    if model.tokenizer_sha256 not in (None, tokenizer.sha256 if tokenizer else None):
        wrong.append(
            Sentence("the tokenizer is not the file of that digest", "tokenizer 不是该摘要的文件")
        )
    for header in source.weights:
        size = _LENGTH_BYTES + header.header_bytes + sum(tensor.bytes for tensor in header.tensors)
        file = files.get(header.path)
        if file is None or file.bytes != size:
            wrong.append(
                Sentence(
                    f"{header.path}: its header describes {size} bytes, the file has another size",
                    f"{header.path}：其文件头描述了 {size} 字节，文件大小与此不同",
                )
            )
    wrong += [
        Sentence(
            f"{header.path}: {tensor.bytes} bytes do not hold {tensor.name}, {tensor.dtype}{list(tensor.shape)}",
            f"{header.path}：{tensor.bytes} 字节不等于 {tensor.name} {tensor.dtype}{list(tensor.shape)} 的大小",
        )
        for header in source.weights
        for tensor in header.tensors
        if not fills(tensor)
    ]
    wrong += [
        Sentence(
            f"{file.path}: {file.bytes} bytes, but a reference run knows that digest with another size",
            f"{file.path}：{file.bytes} 字节，而参考运行中该摘要的文件大小不同",
        )
        for file in resized(model.files, given(basis.reference))
    ]
    return wrong


def planned_flags(plan: Plan) -> Finding:
    """Whether a plan's flags are those of its command and variables."""
    engine = plan.engine
    flags = read_flags(_words(engine), engine.env)
    wrong = denied(flags, engine) + _denied_replicas(flags, plan)
    for role in _others(plan):
        other = read_flags(given(role.command, ()), role.env)
        wrong += denied(other, engine) + _denied_replicas(other, plan)
    if wrong:
        return failed(
            Sentence(
                f"the plan contradicts its own command: {wrong[0]}",
                f"计划与自身的命令矛盾：{chinese(wrong[0])}",
            ),
            wrong,
        )
    unstated = [
        f"--{name} {number}"
        for name, number in flags.replicas.items()
        if number > 1 and plan.topology is UNSET
    ]
    unstated += flags.files
    if unstated:
        return warned(
            Sentence(
                f"the command says what no plan states: {unstated[0]}",
                f"命令含有计划无法表述的内容：{unstated[0]}",
            ),
            unstated,
        )
    return passed(
        Sentence(
            "prefix cache, quantisation, speculation, precision and ranks are the command's",
            "前缀缓存、量化、推测解码、精度与并行数均与命令一致",
        )
    )


@rule(
    "R074",
    title=Bilingual("The flags are those of the command", "标志与命令一致"),
    asks=Bilingual(
        "Prefix cache, quantisation, speculative decoding, precision, ranks and longest context of the plan are what the "
        "engine's command and variables say, in whatever spelling; no file of further arguments, no replicas.",
        "计划中的前缀缓存、量化、推测解码、精度、并行数与最长上下文均与引擎命令及环境变量所述一致，"
        "不论写法如何；没有另存参数的文件，也没有副本。",
    ),
    reason=Bilingual(
        "`--enable-prefix-caching --quantization fp8` beside flags that say no.",
        "`--enable-prefix-caching --quantization fp8` 旁边却是否定的标志。",
    ),
    phases="run",
    broken=Bilingual(
        "fail; warn, *open* at best, for what no plan states: replicas, files of arguments",
        "fail；计划无法表述者（副本、参数文件）为 warn，至多 *open*",
    ),
    limits="open",
    foreseen=planned_flags,
)
def flags_follow(evidence: Evidence, _: Results) -> Finding:
    """The plan's flags are those of its command."""
    return planned_flags(evidence.plan)


def denied(flags: Flags, engine: Engine) -> list[str]:
    """What a plan's flags deny of what its command and variables say."""
    wrong: list[str] = []
    if flags.prefix_caching and not engine.prefix_caching:
        wrong.append(
            Sentence(
                "the command switches prefix caching on, the plan says that it is off",
                "命令开启前缀缓存，计划称其关闭",
            )
        )
    if flags.speculative_decoding and not engine.speculative_decoding:
        wrong.append(
            Sentence(
                "the command guesses tokens ahead, the plan says that nothing does",
                "命令预先猜测 token，计划称没有",
            )
        )
    for rounded in (flags.quantisation, flags.cache_dtype):
        if rounded and rounded not in (engine.quantisation or ""):
            stated = engine.quantisation or Sentence("nothing is rounded", "未作量化")
            wrong.append(
                Sentence(
                    f"the command rounds with {rounded}, the plan says: {stated}",
                    f"命令以 {rounded} 量化，计划称：{chinese(stated)}",
                )
            )
    pairs = (
        (Sentence("precision", "精度"), flags.dtype, engine.dtype.requested),
        (Sentence("ranks", "并行数"), flags.ranks, engine.tensor_parallel),
        (Sentence("longest context", "最长上下文"), flags.max_model_len, engine.max_model_len),
    )
    return wrong + [
        Sentence(
            f"the command says {commanded} as {what}, the plan {planned}",
            f"命令给出的{chinese(what)}为 {commanded}，计划为 {planned}",
        )
        for what, commanded, planned in pairs
        if commanded is not None and commanded != planned
    ]


def _others(plan: Plan) -> tuple[Role, ...]:
    """The roles whose command is not the engine's."""
    return () if plan.topology is UNSET else plan.topology.roles[1:]


def _denied_replicas(flags: Flags, plan: Plan) -> list[str]:
    """What a plan over several nodes denies of the stages and replicas in a command."""
    topology = given(plan.topology)
    if topology is None:
        return []
    wrong: list[str] = []
    for name, number in flags.replicas.items():
        planned = topology.pipeline if name in STAGES else topology.data
        if number != planned:
            wrong.append(
                Sentence(
                    f"the command says --{name} {number}, the plan {planned}",
                    f"命令为 --{name} {number}，计划为 {planned}",
                )
            )
    return wrong


def _words(engine: Engine) -> list[str]:
    """Everything that is run in the engine's place, one word after the other."""
    before = [word for command in engine.pre_commands for word in command]
    container = engine.container
    entrypoint = (container.entrypoint or ()) if container is not None else ()
    return [*before, *entrypoint, *engine.command]
