"""Which Docker engine: looked for in the order of Docker's own command line, and named with what chose it.

``DOCKER_HOST``, ``DOCKER_CONTEXT``, the current context of ``~/.docker/config.json``, then the sockets that engines
listen on: Docker's, that of a rootless Docker, Podman's.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docker.errors import TLSParameterError
from docker.tls import TLSConfig

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.base.jsonio import JSONObject

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_CONTEXT = "default"
_TLS_VARIABLES = "DOCKER_TLS_VERIFY, DOCKER_CERT_PATH"
_TLS_FILES = ("ca.pem", "cert.pem", "key.pem")


@dataclass(frozen=True, slots=True)
class Daemon:
    """The address of a Docker engine.

    Attributes:
        address: ``unix:///…`` or ``tcp://127.0.0.1:…``.
        source: what chose it, for people.
        certificates: directory with ``ca.pem``, ``cert.pem`` and ``key.pem``; None without TLS.
        verify: the engine's certificate is checked.
    """

    address: str
    source: str
    certificates: Path | None = None
    verify: bool = True

    @property
    def title(self) -> str:
        """Address and what chose it."""
        return f"{self.address} ({self.source})"

    @property
    def socket_path(self) -> str | None:
        """Path of its Unix socket; None for TCP."""
        scheme, _, path = self.address.partition("://")
        return "/" + path.lstrip("/") if scheme == "unix" else None

    @property
    def words(self) -> tuple[str, ...]:
        """The address as arguments of ``remove.py``."""
        if self.certificates is None:
            return (self.address,)
        return (self.address, str(self.certificates), "verify" if self.verify else "")

    def tls(self) -> TLSConfig | None:
        """The SDK's form of the certificates.

        Raises:
            SetupError: ``docker-unreachable``: a certificate is missing.
        """
        if self.certificates is None:
            return None
        ca, certificate, key = (self.certificates / name for name in _TLS_FILES)
        try:
            # Files that are named and are not there would otherwise show as an error of the transport.
            pair = (str(certificate), str(key)) if certificate.exists() or key.exists() else None
            return TLSConfig(
                client_cert=pair, ca_cert=str(ca) if self.verify else None, verify=self.verify
            )
        except TLSParameterError as error:
            raise SetupError(
                "docker-unreachable",
                Sentence(
                    f"no Docker engine can be asked at {self.title}: the certificates in "
                    f"{self.certificates} cannot be used: {str(error).partition('.')[0]}",
                    f"无法向 {chinese(self.title)} 的 Docker 引擎发问：{self.certificates} 中的证书无法使用：{str(error).partition('.')[0]}",
                ),
                hint=Sentence(
                    f"{_TLS_VARIABLES} say whether TLS is used and where {', '.join(_TLS_FILES)} lie",
                    f"{_TLS_VARIABLES} 决定是否使用 TLS，以及 {', '.join(_TLS_FILES)} 位于何处",
                ),
            ) from error


def choose_daemon(environment: Mapping[str, str] | None = None) -> Daemon:
    """The engine that Docker's own command line would take.

    Args:
        environment: variables; None takes this process's.

    Raises:
        SetupError: ``docker-remote`` (its bind mounts would mean another machine), ``docker-context-wrong``.
    """
    variables = os.environ if environment is None else environment
    daemon = _chosen(variables)
    _refuse_remote(daemon)
    return daemon


def _chosen(variables: Mapping[str, str]) -> Daemon:
    if host := variables.get("DOCKER_HOST", "").strip():
        return Daemon(_normal(host), "DOCKER_HOST", *_variables_tls(variables))
    if name := variables.get("DOCKER_CONTEXT", ""):
        source = f"context {name} of DOCKER_CONTEXT"
    else:
        config = client_config(variables)
        name = str(config.get("currentContext") or "")
        source = f"current context {name} of {config_path(variables)}"
    if name and name != DEFAULT_CONTEXT:
        return _of_context(name, source, variables)
    return _default_socket(variables)


def config_path(variables: Mapping[str, str]) -> Path:
    """Where Docker's command line keeps its configuration."""
    directory = variables.get("DOCKER_CONFIG")
    home = variables.get("HOME") or str(_home())
    return Path(directory) / "config.json" if directory else Path(home) / ".docker" / "config.json"


def client_config(variables: Mapping[str, str]) -> JSONObject:
    """The configuration of Docker's command line; empty where there is none.

    Raises:
        SetupError: ``docker-context-wrong``: it is there and cannot be read.
    """
    path = config_path(variables)
    return _document(path) if _is_file(path) else {}


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without an entry, and no HOME
        return Path("/nonexistent")


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _document(path: Path) -> JSONObject:
    try:
        value = jsonio.loads(path.read_bytes(), name=str(path), error=SetupError, foreign=True)
    except (OSError, SetupError) as error:
        raise SetupError(
            "docker-context-wrong",
            Sentence(
                f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
                f"无法读取 {path}：{getattr(error, 'strerror', None) or error}",
            ),
            hint=Sentence(
                "`docker context ls` says what Docker itself makes of it; or set DOCKER_HOST",
                "`docker context ls` 显示 Docker 自身的理解；或设置 DOCKER_HOST",
            ),
        ) from error
    if not isinstance(value, dict):
        raise SetupError(
            "docker-context-wrong",
            Sentence(f"{path} holds no JSON object", f"{path} 不含 JSON 对象"),
        )
    return value


def _of_context(name: str, source: str, variables: Mapping[str, str]) -> Daemon:
    folder = hashlib.sha256(name.encode()).hexdigest()
    contexts = config_path(variables).parent / "contexts"
    meta = contexts / "meta" / folder / "meta.json"
    if not _is_file(meta):
        raise SetupError(
            "docker-context-wrong",
            Sentence(
                f"the {source} does not exist: there is no {meta}",
                f"{chinese(source)}不存在：没有 {meta}",
            ),
            hint=Sentence(
                "`docker context ls` lists them; `docker context use default` takes the usual one",
                "`docker context ls` 列出全部上下文；`docker context use default` 使用默认者",
            ),
        )
    endpoints = _document(meta).get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = endpoint.get("Host") if isinstance(endpoint, dict) else None
    if not isinstance(endpoint, dict) or not isinstance(host, str) or not host:
        raise SetupError(
            "docker-context-wrong",
            Sentence(
                f"the {source} names no Docker engine: {meta}",
                f"{chinese(source)}没有指定 Docker 引擎：{meta}",
            ),
        )
    certificates = contexts / "tls" / folder / "docker"
    with_tls = certificates.is_dir() and not host.startswith("unix:")
    return Daemon(
        _normal(host),
        source,
        certificates if with_tls else None,
        verify=not endpoint.get("SkipTLSVerify"),
    )


def _normal(host: str) -> str:
    """The address with a scheme, as Docker's command line completes it."""
    if host.startswith("/"):
        return f"unix://{host}"
    scheme, separator, rest = host.partition("://")
    if not separator:
        return f"tcp://{host}"
    return f"unix://{rest}" if scheme == "http+unix" else host


def _variables_tls(variables: Mapping[str, str]) -> tuple[Path | None, bool]:
    verify = bool(variables.get("DOCKER_TLS_VERIFY"))
    directory = variables.get("DOCKER_CERT_PATH")
    host = variables.get("DOCKER_HOST", "")
    if host.startswith(("unix:", "/")) or not (verify or directory):
        return None, True
    return Path(directory) if directory else config_path(variables).parent, verify


def _default_socket(variables: Mapping[str, str]) -> Daemon:
    """The first socket that this user may open; else the first that is there, which says why not."""
    runtime = variables.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    daemons = [
        Daemon(f"unix://{path}", source)
        for path, source in (
            (DEFAULT_SOCKET, Sentence("Docker's default socket", "Docker 默认套接字")),
            (
                f"{runtime}/docker.sock",
                Sentence("the socket of a rootless Docker", "rootless Docker 的套接字"),
            ),
            (
                f"{runtime}/podman/podman.sock",
                Sentence("the socket of a rootless Podman", "rootless Podman 的套接字"),
            ),
            ("/run/podman/podman.sock", Sentence("Podman's socket", "Podman 的套接字")),
        )
    ]
    present = [daemon for daemon in daemons if _is_socket(daemon.socket_path)]
    for daemon in present:
        if os.access(daemon.socket_path or "", os.R_OK | os.W_OK):
            return daemon
    return (present or daemons)[0]


def _is_socket(path: str | None) -> bool:
    try:
        return stat.S_ISSOCK(Path(path or "").stat().st_mode)
    except OSError:
        return False


def _refuse_remote(daemon: Daemon) -> None:
    if daemon.socket_path is not None:
        return
    try:
        parts = urlsplit(daemon.address)
        host, remote = parts.hostname or "", parts.scheme in ("tcp", "http", "https", "ssh")
        tcp = parts.scheme != "ssh"
        _ = parts.port
    except ValueError:  # a port that is no number, brackets that do not match
        host, remote, tcp = "", False, False
    if remote and tcp and _is_loopback(host):
        return
    if not remote:
        raise SetupError(
            "docker-context-wrong",
            Sentence(
                f"{daemon.title} is no address of a Docker engine",
                f"{chinese(daemon.title)} 不是 Docker 引擎的地址",
            ),
            hint=Sentence(
                "for example unix:///var/run/docker.sock", "例如 unix:///var/run/docker.sock"
            ),
        )
    raise SetupError(
        "docker-remote",
        Sentence(
            f"the Docker engine {daemon.title} is on another machine: what the suite mounts (the model, "
            "compiled kernels) would be looked for there, and other hardware than this machine's would be measured",
            f"Docker 引擎 {chinese(daemon.title)} 在另一台机器上：套件所挂载的内容（模型、编译的内核）会在那里查找，测量的也将是另一台机器的硬件",
        ),
        hint=Sentence(
            "run the suite on that machine; or name a local engine in DOCKER_HOST, or with `docker context use`",
            "请在那台机器上运行套件；或以 DOCKER_HOST 或 `docker context use` 指定本机的引擎",
        ),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
