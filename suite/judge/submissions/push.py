"""Artifacts brought to a repository of an OCI registry, through the optional package oras."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, extra
from suite.judge.submissions import credentials
from suite.judge.submissions.artifact import INDEX_TYPE, MANIFEST_TYPE
from suite.judge.submissions.download import TIMEOUT_S, scheme
from suite.judge.submissions.pull import referring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import PreparedRequest, Response

    from suite.judge.submissions.artifact import Artifact, Blob
    from suite.judge.submissions.stores import Registry

_CHUNKED: Final = 32 << 20
"""Larger blobs go in pieces, so that none is held whole."""
_CREATED: Final = (200, 201, 202)
_AGAIN: Final = Sentence(
    "once it answers, the same command goes on: what arrived is not sent again",
    "待其应答后，重新执行同一命令即可继续：已送达的内容不会重复发送",
)
_LOGIN: Final = Sentence(
    "docker login HOST keeps user and password where they are looked for",
    "docker login HOST 会把用户名与密码保存在查找之处",
)


class _Bounded(HTTPAdapter):
    """Waits for no answer for ever, and lets nothing that is uploaded go to another host than the registry's."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host

    def send(self, request: PreparedRequest, *words: Any, **options: Any) -> Response:
        parts = urlsplit(request.url or "")
        if parts.netloc != self._host and (
            parts.scheme != "https" or request.method not in ("GET", "HEAD")
        ):
            raise requests.exceptions.InvalidURL(
                f"the registry sends {request.method} on to {str(parts.netloc)[:200]}"
            )
        return super().send(request, *words, **(options | {"timeout": TIMEOUT_S}))


class Pusher:
    """Brings artifacts to one repository."""

    def __init__(self, registry: Registry) -> None:
        """Prepare.

        Raises:
            SetupError: ``oras-missing``.
        """
        try:
            import oras.container
            import oras.provider
        except ImportError as cause:
            message = Sentence("oras is not installed", "未安装 oras")
            raise SetupError("oras-missing", message, hint=extra("oci")) from cause

        class Client(oras.provider.Registry):  # type: ignore[misc]  # it has no types
            # Without its five attempts, some two minutes of silence where nothing answers.
            do_request = oras.provider.Registry.do_request.__wrapped__

        self._registry = registry
        self._container = oras.container.Container
        with self._refusals():
            basic = self._wants_password()
            if basic and not credentials.basic(registry.host):
                raise ValueError(credentials.NONE_KEPT)
            self._client = Client(
                insecure=scheme(registry.host) == "http", auth_backend="basic" if basic else "token"
            )
            for prefix in ("https://", "http://"):
                self._client.session.mount(prefix, _Bounded(registry.host))
            self._client.session.max_redirects = 3
            self._client.auth.load_configs(self._at("any"))

    def _at(self, tag: str) -> Any:  # noqa: ANN401 - of a package without types
        return self._container(f"{self._registry.host}/{self._registry.repository}:{tag}")

    def _wants_password(self) -> bool:
        """Whether the registry asks for user and password themselves, not for a token."""
        url = f"{scheme(self._registry.host)}://{self._registry.host}/v2/"
        with requests.Session() as session:
            answer = session.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True)
            answer.close()
        return answer.headers.get("WWW-Authenticate", "").lower().startswith("basic")

    def push(self, artifact: Artifact) -> None:
        """Bring an artifact there, what it names first.

        Raises:
            SetupError: ``registry-refused``.
        """
        with self._refusals():
            for blob in artifact.blobs:
                self._upload(blob)
            name = artifact.tag or f"sha256:{artifact.sha256}"
            answer = self._manifest(name, artifact.manifest, MANIFEST_TYPE)
        if artifact.subject and "OCI-Subject" not in answer.headers:
            self._listed(artifact)

    def _upload(self, blob: Blob) -> None:
        layer = {"digest": f"sha256:{blob.sha256}", "size": blob.size}
        with tempfile.NamedTemporaryFile() as file:
            path = blob.source
            if isinstance(path, bytes):
                file.write(path)
                file.flush()
                path = Path(file.name)
            answer = self._client.upload_blob(
                str(path), self._at("any"), layer, do_chunked=blob.size > _CHUNKED
            )
        self._require(answer, f"sha256:{blob.sha256}")

    def _manifest(self, name: str, data: bytes, media_type: str) -> Response:
        # Not oras' own way, which writes the JSON anew: the digest is that of these bytes.
        answer: Response = self._client.do_request(
            self._registry.url("manifests", name), "PUT", data, {"Content-Type": media_type}
        )
        self._require(answer, name)
        return answer

    def _listed(self, artifact: Artifact) -> None:
        """Keep the list of what refers to a manifest, as clients do where a registry keeps none itself."""
        tag = f"sha256-{artifact.subject}"
        listed = [item for item in referring(self._registry, artifact.subject) if item]
        entry = artifact.descriptor()
        if entry["digest"] in [item.get("digest") for item in listed]:
            return
        document = {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [*listed, entry],
        }
        with self._refusals():
            self._manifest(tag, jsonio.canonical(document), INDEX_TYPE)

    def _require(self, answer: Response, name: str) -> None:
        if answer.status_code not in _CREATED:
            raise ValueError(f"{name}: it answers {answer.status_code} {answer.text[:200]}")

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Whatever a registry refuses, or does not answer, as one refusal of the suite's."""
        try:
            yield
        # oras says all that it has to say by ValueError; what it does not look for in an answer ends as one of the others.
        except (
            requests.RequestException,
            ValueError,
            KeyError,
            AttributeError,
            TypeError,
            OSError,
        ) as cause:
            why = f"{type(cause).__name__}: {str(cause)[:300]}"
            gone = isinstance(cause, requests.ConnectionError | requests.Timeout)
            hint = _AGAIN if gone else _LOGIN
            message = Sentence(f"{self._registry}: {why}", f"{self._registry}：{why}")
            raise SetupError("registry-refused", message, hint=hint) from cause
