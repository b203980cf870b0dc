"""What a run needs of this machine beside its devices, asked without starting or fetching anything."""

from __future__ import annotations

import ctypes
import enum
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import SetupError
from suite.base.status import Outcome
from suite.declare.vendor.releases import beyond, found
from suite.documents.document import given
from suite.measure import host, memory, processors
from suite.measure.engine.container.api import (
    CONNECT_TIMEOUT_S,
    connect,
    docker_available,
    translated,
)
from suite.measure.engine.container.image import image_here
from suite.measure.engine.environment import environment_made, environment_packages
from suite.measure.preflight import FILES_HINT, SPARE_FILES, connections, run_preflight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.engine import Image
    from suite.documents.plan import Plan
    from suite.documents.vendor_engine import VersionRange
    from suite.measure.engine import Settings

MIN_FREE_BYTES: Final = 64 << 20
"""A run that starts with less free space than this will not end well; a smoke run writes about 1 MiB."""
ROOMY_BYTES: Final = 1 << 30
"""Free space with which even a long run of many requests ends well."""
FETCH_BYTES: Final = 12 << 30
"""What an engine's image or environment may take while it is made: wheels, layers and the result."""
_CLOCK_ERROR: Final = 5
"""What adjtimex(2) returns while the clock is not synchronised (TIME_ERROR)."""


class Topic(enum.StrEnum):
    """What a check is about."""

    SUITE = "suite"
    DEVICES = "devices"
    DOCKER = "docker"
    IMAGE = "image"
    ENVIRONMENT = "environment"
    DISK = "disk"
    MEMORY = "memory"
    PROCESSORS = "processors"
    PORTS = "ports"
    CONNECTIONS = "connections"
    CLOCK = "clock"
    MODEL = "model"
    DATA = "data"
    KEY = "key"
    DIVISION = "division"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a check-up.

    Attributes:
        topic: what it is about.
        what: the same for people, where the topic's name does not say it.
        outcome: pass, warn (the run goes on, and what to know) or fail (it would not).
        answer: what the machine answered.
        advice: what to do; empty where nothing is to be done.
    """

    topic: Topic
    outcome: Outcome
    answer: str
    advice: str = ""
    what: str = ""


def check_machine(
    plan: Plan, runs: Path, settings: Settings, releases: VersionRange | None = None
) -> Iterator[Check]:
    """Ask everything that this plan needs of the machine.

    Args:
        plan: what would run.
        runs: directory that a run would be written to; it need not exist.
        settings: of this machine.
        releases: of the engine, that its declaration was written for; None where it names none.
    """
    for answer in run_preflight(plan):
        outcome = Outcome.PASS if answer.ok else Outcome.FAIL
        advice = "" if answer.ok else answer.check.hint
        yield Check(Topic.DEVICES, outcome, answer.why, advice, answer.check.what)
    yield from _docker(plan)
    yield from _environment(plan, settings, releases)
    yield from _disk(plan, runs, settings)
    yield from _memory(plan)
    yield from _processors()
    yield from _ports(plan)
    yield _connections(plan)
    yield _clock()


def _connections(plan: Plan) -> Check:
    """Whether as many requests can be out at once as the plan sends."""
    most, limit = connections(plan)
    answer = Sentence(
        f"{most:,} at once, {limit:,} open files allowed",
        f"同时 {most:,} 个，允许打开 {limit:,} 个文件",
    )
    if most + SPARE_FILES > limit:
        return Check(Topic.CONNECTIONS, Outcome.FAIL, answer, FILES_HINT)
    return Check(Topic.CONNECTIONS, Outcome.PASS, answer)


def _docker(plan: Plan) -> Iterator[Check]:
    """The Docker engine and the image, where the plan runs in a container or would have, had there been one."""
    if plan.runtime not in ("container", "process"):
        return
    status = docker_available()
    needed = plan.runtime == "container"
    if not status.ok:
        outcome = Outcome.FAIL if needed else Outcome.WARN
        yield Check(Topic.DOCKER, outcome, status.why, status.hint)
        return
    try:
        with connect(CONNECT_TIMEOUT_S) as client, translated():
            present = plan.engine.image is not None and image_here(client, plan.engine.image)
    except SetupError as refused:
        yield Check(Topic.DOCKER, Outcome.FAIL, refused.message, refused.hint)
        return
    rootless = Sentence(", rootless", "，rootless") if status.rootless else ""
    answer = Sentence(
        f"{status.product} {status.version} at {status.address} ({status.source}), "
        f"storage {status.storage}{rootless}",
        f"{status.product} {status.version}，位于 {status.address}（{chinese(status.source)}），存储 {status.storage}{chinese(rootless)}",
    )
    yield Check(Topic.DOCKER, Outcome.PASS, answer)
    if plan.engine.image is not None:
        yield _image(plan, plan.engine.image, here=present)
        if not present and status.free_bytes is not None:
            # The daemon writes there, whatever this user may do.
            yield _room(
                status.free_bytes,
                status.directory,
                FETCH_BYTES,
                0,
                Sentence("Docker's images", "Docker 的镜像"),
            )


def _image(plan: Plan, image: Image, *, here: bool) -> Check:
    if here:
        return Check(
            Topic.IMAGE,
            Outcome.PASS,
            Sentence(f"{image.reference} is here", f"{image.reference} 已在本机"),
        )
    missing = Sentence(f"{image.reference} is not on this machine", f"{image.reference} 不在本机")
    if image.source in ("local", "tarball"):
        advice = Sentence(
            "docker load it, or name another with --image",
            "请用 docker load 载入，或以 --image 指定其他镜像",
        )
        return Check(Topic.IMAGE, Outcome.FAIL, missing, advice)
    built = image.source == "build"
    how = Sentence("built", "构建") if built else Sentence("pulled", "拉取")
    ahead = Sentence(
        f"the run has it {how}; `suite prepare --vendor {plan.vendor.id}` does so ahead of time",
        f"运行时会{how.zh}；`suite prepare --vendor {plan.vendor.id}` 可预先完成",
    )
    return Check(Topic.IMAGE, Outcome.WARN, missing, ahead)


def _environment(plan: Plan, settings: Settings, releases: VersionRange | None) -> Iterator[Check]:
    process = plan.engine.process
    if process is None:
        return
    if process.python is not UNSET:
        yield _given_environment(process.python, releases)
        return
    name = f".venv-{process.environment}"
    try:
        environment = environment_made(
            given(process.environment, ""), given(process.requirements, ""), settings
        )
    except SetupError as refused:
        yield Check(
            Topic.ENVIRONMENT,
            Outcome.FAIL,
            refused.message,
            Sentence("install the suite again", "请重新安装套件"),
        )
        return
    if environment:
        yield Check(
            Topic.ENVIRONMENT,
            Outcome.PASS,
            Sentence(f"{name} is made and current", f"{name} 已建立且为最新"),
        )
        return
    advice = Sentence(
        f"the run makes it; `suite prepare --vendor {plan.vendor.id} --runtime process` does so ahead of time",
        f"运行时会建立；`suite prepare --vendor {plan.vendor.id} --runtime process` 可预先建立",
    )
    yield Check(
        Topic.ENVIRONMENT, Outcome.WARN, Sentence(f"{name} is not made", f"{name} 尚未建立"), advice
    )
    yield _free(
        settings.environments,
        FETCH_BYTES,
        0,
        Sentence("where environments are made", "环境的建立位置"),
    )


def _given_environment(python: str, releases: VersionRange | None) -> Check:
    """The interpreter that the user named, what is installed for it, and whether the engine is."""
    try:
        packages = environment_packages(Path(python))
    except SetupError as refused:
        return Check(Topic.ENVIRONMENT, Outcome.FAIL, refused.message, refused.hint)
    answer = f"{python}: Python {packages.get('python', 'unknown')}, {len(packages) - 1} packages"
    why = ""
    if releases is not None:
        name = releases.package
        missing = Sentence(f"it has no package {name}", f"其中没有软件包 {name}")
        why = beyond(packages, releases) if found(packages, releases) else missing
    return Check(Topic.ENVIRONMENT, Outcome.WARN if why else Outcome.PASS, answer, why)


def _disk(plan: Plan, runs: Path, settings: Settings) -> Iterator[Check]:
    yield _free(
        runs, ROOMY_BYTES, MIN_FREE_BYTES, Sentence("where runs are written", "运行结果的写入位置")
    )
    yield _free(settings.cache, MIN_FREE_BYTES, 0, Sentence("the cache", "缓存"))
    step = plan.conversion
    if step is not None and not Path(step.host_target).exists():
        need = plan.model.facts.weight_bytes
        yield _free(
            Path(step.host_target),
            2 * need,
            need,
            Sentence("where converted weights go", "转换权重的存放位置"),
        )


def _free(directory: Path, roomy: int, least: int, what: str) -> Check:
    """Whether a directory, or the nearest above it that exists, can be written and has room (bytes)."""
    place = directory.absolute()
    above = next((path for path in (place, *place.parents) if path.exists()), Path("/"))
    if not os.access(above, os.W_OK):
        advice = Sentence(
            "name another place with --out, SUITE_CACHE or --converted",
            "请以 --out、SUITE_CACHE 或 --converted 指定其他位置",
        )
        answer = Sentence(f"{above} may not be written to", f"{above} 不可写")
        return Check(Topic.DISK, Outcome.FAIL, answer, advice, what)
    return _room(shutil.disk_usage(above).free, str(above), roomy, least, what)


def _room(free: int, where: str, roomy: int, least: int, what: str) -> Check:
    answer = Sentence(
        f"{free / 2**30:.1f} GiB free at {where}", f"{where} 处可用 {free / 2**30:.1f} GiB"
    )
    if free >= roomy:
        return Check(Topic.DISK, Outcome.PASS, answer, "", what)
    outcome = Outcome.WARN if free >= least else Outcome.FAIL
    advice = Sentence(
        f"{roomy / 2**30:.1f} GiB would do; free some space",
        f"需要 {roomy / 2**30:.1f} GiB；请释放空间",
    )
    return Check(Topic.DISK, outcome, answer, advice, what)


def _memory(plan: Plan) -> Iterator[Check]:
    """The host's memory against the weights, where the engine computes on the host itself or loads through it."""
    if plan.runtime not in ("container", "process"):
        return
    fact = host.facts()["host.memory_available_bytes"]
    if not isinstance(fact.value, int):
        yield Check(
            Topic.MEMORY,
            Outcome.WARN,
            placed(Sentence("not known", "未知"), given(fact.unknown, "")),
        )
        return
    weights = plan.model.facts.weight_bytes
    room = memory.Limit(fact.value, "")
    if plan.runtime == "process":  # a container's memory is the Docker engine's to give
        room = min(room, *memory.limits(), key=lambda limit: limit.left)
    answer = Sentence(
        f"{room.left / 2**30:.1f} GiB available, the weights have {weights / 2**30:.1f} GiB",
        f"可用 {room.left / 2**30:.1f} GiB，权重为 {weights / 2**30:.1f} GiB",
    )
    advice = Sentence(
        "end other programs, or take a smaller model", "请结束其他程序，或使用更小的模型"
    )
    if room.name:
        answer = placed(room.name, answer)
        advice = Sentence(
            "raise that limit, or take a smaller model", "请提高该限制，或使用更小的模型"
        )
    if room.left >= 2 * weights + ROOMY_BYTES:
        yield Check(Topic.MEMORY, Outcome.PASS, answer)
        return
    on_host = plan.devices.accelerator == "cpu"
    outcome = Outcome.FAIL if on_host and room.left < weights else Outcome.WARN
    yield Check(Topic.MEMORY, outcome, answer, advice)


def _processors() -> Iterator[Check]:
    """Whether a control group stops the load client, and an engine that is a process, while processors are free."""
    usable, limit = len(os.sched_getaffinity(0)), processors.quota()
    if limit is None or limit[0] >= usable:
        return
    answer = Sentence(
        f"the time of {limit[0]:.3g} of {usable} processors",
        f"{usable} 个处理器中 {limit[0]:.3g} 个的时间",
    )
    advice = Sentence(
        "lift that limit, or bind the job to processors of its own: whoever takes more is stopped for tens of milliseconds",
        "请取消该限制，或将作业绑定到专用的处理器：超出者会被暂停数十毫秒",
    )
    yield Check(Topic.PROCESSORS, Outcome.WARN, placed(limit[1], answer), advice)


def _ports(plan: Plan) -> Iterator[Check]:
    """The port that the engine takes on this machine: a fixed one on the host's network, else any free one."""
    container = plan.engine.container
    fixed = container is not None and container.network == "host"
    if plan.runtime not in ("process", "sim") and not fixed:
        return
    port = plan.engine.port if fixed else 0
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as cause:
            answer = f"127.0.0.1:{port}: {cause.strerror}"
            advice = Sentence(
                "end the program that listens there: the engine shares the host's network",
                "请结束监听该端口的程序：引擎共用主机网络",
            )
            yield Check(Topic.PORTS, Outcome.FAIL, answer, advice)
            return
    answer = (
        Sentence(f"127.0.0.1:{port} is free", f"127.0.0.1:{port} 空闲")
        if fixed
        else Sentence("the loopback address has free ports", "回环地址有空闲端口")
    )
    yield Check(Topic.PORTS, Outcome.PASS, answer)


def _clock() -> Check:
    """Arrivals are stamped in wall-clock time: a clock that nothing disciplines may be set in mid-run."""
    source = host.facts()["host.clocksource"]
    named = (
        Sentence(f"clock source {source.value}", f"时钟源 {source.value}")
        if isinstance(source.value, str)
        else Sentence("clock source unknown", "时钟源未知")
    )
    if not hasattr(libc := ctypes.CDLL(None, use_errno=True), "adjtimex"):
        return Check(
            Topic.CLOCK,
            Outcome.WARN,
            Sentence(f"{named}; synchronisation unknown", f"{chinese(named)}；同步状态未知"),
        )
    # struct timex is 208 bytes on 64-bit Linux; all zero asks and changes nothing.
    state = libc.adjtimex(ctypes.create_string_buffer(512))
    if state < 0:
        return Check(
            Topic.CLOCK,
            Outcome.WARN,
            Sentence(f"{named}; synchronisation unknown", f"{chinese(named)}；同步状态未知"),
        )
    if state == _CLOCK_ERROR:
        advice = Sentence(
            "start chrony or systemd-timesyncd before the run, and let it settle; see rule R005",
            "请在运行前启动 chrony 或 systemd-timesyncd 并等待其稳定；见规则 R005",
        )
        return Check(
            Topic.CLOCK,
            Outcome.WARN,
            Sentence(f"{named}; not synchronised", f"{chinese(named)}；未同步"),
            advice,
        )
    return Check(
        Topic.CLOCK, Outcome.PASS, Sentence(f"{named}; synchronised", f"{chinese(named)}；已同步")
    )
