"""The border to the Docker SDK: connecting, and turning its exceptions into ours, once."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import docker
import requests.exceptions
from docker import errors
from docker.utils import kwargs_from_env

from suite.base.errors import EngineError, SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

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
    """Whether a Docker engine answers.

    Attributes:
        ok: it does.
        why: if not, one short phrase why.
        version: of the engine, "" if none answers.
        rootless: the engine runs without root.
    """

    ok: bool
    why: str
    version: str = ""
    rootless: bool = False


def docker_available() -> DockerStatus:
    """Ask the Docker engine for its version. Never raises."""
    try:
        with connect(CONNECT_TIMEOUT_S) as client, translated():
            info = client.version()
            options = [str(option) for option in client.info().get("SecurityOptions") or []]
    except SetupError as error:
        return DockerStatus(ok=False, why=error.message)
    rootless = any("rootless" in option for option in options)
    return DockerStatus(ok=True, why="", version=str(info.get("Version", "")), rootless=rootless)


@contextlib.contextmanager
def connect(timeout_s: int = CALL_TIMEOUT_S) -> Iterator[DockerClient]:
    """A client of the engine that the environment names, closed at the end.

    Exceptions inside the block are left alone; wrap calls of the SDK in `translated`.

    Raises:
        SetupError: ``docker-unreachable``, ``docker-failed``.
    """
    with contextlib.ExitStack() as stack:
        with translated():
            _knock()
            client = docker.from_env(timeout=timeout_s)
            stack.callback(client.close)
            client.ping()
        yield client


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn exceptions of the SDK and its transport into `SetupError`.

    Never around code of others: a connection that they fail to open is none to the Docker engine.
    """
    try:
        yield
    except errors.APIError as error:
        raise SetupError("docker-failed", f"the Docker engine refused: {explain(error)}") from error
    except (errors.DockerException, *_UNREACHABLE) as error:
        raise _unreachable(error) from error


@contextlib.contextmanager
def start_translated() -> Iterator[None]:
    """Turn a refusal to create or start a container into `EngineError`."""
    try:
        yield
    except errors.APIError as error:
        raise EngineError(
            "engine-start-failed", f"the Docker engine refused the container: {explain(error)}"
        ) from error


def _knock() -> None:
    """Try the engine's Unix socket first: the SDK leaves its own socket open when it is refused."""
    address = str(kwargs_from_env().get("base_url") or "unix:///var/run/docker.sock")
    scheme, _, path = address.partition("://")
    if scheme in {"unix", "http+unix"}:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_TIMEOUT_S)
            probe.connect("/" + path.lstrip("/"))


def explain(error: errors.APIError) -> str:
    """The engine's own sentence."""
    return str(error.explanation or error).strip().replace("\n", " ")[:500]


def _unreachable(error: Exception) -> SetupError:
    text = str(error)
    if "Permission" in text:
        why = "its socket may not be opened by this user"
        hint = "add the user to the group docker, or use sudo"
    elif "No such file" in text or "FileNotFound" in text:
        why = "its socket does not exist"
        hint = "install and start a Docker engine"
    elif "refused" in text:
        why = "its socket refuses connections"
        hint = "start the Docker engine"
    elif "timed out" in text or "Timeout" in type(error).__name__:
        why = "it does not answer in time"
        hint = "is the Docker engine overloaded or hanging?"
    else:
        why = text.replace("\n", " ")[:200]
        hint = "is a Docker engine running, and is DOCKER_HOST right?"
    return SetupError("docker-unreachable", f"no Docker engine answers: {why}", hint=hint)
