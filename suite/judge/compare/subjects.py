"""What a comparison is about: everything that may explain a difference and forbids nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace

from suite.base.bilingual import Bilingual, Sentence
from suite.declare.plan.basis import PACKAGE
from suite.documents.comparison import Subject
from suite.documents.counters import COUNTERS
from suite.documents.document import given
from suite.documents.text import Text
from suite.judge.report.numbers import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.documents.card import CardFact, Scorecard
    from suite.documents.comparison import Family

ABSENT: Final = Sentence("absent", "没有")
_UNKNOWN = Sentence("unknown", "未知")


def _peak(card: Scorecard) -> str:
    peak = card.peaks.compute
    return f"{peak.flops:.4g} FLOP/s, {peak.precision}" if peak else _UNKNOWN


def _yes(*, whether: bool) -> str:
    return "yes" if whether else "no"


def _started(card: Scorecard, read: Callable[[Scorecard], str]) -> str:
    """What the command line of an engine says; of somebody else's server nobody saw it."""
    return _UNKNOWN if card.runtime == "endpoint" else read(card)


def _served(card: Scorecard) -> str:
    names = dict.fromkeys(item.model for item in given(card.engine.served, ()) if item.model)
    return ", ".join(names) or _UNKNOWN


def _fingerprints(card: Scorecard) -> str:
    stated = [item.fingerprint for item in given(card.engine.served, ())]
    return ", ".join(dict.fromkeys(text for text in stated if text)) or _UNKNOWN


LEADING: Final = {"devices": "/devices/name", "engine": "/engine/title", "model": "/model/id"}
"""What heads a card in a comparison, with the fact whose standing it has."""

_STANDING: Final = {
    **LEADING,
    "vendor": "/vendor/name",
    "served model": "/engine/served",
    "system fingerprint": "/engine/served",
    "image": "/engine/image_digest",
    "runtime": "/runtime",
    "precision": "/engine/dtype",
    "tensor parallel": "/engine/tensor_parallel",
    "prefix caching": "/engine/prefix_caching",
    "quantisation": "/engine/quantisation",
    "speculative decoding": "/engine/speculative_decoding",
    "longest sequence": "/engine/max_model_len",
    "declared peak": "/peaks/compute",
    "suite": "/suite/commit",
    "arguments": "/engine/arguments",
    "environment": "/engine/environment",
}
"""The fact of a card that a line of the comparison shows; any other line shows a fact about the environment."""

_LINES: tuple[tuple[str, Bilingual, Callable[[Scorecard], str]], ...] = (
    ("vendor", Bilingual("Vendor", "厂商"), lambda card: card.vendor.name),
    (
        "devices",
        Bilingual("Devices", "设备"),
        lambda card: card.devices.title,
    ),
    (
        "engine",
        Bilingual("Engine", "推理引擎"),
        lambda card: f"{card.engine.title} {card.engine.version}".strip(),
    ),
    ("served model", Bilingual("Answers came from", "应答的模型"), _served),
    (
        "system fingerprint",
        Bilingual("System fingerprint", "服务配置标识"),
        _fingerprints,
    ),
    ("image", Bilingual("Image", "镜像"), lambda card: card.engine.image_digest or "none"),
    ("runtime", Bilingual("Runtime", "运行方式"), lambda card: card.runtime),
    ("precision", Bilingual("Precision", "精度"), lambda card: card.engine.dtype.executed),
    (
        "tensor parallel",
        Bilingual("Tensor parallel", "张量并行"),
        lambda card: _started(card, lambda card: str(card.engine.tensor_parallel)),
    ),
    (
        "prefix caching",
        Bilingual("Prefix caching", "前缀缓存"),
        lambda card: _started(card, lambda card: _yes(whether=card.engine.prefix_caching)),
    ),
    (
        "quantisation",
        Bilingual("Quantisation", "量化"),
        lambda card: _started(card, lambda card: card.engine.quantisation or "none"),
    ),
    (
        "speculative decoding",
        Bilingual("Speculative decoding", "投机解码"),
        lambda card: _started(card, lambda card: _yes(whether=card.engine.speculative_decoding)),
    ),
    (
        "longest sequence",
        Bilingual("Longest sequence, tokens", "最大序列长度（token）"),
        lambda card: str(card.engine.max_model_len),
    ),
    ("declared peak", Bilingual("Declared peak", "声明峰值"), _peak),
    (
        "suite",
        Bilingual("Suite", "套件"),
        lambda card: f"{card.suite.version}, {card.suite.commit}",
    ),
)

_COVERED = frozenset(
    {
        "engine.command",
        "engine.compile_cache",
        "engine.compile_cache_key",
        "engine.non_default_arguments",
        "engine.resolved_config",
        "engine.runtime",
        "engine.version",
        "image.bytes",
        "image.created",
        "image.digest",
        "image.id",
        "image.reference",
        "image.running_id",
    }
)
"""Facts that another line of the comparison says, or that follow from it."""

_PEAK_FACTS = {
    "peak.measured_flops": Bilingual("Measured peak, FLOP/s", "实测峰值（FLOP/s）"),
    "peak.measured_bytes_per_s": Bilingual("Measured bandwidth, bytes/s", "实测带宽（字节/秒）"),
    "peak.measured_dtype": Bilingual("Measured peak, precision", "实测峰值的精度"),
    "peak.measured_device": Bilingual("Measured peak, device", "实测峰值的设备"),
    "peak.measured_size": Bilingual("Measured peak, size of the matrices", "实测峰值的矩阵规模"),
    "peak.measured_foreign_share": Bilingual(
        "Measured peak, other programs' share of the processor", "测峰值时其他程序占用处理器的比例"
    ),
}
_FACTS = {
    "host.cpu": Bilingual("Host CPU", "主机 CPU"),
    "host.cpu.flags": Bilingual("Host CPU, instruction sets", "主机 CPU 指令集"),
    "host.cpu.sockets": Bilingual("Host CPU, sockets", "主机 CPU 插槽数"),
    "host.cpu.numa_nodes": Bilingual("Host CPU, NUMA nodes", "主机 NUMA 节点数"),
    "host.cpu.governor": Bilingual("Host CPU, governor", "主机 CPU 调频策略"),
    "host.cpu.clock_mhz": Bilingual("Host CPU, clock in MHz", "主机 CPU 频率（MHz）"),
    "host.cpu.clock_max_mhz": Bilingual(
        "Host CPU, highest clock in MHz", "主机 CPU 最高频率（MHz）"
    ),
    "host.cpu.cores": Bilingual("Host CPU, cores", "主机 CPU 核数"),
    "host.cores": Bilingual("Host cores", "主机可用核数"),
    "host.memory_bytes": Bilingual("Host memory, bytes", "主机内存（字节）"),
    "host.memory_available_bytes": Bilingual("Host memory free, bytes", "主机可用内存（字节）"),
    "host.load_1min": Bilingual("Host load before the run", "运行前主机负载"),
    "host.virtual_machine": Bilingual("Virtual machine", "虚拟机"),
    "host.machine": Bilingual("Machine", "机型"),
    "host.kernel": Bilingual("Kernel", "内核"),
    "host.os": Bilingual("Operating system", "操作系统"),
    "host.docker": Bilingual("Docker", "Docker"),
    "host.swap_bytes": Bilingual("Swap space, bytes", "交换空间（字节）"),
    "host.driver": Bilingual("Driver", "驱动"),
    "host.architecture": Bilingual("Architecture", "体系结构"),
    "host.clocksource": Bilingual("Clock source", "时钟源"),
    "host.python": Bilingual("Suite's Python", "套件的 Python"),
    "engine.python": Bilingual("Engine's Python", "引擎的 Python"),
    "container.memory_bytes": Bilingual("Container's memory limit, bytes", "容器内存上限（字节）"),
    "container.network": Bilingual("Container's network", "容器网络"),
    "container.user": Bilingual("Container's user", "容器用户"),
    "container.privileged": Bilingual("Container with all privileges", "特权容器"),
    "container.capabilities_added": Bilingual("Container's added capabilities", "容器增加的权能"),
    "container.capabilities_dropped": Bilingual(
        "Container's dropped capabilities", "容器去除的权能"
    ),
    "container.pids_limit": Bilingual("Container's limit of processes", "容器进程数上限"),
    "container.read_only_root": Bilingual("Container's root is read-only", "容器根文件系统只读"),
    "container.security_options": Bilingual("Container's security options", "容器安全选项"),
    "conversion.outputs_sha256": Bilingual("Converted weights, SHA-256", "转换后权重的 SHA-256"),
    "image.base": Bilingual("Image's base", "镜像的基础镜像"),
    **_PEAK_FACTS,
}
"""Names for people of facts; a package, a program or a container's detail is called by its own name."""

MEASURED = {f"measured_{name}": counter.title for name, counter in COUNTERS.items()}
"""The same of a device's counters over the measured windows, which are another in every run."""
DEVICE_FACTS = {
    "name": Bilingual("name", "名称"),
    "driver": Bilingual("driver", "驱动"),
    "firmware": Bilingual("firmware", "固件"),
    "memory_bytes": Bilingual("memory, bytes", "内存（字节）"),
    "power_limit_w": Bilingual("power limit, W", "功率上限（W）"),
    "power_default_w": Bilingual("default power limit, W", "默认功率上限（W）"),
    "clock_max_mhz": Bilingual("highest clock, MHz", "最高频率（MHz）"),
    "ecc": Bilingual("ECC", "ECC"),
    "partition": Bilingual("partition", "分区"),
    "processes": Bilingual("other processes", "其他进程"),
    **MEASURED,
}
"""The same of what a device's own tool said, and of its counters."""


_QUANTITIES: Final = ("_bytes", "_bytes_per_s", "_mhz", "_flops", "_share", "load_1min")
"""How facts end that are amounts, and neither counts nor versions."""


def fact(what: str, text: str) -> str:
    """A fact for the eye: an amount in four digits with thousands separators. The document has all of them."""
    if not what.endswith(_QUANTITIES):
        return text
    try:
        return plain(float(text))
    except (ValueError, OverflowError):
        return text


def sides(subject: Subject) -> tuple[str, str]:
    """Both sides' values of what differs, as `fact` shows them."""
    return fact(subject.what, subject.a), fact(subject.what, subject.b)


_SPEED: tuple[Family, ...] = ("latency", "throughput", "utilisation", "energy", "start-up")
_EVERYTHING: tuple[Family, ...] = (*_SPEED, "quality", "length")
_UTILISATION: tuple[Family, ...] = ("utilisation",)
_CLIENT: tuple[Family, ...] = ("latency", "throughput", "start-up", "client")
_EXPLAINS: dict[str, tuple[Family, ...]] = {
    "devices": _SPEED,
    "engine": _EVERYTHING,
    "image": _EVERYTHING,
    "runtime": ("latency", "start-up"),
    "served model": _EVERYTHING,
    "system fingerprint": _EVERYTHING,
    "precision": _EVERYTHING,
    "tensor parallel": _SPEED,
    "prefix caching": ("latency", "throughput", "energy"),
    "quantisation": _EVERYTHING,
    "speculative decoding": _EVERYTHING,
    "longest sequence": ("throughput", "start-up"),
    "declared peak": _UTILISATION,
    "arguments": _EVERYTHING,
    "environment": _EVERYTHING,
    **dict.fromkeys(_FACTS, _CLIENT),
    **dict.fromkeys(_PEAK_FACTS, _UTILISATION),
    "conversion.outputs_sha256": _EVERYTHING,
    "image.base": _EVERYTHING,
}
"""What a difference may explain; what is not here is shown without a word on that."""


_MOMENTARY: Final = {
    "host.memory_available_bytes",
    "host.load_1min",
    "host.cpu.clock_mhz",
    *_PEAK_FACTS,
} - {"peak.measured_device", "peak.measured_dtype"}
"""Facts that change from minute to minute on a machine that nobody changed."""


def unchanged(a: Scorecard, b: Scorecard) -> bool:
    """Whether two runs of one plan were made by the same suite, with the same software, on the same machine."""
    same_plan = a.run.plan_sha256 == b.run.plan_sha256
    return same_plan and all(
        line.what in _MOMENTARY or _device_member(line.what) in MEASURED for line in subjects(a, b)
    )


def _device_member(name: str) -> str:
    """What of a device a fact is about; "" where it is about something else."""
    kind, _, rest = name.partition(".")
    return rest.partition(".")[2] if kind == "device" else ""


def subjects(a: Scorecard, b: Scorecard) -> list[Subject]:
    """What differs and forbids nothing, the engine's arguments and environment item by item."""
    lines = [
        Subject(what=what, title=_text(title), a=read(a), b=read(b))
        for what, title, read in _LINES
        if read(a) != read(b)
    ]
    arguments, environment = (
        Bilingual("Arguments", "启动参数"),
        Bilingual("Environment", "环境变量"),
    )
    lines += _items("arguments", arguments, _options(a), _options(b))
    lines += _items("environment", environment, _variables(a), _variables(b))
    return [_placed(line, a, b) for line in (*lines, *_facts(a, b))]


def _placed(line: Subject, a: Scorecard, b: Scorecard) -> Subject:
    pointer = _STANDING.get(line.what, "/environment")
    return replace(
        line,
        standing_a=a.standing.get(pointer, UNSET),
        standing_b=b.standing.get(pointer, UNSET),
        may_explain=_EXPLAINS.get(
            line.what, _EVERYTHING if line.what.startswith(PACKAGE) else UNSET
        ),
    )


def _text(words: Bilingual) -> Text:
    return Text(en=words.en, zh=words.zh)


def _items(what: str, title: Bilingual, a: Sequence[str], b: Sequence[str]) -> list[Subject]:
    if a == b:
        return []
    first, second = Counter(a), Counter(b)
    return [
        Subject(
            what=what,
            title=_text(title),
            a=" ".join(a),
            b=" ".join(b),
            only_a=tuple((first - second).elements()),
            only_b=tuple((second - first).elements()),
        )
    ]


def _options(card: Scorecard) -> list[str]:
    """The command line, each option with its values."""
    options: list[str] = []
    for argument in card.engine.arguments:
        if options and options[-1].startswith("-") and not argument.startswith("-"):
            options[-1] += f" {argument}"
        else:
            options.append(argument)
    return options


def _variables(card: Scorecard) -> list[str]:
    return [f"{name}={value}" for name, value in card.engine.environment.items()]


def _facts(a: Scorecard, b: Scorecard) -> list[Subject]:
    """Facts about the environment that differ; two that nobody knows are alike."""
    lines = []
    for name in sorted(({*a.environment, *b.environment}) - _COVERED):
        first, second = _fact(a.environment.get(name)), _fact(b.environment.get(name))
        if first != second:
            lines.append(Subject(what=name, title=_text(_title(name)), a=first, b=second))
    names = list(_FACTS)
    return sorted(lines, key=lambda line: names.index(line.what) if line.what in _FACTS else 99)


def _title(name: str) -> Bilingual:
    words = DEVICE_FACTS.get(_device_member(name))
    if words is not None:
        index = name.split(".")[1]
        return Bilingual(f"Device {index}, {words.en}", f"设备 {index}，{words.zh}")
    package = name.removeprefix(PACKAGE)
    if package != name:
        return Bilingual(f"Engine's package {package}", f"引擎的软件包 {package}")
    return _FACTS.get(name, Bilingual(name, name))


def _fact(fact: CardFact | None) -> str:
    if fact is None:
        return ABSENT
    return _UNKNOWN if fact.value is UNSET else given(fact.value, "")
