"""An engine's contradictions: argument rules, precisions, conversion, layouts, images, requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import UNSET, json

from suite.base import versions
from suite.base.bilingual import Sentence
from suite.base.errors import choices
from suite.declare.vendor import template
from suite.declare.vendor.arguments import wrong_value
from suite.documents.document import given

if TYPE_CHECKING:
    from suite.documents.vendor import Vendor
    from suite.documents.vendor_engine import DeclaredEngine

Found: TypeAlias = "tuple[str, Sentence, Sentence]"
"""JSON pointer, message, hint."""

_REFERENCE: Final = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9][a-z0-9._/-]*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
"""Of an image: registry, path in small letters, tag, digest."""
_ONE: Final = Sentence("keep one", "请保留其一")
_ONE_OUT: Final = Sentence("remove one", "请删除其一")


def engine_problems(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    """(pointer, message, hint) for everything in one engine that cannot be right; pointers begin at the engine."""
    return [
        *_arguments(engine),
        *_refusals(engine),
        *_environment(engine),
        *_releases(engine),
        *_dtypes(engine, doc),
        *_conversion(engine, doc),
        *_ranks(engine),
        *_layouts(engine),
        *_images(engine),
        *_requests(engine),
    ]


def _arguments(engine: DeclaredEngine) -> list[Found]:
    problems: list[Found] = []
    seen: set[str] = set()
    for index, rule in enumerate(engine.arguments):
        at = f"/arguments/{index}"
        for name in (rule.name, *given(rule.aliases, [])):
            if name in seen:
                problems.append(
                    (f"{at}/name", Sentence(f"{name} has two rules", f"{name} 有两条规则"), _ONE)
                )
            seen.add(name)
        if rule.status in ("forbidden", "ignored"):
            if rule.value is not UNSET:
                message = Sentence(
                    f"{rule.name} is {rule.status} and has a value",
                    f"{rule.name} 为 {rule.status}，却有值",
                )
                problems.append(
                    (f"{at}/value", message, Sentence("remove the value", "请删除该值"))
                )
            continue
        if rule.name.endswith("*"):
            hint = Sentence(
                "a pattern can only be forbidden or ignored",
                "带 * 的名称只能是 forbidden 或 ignored",
            )
            message = Sentence(
                f"{rule.name} stands for many arguments", f"{rule.name} 代表多个参数"
            )
            problems.append((f"{at}/name", message, hint))
        problems += [(at + pointer, m, h) for pointer, m, h in _argument_value(engine, index)]
        bounds = [n for n in ("allowed", "minimum", "maximum") if getattr(rule, n) is not UNSET]
        if rule.takes == "flag" and bounds:
            message = Sentence(
                f"{rule.name} is a flag and has {bounds[0]}",
                f"{rule.name} 为 flag，却有 {bounds[0]}",
            )
            problems.append((f"{at}/{bounds[0]}", message, Sentence("remove it", "请删除")))
    return problems


def _refusals(engine: DeclaredEngine) -> list[Found]:
    """A refused value that its rule never admits, or a companion or precision that is not declared, is a slip of the pen."""
    problems: list[Found] = []
    names = {n for rule in engine.arguments for n in (rule.name, *given(rule.aliases, ()))}
    rows = [row.requested for row in engine.dtypes.rows]
    for index, rule in enumerate(engine.arguments):
        for number, refused in enumerate(given(rule.refused, ())):
            at = f"/arguments/{index}/refused/{number}"
            value, beside = given(refused.value), given(refused.beside)
            if wrong := value is not None and wrong_value(
                engine.id, rule, value, given(rule.allowed)
            ):
                problems.append((f"{at}/value", *wrong))
            if beside is not None and beside not in names:
                message = Sentence(f"no rule is of {beside}", f"没有 {beside} 的规则")
                problems.append((f"{at}/beside", message, choices(beside, sorted(names))))
            for place, dtype in enumerate(given(refused.dtypes, ())):
                if dtype not in rows:
                    message = Sentence(
                        f"the precision {dtype!r} is not among the rows",
                        f"精度 {dtype!r} 不在 rows 之列",
                    )
                    problems.append((f"{at}/dtypes/{place}", message, choices(dtype, rows)))
    return problems


def _environment(engine: DeclaredEngine) -> list[Found]:
    always = [item.name for item in engine.env if item.when is UNSET]
    problems: list[Found] = []
    seen: set[str] = set()
    for index, item in enumerate(engine.env):
        if item.when is UNSET and item.name in seen:
            message = Sentence(f"{item.name} is set twice", f"{item.name} 设置了两次")
            problems.append((f"/env/{index}/name", message, _ONE))
        seen |= {item.name} & {*always}
    for index, removed in enumerate(engine.unset_env):
        if removed.name in always:
            message = Sentence(
                f"{removed.name} is both set and removed", f"{removed.name} 既设置又删除"
            )
            problems.append((f"/unset_env/{index}/name", message, _ONE_OUT))
    return problems


def _releases(engine: DeclaredEngine) -> list[Found]:
    span = given(engine.versions)
    if span is None or not versions.at_least(span.at_least, span.below):
        return []
    message = Sentence(
        f"no release is at least {span.at_least} and below {span.below}",
        f"没有不低于 {span.at_least} 且低于 {span.below} 的版本",
    )
    return [("/versions/below", message, Sentence("write a later one", "请写更高的版本"))]


def _argument_value(engine: DeclaredEngine, index: int) -> list[Found]:
    rule = engine.arguments[index]
    if rule.value is UNSET:
        if rule.status in ("required", "recommended") and rule.takes != "flag":
            message = Sentence(
                f"{rule.name} is {rule.status} and has no value",
                f"{rule.name} 为 {rule.status}，却没有值",
            )
            hint = Sentence("give it a value, or make it optional", "请给出值，或改为 optional")
            return [("", message, hint)]
        return []
    if template.names(rule.value):
        return []
    wrong = wrong_value(engine.id, rule, rule.value, given(rule.allowed))
    return [("/value", *wrong)] if wrong else []


def _dtypes(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    dtypes = engine.dtypes
    offered = [row.requested for row in dtypes.rows]
    problems: list[Found] = []
    if dtypes.default not in (*offered, "model"):
        message = Sentence(
            f"the default precision {dtypes.default!r} is not among the rows",
            f"默认精度 {dtypes.default!r} 不在 rows 之列",
        )
        problems.append(("/dtypes/default", message, choices(dtypes.default, [*offered, "model"])))
    for index, refusal in enumerate(dtypes.refused):
        if refusal.requested in offered and refusal.accelerators is UNSET:
            message = Sentence(
                f"{refusal.requested} is both offered and refused",
                f"{refusal.requested} 既提供又被拒绝",
            )
            problems.append((f"/dtypes/refused/{index}/requested", message, _ONE))
    runs_on = [device for device in doc.accelerators if device.id in engine.accelerators]
    known = {peak.precision for device in runs_on for peak in device.peaks}
    for index, row in enumerate(dtypes.rows):
        if row.requested in offered[:index]:
            message = Sentence(f"{row.requested} has two rows", f"{row.requested} 在 rows 中有两行")
            problems.append((f"/dtypes/rows/{index}/requested", message, _ONE))
        if row.requested not in (row.executed, "auto") and not row.note:
            message = Sentence(
                f"{row.requested} silently becomes {row.executed}",
                f"{row.requested} 变为 {row.executed} 而未作说明",
            )
            hint = Sentence("say so in note", "请在 note 中说明")
            problems.append((f"/dtypes/rows/{index}/note", message, hint))
        # Without a device that is declared there is nothing to miss.
        if row.precision not in known and runs_on:
            message = Sentence(
                f"no accelerator of {engine.id} has a peak for {row.precision!r}",
                f"{engine.id} 的加速器均没有 {row.precision!r} 的峰值",
            )
            hint = Sentence(
                "add the peak, with unknown and the reason where there is none",
                "请添加该峰值；没有数值的写 unknown 并说明原因",
            )
            problems.append((f"/dtypes/rows/{index}/precision", message, hint))
    return problems


def _conversion(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    conversion = given(engine.conversion)
    if conversion is None:
        return []
    problems: list[Found] = []
    command = " ".join(conversion.command)
    for needed in ("{model_source}", "{conversion_target}"):
        if needed not in command:
            hint = Sentence(
                "the command reads the one and writes the other",
                "命令须读取 {model_source}，写入 {conversion_target}",
            )
            message = Sentence(f"the command has no {needed}", f"命令中没有 {needed}")
            problems.append(("/conversion/command", message, hint))
    baked = " ".join(item.value for item in conversion.parameters)
    if "{arch}" in command + baked:
        for device in doc.accelerators:
            if device.id in engine.accelerators and device.architecture is UNSET:
                message = Sentence(
                    f"the conversion needs the architecture of {device.id}",
                    f"转换需要 {device.id} 的架构",
                )
                hint = Sentence("add it to the accelerator", "请在该加速器下添加 architecture")
                problems.append(("/conversion/command", message, hint))
    if "{model_type}" in command and not conversion.model_types:
        message = Sentence("the command asks for a model type", "命令要求模型类型")
        hint = Sentence("list them", "请在此列出")
        problems.append(("/conversion/model_types", message, hint))
    return problems + _baked_ranks(engine, command, baked)


def _baked_ranks(engine: DeclaredEngine, command: str, baked: str) -> list[Found]:
    """Weights that were converted for one number of ranks must be served with that number."""
    problems: list[Found] = []
    if "{tensor_parallel}" in command and "{tensor_parallel}" not in baked:
        message = Sentence(
            "tensor parallelism is baked into the weights and not among the parameters",
            "张量并行数已固化在权重中，却不在 parameters 之列",
        )
        hint = Sentence(
            'add {name: tensor_parallel, value: "{tensor_parallel}"}',
            '请添加 {name: tensor_parallel, value: "{tensor_parallel}"}',
        )
        problems.append(("/conversion/parameters", message, hint))
    for index, rule in enumerate(engine.arguments):
        value = given(rule.value)
        if rule.name != "--tensor-parallel-size" or value is None:
            continue
        if "{tensor_parallel}" not in value:
            message = Sentence(
                f"serves with {value} ranks whatever the weights were converted for",
                f"无论权重按几个 rank 转换，都以 {value} 个 rank 运行",
            )
            hint = Sentence(
                'write value: "{tensor_parallel}": converted weights run with their own number',
                '请写 value: "{tensor_parallel}"：转换后的权重须按转换时的数目运行',
            )
            problems.append((f"/arguments/{index}/value", message, hint))
    return problems


def _ranks(engine: DeclaredEngine) -> list[Found]:
    """An engine that may have several ranks must be told how many, or devices stand idle and MFU divides by them."""
    allowed = engine.tensor_parallel.allowed
    if not all(number > 0 for number in allowed):
        message = Sentence("a number of ranks below 1", "rank 数小于 1")
        return [("/tensor_parallel/allowed", message, Sentence("count from 1", "从 1 计起"))]
    if allowed == (1,):
        return []
    told = template.names(json.encode(engine).decode())
    if {"tensor_parallel", "devices", "visible"} & {*told}:
        return []
    message = Sentence(
        "nothing tells the engine how many ranks share the model: devices beyond the first would stand idle",
        "没有任何内容告知引擎由几个 rank 分担模型：首个之外的设备会闲置",
    )
    hint = Sentence(
        'give its argument value: "{tensor_parallel}", or write allowed: [1]',
        '请将其参数写作 value: "{tensor_parallel}"，或写 allowed: [1]',
    )
    return [("/tensor_parallel/allowed", message, hint)]


def _layouts(engine: DeclaredEngine) -> list[Found]:
    problems: list[Found] = []
    for index, layout in enumerate(given(engine.layouts, ())):
        names = [role.role for role in layout.roles]
        problems += [
            (
                f"/layouts/{index}/roles/{at}/role",
                Sentence(f"two roles are called {name}", f"有两个角色名为 {name}"),
                _ONE,
            )
            for at, name in enumerate(names)
            if name in names[:at]
        ]
        if given(layout.roles[0].without_devices, False) and layout.splits:
            message = Sentence(
                "a head without accelerators has no part in what is split",
                "没有加速器的首节点不参与切分",
            )
            hint = Sentence("leave splits empty", "请将 splits 留空")
            problems.append((f"/layouts/{index}/roles/0", message, hint))
    return problems


def _images(engine: DeclaredEngine) -> list[Found]:
    problems: list[Found] = []
    for index, image in enumerate(engine.images):
        reference = image.reference
        last = reference.rpartition("/")[2]
        if (
            image.source in ("registry", "tarball")
            and reference != "unknown"
            and ":" not in last
            and not image.digest
        ):
            hint = Sentence("add a tag or a digest", "请添加标签或摘要")
            message = Sentence(f"{reference} names no version", f"{reference} 未指明版本")
            problems.append((f"/images/{index}/reference", message, hint))
        elif image.source != "local" and not _REFERENCE.fullmatch(reference):
            hint = Sentence(
                "such as registry.example/team/engine:1.2: small letters, no scheme, no space",
                "例如 registry.example/team/engine:1.2：小写字母，不带协议与空格",
            )
            message = Sentence(f"{reference!r} names no image", f"{reference!r} 不是镜像名称")
            problems.append((f"/images/{index}/reference", message, hint))
        if image.source == "build" and ":" in last:
            hint = Sentence(
                "the suite tags it with the digest of its context", "套件以构建上下文的摘要作其标签"
            )
            message = Sentence("a built image takes no tag", "构建的镜像不带标签")
            problems.append((f"/images/{index}/reference", message, hint))
    return problems


def _requests(engine: DeclaredEngine) -> list[Found]:
    request = engine.request
    problems: list[Found] = []
    if request.prompt_ids and request.completions_path is None:
        message = Sentence(
            "token ids are a prompt of the completions API, which the engine has not",
            "token id 只能用作 completions API 的提示词，而该引擎没有此 API",
        )
        hint = Sentence("name completions_path", "请写明 completions_path")
        problems.append(("/request/prompt_ids", message, hint))
    if request.chat_path is None and request.completions_path is None:
        message = Sentence("the server has no path at all", "服务器没有任何路径")
        hint = Sentence("name one of the two", "请写明 chat_path 与 completions_path 之一")
        problems.append(("/request", message, hint))
    paths = {
        "/readiness/path": engine.readiness.path,
        "/request/chat_path": request.chat_path,
        "/request/completions_path": request.completions_path,
    }
    for at, path in paths.items():
        if path is not None and not path.startswith("/"):
            message = Sentence(f"{path!r} is no path of the server", f"{path!r} 不是服务器上的路径")
            hint = Sentence("it begins with /, such as /health", "以 / 开头，例如 /health")
            problems.append((at, message, hint))
    for name in request.omit:
        for member, sent in (
            ("extra_body", request.extra_body),
            ("exact_body", given(request.exact_body, {})),
        ):
            if name in sent:
                message = Sentence(f"{name} is both sent and omitted", f"{name} 既发送又省略")
                problems.append((f"/request/{member}/{name}", message, _ONE_OUT))
    return problems
