"""What was chosen among all that a vendor declares, before the plan is written out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import UsageError
from suite.declare.vendor.arguments import Situation
from suite.documents.document import given
from suite.documents.plan import UNKNOWN, Devices, RuntimeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.plan.topology import Layout
    from suite.declare.vendor.load import Vendor
    from suite.documents.accelerator import Accelerator
    from suite.documents.basis import Options, Thinking
    from suite.documents.model import FileDigest, ModelFacts
    from suite.documents.vendor import DeviceAccess, Visibility, VisibilityVariable
    from suite.documents.vendor_engine import DeclaredEngine, RuntimeName


@dataclass(frozen=True, slots=True)
class ModelInput:
    """A model on this machine.

    Attributes:
        id: Hub id or directory name.
        revision: pinned Hub commit, or None.
        path: directory on this machine.
        sha256: over the sorted list of files.
        files: with digests.
        facts: from configuration and headers.
        tokenizer_sha256: digest of the tokenizer, or None.
        chat_template_sha256: digest of the chat template, or None when the model has none.
        thinking: what its chat template knows of thinking; None for nothing.
        shortest_prompts: tokens of the shortest prompt by API, see
            `suite.declare.tasks.synthetic.shortest_prompts`; empty when nothing has an exact length.
    """

    id: str
    revision: str | None
    path: str
    sha256: str
    files: list[FileDigest]
    facts: ModelFacts
    tokenizer_sha256: str | None
    chat_template_sha256: str | None
    shortest_prompts: Mapping[str, int] = field(default_factory=dict)
    thinking: Thinking | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One engine on some devices of one vendor, with one model.

    Attributes:
        indices: the selected device indices.
        ranks: tensor-parallel ranks.
        closed: the closed division was asked for.
        plain: nothing is reused across requests unless an argument asks for it: the division is closed, or nobody
            asked for another one than the profile's.
        accelerator_named: the user named it, rather than leave it to the declaration's first.
        devices_named: the user named their number, or which they are.
        engine_named: the user named the engine.
        layout: how it lies over several nodes, of which each has the selected devices; None for one.
    """

    vendor: Vendor
    engine: DeclaredEngine
    device: Accelerator
    access: DeviceAccess
    runtime: RuntimeKind
    model: ModelInput
    options: Options
    indices: tuple[int, ...]
    ranks: int
    closed: bool
    plain: bool
    accelerator_named: bool = True
    devices_named: bool = True
    engine_named: bool = True
    layout: Layout | None = None

    @property
    def starts_engine(self) -> bool:
        """Whether the suite starts the engine itself."""
        return self.runtime in ("container", "process")

    @property
    def situation(self) -> Situation:
        """What conditions in the declaration may depend on."""
        runtime: RuntimeName = "process" if self.runtime == "process" else "container"
        return Situation(self.model.facts.architecture, len(self.indices), runtime)

    @property
    def visible(self) -> str:
        """The indices as the visibility variable writes them; empty where none are selected."""
        variable = self.variable
        if variable is None:
            return ""
        return _listed(variable, self.indices)

    @property
    def variable(self) -> VisibilityVariable | None:
        """The variable that selects devices from outside."""
        visibility = self.vendor.doc.visibility
        if visibility.container is not None and self.runtime != "process":
            return visibility.container
        return visibility.process[0] if visibility.process else None

    def devices_doc(self) -> Devices:
        """The form that a plan holds."""
        if self.runtime != "endpoint":
            return Devices(
                count=len(self.indices) * (1 if self.layout is None else self.layout.computing),
                accelerator=self.device.id,
                name=self.device.name,
                visible=self.visible,
            )
        named = self.accelerator_named
        return Devices(
            count=len(self.indices) if self.count_known else None,
            accelerator=self.device.id if named else UNKNOWN,
            name=self.device.name if named else UNKNOWN,
            visible="",
            claimed=True if named or self.devices_named else UNSET,
        )

    @property
    def count_known(self) -> bool:
        """Whether somebody says how many devices there are: the user, or an accelerator that is the whole host."""
        whole = self.accelerator_named and not self.selectable
        return self.runtime != "endpoint" or self.devices_named or whole

    @property
    def selectable(self) -> bool:
        """Whether the vendor's devices are counted: a CPU is the whole host."""
        visibility = self.vendor.doc.visibility
        return visibility.container is not None or bool(visibility.process)

    def peaks_unknown(self) -> str:
        """Why no peak can be taken: nobody named the accelerators of a running server; "" when one can."""
        if self.runtime != "endpoint" or (self.accelerator_named and self.count_known):
            return ""
        missing = (
            Sentence("--devices says", "请以 --devices 指明")
            if self.accelerator_named
            else Sentence("--accelerator and --devices say", "请以 --accelerator 与 --devices 指明")
        )
        return Sentence(
            f"accelerator unknown: nobody observed what the running server computes on; {missing} so",
            f"加速器未知：运行中的服务器使用何种硬件计算未经观测；{chinese(missing)}",
        )

    def visibility_env(self) -> dict[str, str]:
        """The variables that select devices, for the container runtime and for the process."""
        visibility = self.vendor.doc.visibility
        if self.runtime == "process":
            return {v.variable: _listed(v, self.indices) for v in visibility.process}
        result: dict[str, str] = {}
        container = visibility.container
        if container is not None and self.access.sets_visibility:
            word = container.all if self.options.every else None
            result[container.variable] = word or _listed(container, self.indices)
        # A privileged container sees every device under its own index.
        every = self.access.privileged is not UNSET or given(self.access.sees_all, False)
        renumbered = visibility.renumbered and not every
        inside = tuple(range(len(self.indices))) if renumbered else self.indices
        for variable in visibility.process:
            if variable.in_container:
                result[variable.variable] = _listed(variable, inside)
        return result


def _listed(variable: VisibilityVariable, indices: tuple[int, ...]) -> str:
    if variable.syntax == "count":
        return str(len(indices))
    return variable.separator.join(str(index) for index in indices)


def refuse_every(visibility: Visibility, count: int | None) -> None:
    """Refuse the word for all devices where the stack has none, or nobody says how many there are.

    Raises:
        UsageError: ``devices-wrong``.
    """
    if count is None:
        hint = Sentence(
            "say it with --devices: the ranks follow from it",
            "请以 --devices 给出数量：rank 数由其得出",
        )
        raise UsageError(
            "devices-wrong",
            Sentence("all devices, and not how many there are", "给出了全部设备，而没有给出数量"),
            hint=hint,
        )
    variable = visibility.container
    if variable is None or variable.all is None:
        named = variable or next(iter(visibility.process), None)
        what = Sentence("this vendor", "该厂商") if named is None else named.variable
        hint = Sentence(
            "name the indices, for example --visible 0,1", "请给出编号，例如 --visible 0,1"
        )
        raise UsageError(
            "devices-wrong",
            Sentence(
                f"{what} takes no word for all devices", f"{chinese(what)} 没有表示全部设备的写法"
            ),
            hint=hint,
        )


def choose_devices(count: int | None, visible: tuple[int, ...]) -> tuple[int, ...]:
    """The device indices.

    Raises:
        UsageError: ``devices-wrong``.
    """
    if count is not None and count < 1:
        raise UsageError(
            "devices-wrong",
            Sentence(f"{count} devices", f"{count} 台设备"),
            hint=Sentence("at least one is needed", "至少需要一台"),
        )
    if not visible:
        return tuple(range(count or 1))
    if len(set(visible)) != len(visible) or min(visible) < 0:
        raise UsageError(
            "devices-wrong",
            Sentence("a device index occurs twice or is negative", "设备编号重复或为负"),
        )
    if count is not None and count != len(visible):
        raise UsageError(
            "devices-wrong",
            Sentence(
                f"{count} devices, but {len(visible)} indices were named",
                f"有 {count} 台设备，而给出了 {len(visible)} 个编号",
            ),
        )
    return visible


def choose_ranks(
    engine: DeclaredEngine, device: Accelerator, devices: int, facts: ModelFacts, named: int | None
) -> int:
    """Tensor-parallel ranks: one for each rank that the devices hold, unless named.

    Raises:
        UsageError: ``tensor-parallel-wrong``.
    """
    rule = engine.tensor_parallel
    slots = devices * device.topology.ranks_per_device
    ranks = slots if named is None else named
    if ranks < 1 or ranks > slots:
        rank = device.topology.rank
        raise UsageError(
            "tensor-parallel-wrong",
            Sentence(
                f"{ranks} tensor-parallel ranks on {devices} x {device.name}",
                f"{ranks} 个张量并行 rank 用于 {devices} x {device.name}",
            ),
            hint=Sentence(
                f"a rank is a {rank}; there are {slots}",
                f"每个 rank 是一个{chinese(rank)}；共有 {slots} 个",
            ),
        )
    if rule.allowed and ranks not in rule.allowed:
        allowed = ", ".join(str(number) for number in rule.allowed)
        raise UsageError(
            "tensor-parallel-wrong",
            Sentence(
                f"tensor-parallel-size: {ranks} is not allowed for {engine.id}; allowed: {allowed}",
                f"tensor-parallel-size：{engine.id} 不允许 {ranks}；可取：{chinese(allowed)}",
            ),
            hint=rule.note,
        )
    if facts.heads is not None and facts.heads % ranks:
        raise UsageError(
            "tensor-parallel-wrong",
            Sentence(
                f"{facts.heads} attention heads cannot be split over {ranks} ranks",
                f"{facts.heads} 个注意力头不能均分给 {ranks} 个 rank",
            ),
            hint=Sentence(
                "use a number of devices that divides the heads", "请使用能整除注意力头数的设备数"
            ),
        )
    return ranks
