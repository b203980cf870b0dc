"""What was asked for, held against what the vendor declares: the choice that a plan is made of, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, choices
from suite.declare.plan.choice import (
    Choice,
    ModelInput,
    choose_devices,
    choose_ranks,
    refuse_every,
)
from suite.declare.plan.topology import choose_layout
from suite.documents.workload import Division

if TYPE_CHECKING:
    from collections.abc import Iterable

    from suite.declare.profiles.load import Profile
    from suite.declare.vendor.load import Vendor
    from suite.documents.basis import Options
    from suite.documents.plan import RuntimeKind
    from suite.documents.vendor_engine import DeclaredEngine


def choose_division(profile: Profile, options: Options) -> Division:
    """The division that the plan is for: the one named, else the profile's.

    Raises:
        UsageError: ``division-unknown``.
    """
    requested = options.division
    if requested not in (None, *get_args(Division)):
        raise UsageError(
            "division-unknown",
            Sentence(f"there is no division {requested!r}", f"没有赛道 {requested!r}"),
            hint=choices(str(requested), get_args(Division)),
        )
    # What is named is one of them by now.
    division = profile.doc.division if requested is None else cast("Division", requested)
    if division == "closed" and profile.doc.division != "closed":
        hint = Sentence(
            "docs/scenarios.md says which profiles are, such as smoke and xsum",
            "docs/scenarios.md 说明哪些配置可以，例如 smoke 与 xsum",
        )
        raise UsageError(
            "division-unknown",
            Sentence(
                f"the profile {profile.name} is not closed", f"配置 {profile.name} 不属于封闭赛道"
            ),
            hint=hint,
        )
    return division


def choose(  # noqa: PLR0917 - one row of choices
    vendor: Vendor,
    engine_id: str | None,
    accelerator_id: str | None,
    devices: int | None,
    model: ModelInput,
    runtime: RuntimeKind,
    options: Options,
    division: str,
) -> Choice:
    """One engine on some devices, with one model; the arguments are those of `make_plan`.

    Raises:
        UsageError: what was asked for is not declared, or does not fit.
    """
    engine = vendor.engine(engine_id)
    device = vendor.accelerator(engine, accelerator_id)
    if runtime == "process":
        _require_process(vendor, engine, options)
    if options.every:
        refuse_every(vendor.doc.visibility, devices)
    indices = choose_devices(devices, options.visible)
    if vendor.doc.visibility.container is None and not vendor.doc.visibility.process:
        _refuse_many(vendor, len(indices))
    if not options.model_type:
        _require_model(engine, model)
    layout = choose_layout(engine, options.topology)
    if layout is not None and runtime != "container":
        _refuse_nodes(runtime)
    return Choice(
        vendor=vendor,
        engine=engine,
        device=device,
        access=vendor.access(engine, options.access),
        runtime=runtime,
        model=model,
        options=options,
        indices=indices,
        ranks=choose_ranks(
            engine,
            device,
            len(indices) if layout is None else layout.ranks(len(indices)),
            model.facts,
            options.tensor_parallel,
        ),
        layout=layout,
        closed=division == "closed",
        accelerator_named=accelerator_id is not None
        or options.cpu_peak is not None
        or bool(options.private_peaks),
        engine_named=engine_id is not None,
        devices_named=devices is not None or bool(options.visible),
        plain=division == "closed" or options.division is None,
    )


def refuse_idle(choice: Choice, arguments: Iterable[str]) -> None:
    """Refuse devices that no rank uses, unless nodes or an argument of the user's put replicas or stages there.

    Raises:
        UsageError: ``tensor-parallel-wrong``.
    """
    devices, ranks = len(choice.indices), choice.ranks
    used = -(-ranks // choice.device.topology.ranks_per_device)
    others = any("parallel" in name or name.strip("-").startswith("dp") for name in arguments)
    if used >= devices or choice.layout is not None or others:
        return
    raise UsageError(
        "tensor-parallel-wrong",
        Sentence(
            f"{ranks} tensor-parallel ranks use {used} of {devices} devices",
            f"{ranks} 个张量并行 rank 只使用 {devices} 个设备中的 {used} 个",
        ),
        hint=Sentence(
            f"name --devices {used}: MFU and energy count every device",
            f"请指定 --devices {used}：MFU 与能耗按所有设备计算",
        ),
    )


def _require_model(engine: DeclaredEngine, model: ModelInput) -> None:
    supported = [row.architecture for row in engine.models]
    if supported and model.facts.architecture not in supported:
        raise UsageError(
            "model-unsupported",
            Sentence(
                f"{engine.id} is not declared to run {model.facts.architecture or 'this model'}",
                f"{engine.id} 未声明可运行 {model.facts.architecture or '此模型'}",
            ),
            hint=Sentence(
                f"it runs: {', '.join(row.names for row in engine.models)}",
                f"它可运行：{', '.join(row.names for row in engine.models)}",
            ),
        )


def _refuse_nodes(runtime: RuntimeKind) -> None:
    message = Sentence(
        f"several nodes, and the engine runs as {runtime}",
        f"要用多个节点，而引擎以 {runtime} 运行",
    )
    raise UsageError(
        "node-runtime-wrong",
        message,
        hint=Sentence("only containers span nodes", "只有容器可跨节点"),
    )


def _require_process(vendor: Vendor, engine: DeclaredEngine, options: Options) -> None:
    if engine.process is UNSET:
        hint = Sentence(
            "a container needs a Docker engine; --url measures a server that runs already",
            "容器需要 Docker 引擎；--url 可测量已在运行的服务器",
        )
        message = Sentence(
            f"{engine.id} of {vendor.id} is not declared to run as a process",
            f"{vendor.id} 的 {engine.id} 未声明可作为进程运行",
        )
    elif options.engine_python is None and not vendor.can_run_as_process(engine.id):
        hint = Sentence(
            "name its interpreter with --engine-python PATH",
            "请以 --engine-python PATH 指定其解释器",
        )
        message = Sentence(
            f"no environment for {engine.id} of {vendor.id} is made here",
            f"套件不在此为 {vendor.id} 的 {engine.id} 建立环境",
        )
    else:
        return
    raise UsageError("process-undeclared", message, hint=hint)


def _refuse_many(vendor: Vendor, count: int) -> None:
    if count > 1:
        raise UsageError(
            "devices-wrong",
            Sentence(
                f"{vendor.doc.name} has one device: the whole host",
                f"{vendor.doc.name} 只有一台设备：整台主机",
            ),
        )
