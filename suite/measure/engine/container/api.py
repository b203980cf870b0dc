"""The border to the Docker SDK: connecting, and turning its exceptions into ours, once."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests.exceptions
from docker import DockerClient, errors

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EngineError, SetupError
from suite.measure.engine.container.daemon import Daemon, choose_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_TIMEOUT_S = 10
# Creating a container may wait for the storage driver on a busy machine; builds and pulls stream.
CALL_TIMEOUT_S = 300

_UNREACHABLE = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    ConnectionError,
    FileNotFoundError,
    PermissionError,
)


@dataclass(frozen=True, slots=True)
class DockerStatus:
    """Whether a Docker engine answers, and which.

    Attributes:
        ok: it does.
        why: if not, one short sentence why.
        hint: and what to do about it.
        address: what was asked, such as ``unix:///var/run/docker.sock``; "" when none could be chosen.
        source: what chose that address: a variable, a context, a default socket.
        product: ``Docker`` or ``Podman``, "" if none answers.
        version: of the engine, "" if none answers.
        rootless: the engine runs without root.
        storage: driver of its images, such as ``overlay2``.
        directory: where it keeps them.
        free_bytes: what is free there; None where that disk is not this system's.
    """

    ok: bool
    why: str
    hint: str = ""
    address: str = ""
    source: str = ""
    product: str = ""
    version: str = ""
    rootless: bool = False
    storage: str = ""
    directory: str = ""
    free_bytes: int | None = None


def docker_available() -> DockerStatus:
    """Ask the Docker engine who it is and where it keeps its images. Never raises."""
    daemon = None
    try:
        daemon = choose_daemon()
        with connect(CONNECT_TIMEOUT_S, daemon=daemon) as client, translated(daemon):
            version, info = client.version(), client.info()
    except SetupError as error:
        return DockerStatus(
            ok=False,
            why=error.message,
            hint=error.hint,
            address="" if daemon is None else daemon.address,
            source="" if daemon is None else daemon.source,
        )
    directory = str(info.get("DockerRootDir") or "")
    return DockerStatus(
        ok=True,
        why="",
        address=daemon.address,
        source=daemon.source,
        product=product(version),
        version=str(version.get("Version", "")),
        rootless=is_rootless(info),
        storage=str(info.get("Driver") or ""),
        directory=directory,
        free_bytes=free_bytes(directory),
    )


def product(version: dict[str, object]) -> str:
    """Who made the engine, from its answer to the question for its version."""
    parts = version.get("Components")
    names = [str(part.get("Name", "")) for part in parts] if isinstance(parts, list) else []
    return "Podman" if any("Podman" in name for name in names) else "Docker"


def is_rootless(info: dict[str, object]) -> bool:
    """Whether the engine runs without root."""
    options = info.get("SecurityOptions")
    return isinstance(options, list) and any("rootless" in str(option) for option in options)


def free_bytes(directory: str) -> int | None:
    """Free space where the engine keeps its images; None where this system has no such directory."""
    try:
        return shutil.disk_usage(directory).free if directory else None
    except OSError:
        return None


@contextlib.contextmanager
def connect(
    timeout_s: int = CALL_TIMEOUT_S, *, daemon: Daemon | None = None
) -> Iterator[DockerClient]:
    """A client of the engine that Docker's own command line would take, closed at the end.

    Exceptions inside the block are left alone; wrap calls of the SDK in `translated`.

    Raises:
        SetupError: ``docker-unreachable``, ``docker-failed``, ``docker-remote``, ``docker-context-wrong``.
    """
    chosen = choose_daemon() if daemon is None else daemon
    with contextlib.ExitStack() as stack:
        with translated(chosen):
            _knock(chosen)
            client = DockerClient(
                base_url=chosen.address,
                tls=chosen.tls() or False,
                timeout=timeout_s,
            )
            stack.callback(client.close)
            # An engine of this machine is never behind the proxy that a variable may name.
            client.api.trust_env = False
            client.ping()
        yield client


@contextlib.contextmanager
def translated(daemon: Daemon | None = None) -> Iterator[None]:
    """Turn exceptions of the SDK and its transport into `SetupError`; `daemon` is named in it.

    Never around code of others: a connection that they fail to open is none to the Docker engine.
    """
    try:
        yield
    except errors.APIError as error:
        raise SetupError(
            "docker-failed",
            Sentence(
                f"the Docker engine refused: {explain(error)}", f"Docker 引擎拒绝：{explain(error)}"
            ),
        ) from error
    except (errors.DockerException, *_UNREACHABLE) as error:
        raise _unreachable(error, daemon) from error


@contextlib.contextmanager
def start_translated() -> Iterator[None]:
    """Turn a refusal to create or start a container into `EngineError`."""
    try:
        yield
    except errors.APIError as error:
        raise EngineError(
            "engine-start-failed",
            Sentence(
                f"the Docker engine refused the container: {explain(error)}",
                f"Docker 引擎拒绝创建容器：{explain(error)}",
            ),
        ) from error


def _knock(daemon: Daemon) -> None:
    """Try the engine's Unix socket first: the SDK leaves its own socket open when it is refused."""
    if daemon.socket_path is not None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_TIMEOUT_S)
            probe.connect(daemon.socket_path)


def explain(error: errors.APIError) -> str:
    """The engine's own sentence."""
    return str(error.explanation or error).strip().replace("\n", " ")[:500]


def _unreachable(error: Exception, daemon: Daemon | None) -> SetupError:
    text = str(error)
    why: str
    by_socket = daemon is None or daemon.socket_path is not None
    place = Sentence("its socket", "其套接字") if by_socket else Sentence("its address", "其地址")
    if "Permission" in text:
        why = Sentence("its socket may not be opened by this user", "当前用户无权打开其套接字")
        hint = Sentence(
            "add the user to the group docker, or use sudo", "将该用户加入 docker 组，或使用 sudo"
        )
    elif "No such file" in text or "FileNotFound" in text:
        why = Sentence("its socket does not exist", "其套接字不存在")
        hint = Sentence("install and start a Docker engine", "安装并启动 Docker 引擎")
    elif "refused" in text:
        why = Sentence(f"{place} refuses connections", f"{chinese(place)}拒绝连接")
        hint = Sentence("start the Docker engine", "启动 Docker 引擎")
    elif "SSL" in text or "certificate" in text or "HTTPS server" in text:
        why = Sentence(f"TLS fails: {_reason(text)}", f"TLS 失败：{_reason(text)}")
        hint = Sentence(
            "are DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or the context's certificates, the engine's?",
            "DOCKER_TLS_VERIFY、DOCKER_CERT_PATH 或该 context 的证书是否属于该引擎？",
        )
    elif "timed out" in text or "Timeout" in type(error).__name__:
        why = Sentence("it does not answer in time", "未在限时内应答")
        hint = Sentence(
            "is the Docker engine overloaded or hanging?", "Docker 引擎是否过载或无响应？"
        )
    else:
        why = text.replace("\n", " ")[:200]
        hint = Sentence(
            "is a Docker engine running, and does it listen there?",
            "Docker 引擎是否在运行，并监听该地址？",
        )
    at = "" if daemon is None else f" at {daemon.title}"
    where = "" if daemon is None else f"{daemon.title} 处"
    message = Sentence(
        f"no Docker engine answers{at}: {why}", f"{where}没有 Docker 引擎应答：{chinese(why)}"
    )
    return SetupError("docker-unreachable", message, hint=hint)


def _reason(text: str) -> str:
    """OpenSSL's own words, out of the exceptions that they are wrapped in."""
    match = re.search(r"\[SSL[^\]]*\] ([^()'\"]+)", text)
    return match.group(1).strip() if match else text.replace("\n", " ")[:200]
