"""An engine's contradictions: argument rules, precisions, conversion, layouts, images, requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import UNSET

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

_ONE: Final = Sentence("keep one", "请保留其一")
_ONE_OUT: Final = Sentence("remove one", "请删除其一")


def engine_problems(engine: DeclaredEngine, doc: Vendor) -> list[Found]:
    """(pointer, message, hint) for everything in one engine that cannot be right; pointers begin at the engine."""
    return [
        *_arguments(engine),
        *_dtypes(engine, doc),
        *_conversion(engine, doc),
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
    return problems


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
            image.source == "registry"
            and reference != "unknown"
            and ":" not in last
            and not image.digest
        ):
            hint = Sentence("add a tag or a digest", "请添加标签或摘要")
            message = Sentence(f"{reference} names no version", f"{reference} 未指明版本")
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
    for name in request.omit:
        for member, sent in (
            ("extra_body", request.extra_body),
            ("exact_body", given(request.exact_body, {})),
        ):
            if name in sent:
                message = Sentence(f"{name} is both sent and omitted", f"{name} 既发送又省略")
                problems.append((f"/request/{member}/{name}", message, _ONE_OUT))
    return problems
