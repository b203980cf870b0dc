"""Attempts as actors of a Ray cluster: the only module that imports ray.

Every machine's node is started with two resources of its own, `suite:NAME` and `suite:VENDOR` or `suite:VENDOR:ACCELERATOR`;
an attempt reserves both in a placement group. It is an actor and no task, because a task on a node whose link is cut never
fails (tried: 240 s). Nothing is started a second time by Ray: actors restart and repeat nothing. They are detached, so that
what runs outlives a controller that is killed, and is found by its name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING, Any, ClassVar, Final

from suite.base.addresses import split_address
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, extra
from suite.measure.fleet.backend import Gone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from suite.documents.fleet import BackendName, Machine
    from suite.measure.fleet.attempt import Files

NAMESPACE: Final = "suite-fleet"
CONNECT_S: Final = 10.0
"""How long the head of a cluster may take to accept a connection, seconds."""
PLACE_S: Final = 30.0
"""How long a free node may take to accept an attempt, seconds."""
ANSWER_S: Final = 5.0
"""How long an actor may take to answer before its node is looked at, seconds."""


class Unit:
    """What runs on a node: the script of one attempt."""

    def __init__(self, script: str) -> None:
        """Start it at the priority of Ray's own daemon: Ray gives what it starts a niceness of 15, and so what it measures.

        Raises:
            PermissionError: nobody but root may take the niceness back.
        """
        usual = os.getpriority(os.PRIO_PROCESS, os.getppid())
        if os.getpriority(os.PRIO_PROCESS, 0) > usual:
            try:
                os.setpriority(os.PRIO_PROCESS, 0, usual)
            except PermissionError as cause:
                raise PermissionError("start its node with RAY_worker_niceness=0") from cause
        self._child = subprocess.Popen(
            ["sh", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def over(self) -> bool:
        """Whether it ended."""
        return self._child.poll() is not None


def resources(machine: Machine) -> dict[str, float]:
    """What the node of a machine is started with (`ray start --resources`) and an attempt on it reserves."""
    vendor, accelerator, _ = machine.kind
    return {
        _named(machine.name): 1.0,
        f"suite:{':'.join(filter(None, (vendor, accelerator)))}": 1.0,
    }


def _handle(machine: str, name: str, index: int) -> str:
    return f"{machine}/{name}/{index}"


def _named(machine: str) -> str:
    return f"suite:{machine}"


@contextlib.contextmanager
def own_sigterm() -> Iterator[None]:
    """Keep what SIGTERM does: Ray makes it end the driver with a status of its own, and nobody learns what to do next."""
    usual = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:  # one that came in between
        signal.signal(signal.SIGTERM, usual)
        signal.raise_signal(signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, usual)


def require_answer(address: str) -> None:
    """Refuse a head that does not answer: Ray itself would ask it for minutes.

    Args:
        address: HOST:PORT; any other, such as ``auto``, is Ray's to understand.

    Raises:
        SetupError: ``fleet-backend-failed``.
    """
    try:
        where = split_address(address)
    except SetupError:
        return
    try:
        socket.create_connection(where, CONNECT_S).close()
    except OSError as cause:
        message = Sentence(
            f"nothing answers at {address}: {cause.strerror or cause}",
            f"{address} 处没有应答：{cause.strerror or cause}",
        )
        hint = Sentence(
            "give the address and port of the cluster's head, as for `ray start --address`",
            "请给出集群主节点的地址与端口，与 `ray start --address` 相同",
        )
        raise SetupError("fleet-backend-failed", message, hint=hint) from cause


class Ray:
    """See `suite.measure.fleet.backend.Backend`. A handle is the name of an actor and of its placement group."""

    name: ClassVar[BackendName] = "ray"
    batch: ClassVar[int] = 1

    def __init__(self, address: str) -> None:
        """Join a cluster.

        Args:
            address: of its head, or ``auto``.

        Raises:
            SetupError: ``fleet-backend-missing``, ``fleet-ray-open``, ``fleet-backend-failed``.
        """
        try:
            import ray
            from ray import util
        except ImportError as cause:
            message = Sentence("ray is not installed", "未安装 ray")
            raise SetupError("fleet-backend-missing", message, hint=extra("ray")) from cause
        if os.environ.get("RAY_AUTH_MODE") != "token":
            hint = Sentence(
                "start cluster and controller with RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH",
                "请以 RAY_AUTH_MODE=token 与 RAY_AUTH_TOKEN_PATH 启动集群与控制器",
            )
            raise SetupError(
                "fleet-ray-open",
                Sentence("RAY_AUTH_MODE is not token", "RAY_AUTH_MODE 不是 token"),
                hint=hint,
            )
        require_answer(address)
        self.settle_s = 5.0
        self._ray: Any = ray
        self._util: Any = util
        self._actors: dict[str, Any] = {}
        try:
            with own_sigterm():
                ray.init(
                    address=address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR"
                )
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as cause:
            words = " ".join(str(cause).split())[:500]
            message = Sentence(
                f"cannot join the Ray cluster at {address}: {words}",
                f"无法加入 {address} 的 Ray 集群：{words}",
            )
            hint = Sentence(
                "Ray says above why; RAY_AUTH_TOKEN_PATH must name the token that the cluster was started with",
                "原因见上方 Ray 的输出；RAY_AUTH_TOKEN_PATH 须指向启动集群时所用的令牌",
            )
            raise SetupError("fleet-backend-failed", message, hint=hint) from cause

    def submit(self, machine: Machine, attempts: Sequence[Files], name: str) -> list[str]:
        """Start an actor for each attempt on the machine's node."""
        return [
            self._start(machine, at, _handle(machine.name, name, n))
            for n, at in enumerate(attempts)
        ]

    def _start(self, machine: Machine, at: Files, handle: str) -> str:
        wanted = resources(machine)
        if not self._alive(machine.name, wanted):
            named = " and ".join(wanted)
            raise SetupError(
                "fleet-unplaced",
                Sentence(f"no node that is up has {named}", f"在线的节点均没有 {named}"),
            )
        group = self._util.placement_group([wanted], "STRICT_PACK", handle, lifetime="detached")
        if not group.wait(PLACE_S):
            self._util.remove_placement_group(group)
            message = Sentence(
                f"the node of {machine.name} took nothing for {PLACE_S:g} s",
                f"{machine.name} 的节点在 {PLACE_S:g} 秒内没有接受任何任务",
            )
            raise SetupError("fleet-unplaced", message)
        strategy = self._util.scheduling_strategies.PlacementGroupSchedulingStrategy(group)
        kind = self._ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)(Unit)
        self._actors[handle] = kind.options(
            name=handle, lifetime="detached", scheduling_strategy=strategy, resources=wanted
        ).remote(str(at.script))
        return handle

    def _alive(self, machine: str, wanted: Mapping[str, float] | None = None) -> bool:
        """Whether a node with a machine's resources is up."""
        names = (wanted or {_named(machine): 1.0}).keys()
        return any(
            node["Alive"] and names <= node["Resources"].keys() for node in self._ray.nodes()
        )

    def find(self, machine: str, at: Files, name: str, index: int) -> str:  # noqa: ARG002 - Ray knows the name
        """The actor of that name; where there is none, what its placement group would hold for ever is given back."""
        handle = _handle(machine, name, index)
        try:
            self._actors[handle] = self._ray.get_actor(handle)
        except ValueError:
            self.release(handle)
            return ""
        return handle

    def gone(self, handles: Mapping[str, Files]) -> dict[str, Gone]:
        """Those whose actor or node is no more."""
        over: dict[str, Gone] = {}
        asked = {}
        for handle in handles:
            try:
                actor = self._actors.get(handle) or self._ray.get_actor(handle)
            except ValueError:
                over[handle] = Gone("fleet-lost", "Ray does not know it any more")
                continue
            self._actors[handle] = actor
            asked[actor.over.remote()] = handle
        ready, silent = [], []
        if asked:
            ready, silent = self._ray.wait(
                list(asked), num_returns=len(asked), timeout=ANSWER_S, fetch_local=False
            )
        for answer in ready:
            try:
                ended = self._ray.get(answer)
            except self._ray.exceptions.RayError as cause:
                words = str(cause).strip().partition("\n")[0][:500]
                over[asked[answer]] = Gone("fleet-lost", f"{type(cause).__name__}: {words}")
                continue
            if ended:
                why = "its process ended without an exit status"
                over[asked[answer]] = Gone("fleet-lost", why)
        for answer in silent:
            machine = asked[answer].partition("/")[0]
            if not self._alive(machine):
                over[asked[answer]] = Gone("fleet-lost", f"the node of {machine} is down")
        return over

    def release(self, handle: str) -> None:
        """End the actor and give back what its placement group holds."""
        actor = self._actors.pop(handle, None)
        if actor is not None:
            self._ray.kill(actor)
        with contextlib.suppress(ValueError):  # it went with its node
            self._util.remove_placement_group(self._util.get_placement_group(handle))

    def close(self) -> None:
        """Leave the cluster; actors run on."""
        self._ray.shutdown()
