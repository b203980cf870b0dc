"""Build an image: its context, its proxies, the wheels on the loopback address, and what a failure leaves behind."""

from __future__ import annotations

import contextlib
import functools
import http.server
import io
import re
import tarfile
import threading
from typing import IO, TYPE_CHECKING

from docker import errors

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError
from suite.measure.engine.container.api import explain, free_bytes
from suite.measure.engine.container.proxies import build_arguments, configured
from suite.measure.engine.facts import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from docker import DockerClient

    from suite.measure.engine.served import Progress

BUILD_BYTES = 6 << 30
"""What a build takes at most: layers of some 3 GB, and their packages before they are installed."""
_LAYER = re.compile(r"^ ---> ([0-9a-f]{12,64})$", re.MULTILINE)
_NO_SPACE = "no space left on device"


def require_space(client: DockerClient, reference: str) -> None:
    """Refuse a build that would fill the disk of the Docker engine.

    Raises:
        SetupError: ``docker-disk-full``.
    """
    directory = str(client.info().get("DockerRootDir") or "")
    free = free_bytes(directory)
    if free is not None and free < BUILD_BYTES:
        raise disk_full(
            Sentence(
                f"{directory} has {free / 2**30:.1f} GiB free; building {reference} needs "
                f"{BUILD_BYTES >> 30} GiB",
                f"{directory} 剩余 {free / 2**30:.1f} GiB；构建 {reference} 需要 {BUILD_BYTES >> 30} GiB",
            )
        )


def disk_full(message: str) -> SetupError:
    """The error of a Docker engine without space."""
    hint = Sentence(
        "`docker system df` shows what is used, `docker image prune` frees what no tag names",
        "`docker system df` 显示用量，`docker image prune` 释放没有标签的镜像",
    )
    return SetupError("docker-disk-full", message, hint=hint)


def no_space(line: Mapping[str, object]) -> bool:
    """Whether a line of a build or pull says that the disk is full."""
    return _NO_SPACE in str(line.get("error", ""))


def build(
    client: DockerClient,
    files: Mapping[str, bytes],
    reference: str,
    arguments: Mapping[str, str],
    *,
    labels: Mapping[str, str],
    log: Path,
    on_progress: Progress,
) -> None:
    """Build an image; what a build that fails left untagged is removed.

    Args:
        client: of the Docker engine.
        files: of the build context, by name.
        reference: the name that the image gets.
        arguments: of the Dockerfile.
        labels: of the image.
        log: file for what the build prints.
        on_progress: takes each step.

    Raises:
        SetupError: ``image-build-failed``, ``docker-disk-full``, ``run-unwritable``.
    """
    proxies = configured()
    try:
        with log.open("w", encoding="utf-8", buffering=1) as record:
            if proxies:
                names = ", ".join(sorted(proxies.keys() - {"NO_PROXY"}))
                record.write(f"proxies of Docker's configuration, not for loopback: {names}\n")
            lines = client.api.build(
                fileobj=context_archive(files),
                custom_context=True,
                tag=reference,
                buildargs={**build_arguments(proxies), **arguments},
                use_config_proxy=False,
                labels=dict(labels),
                # The wheels are served on the loopback address; the engine itself gets no such network.
                network_mode="host",
                rm=True,
                forcerm=True,
                decode=True,
            )
            layers: list[str] = []
            try:
                for line in lines:
                    layers += _LAYER.findall(str(line.get("stream", "")))
                    _build_line(line, record, reference, log, on_progress)
            except SetupError:
                _remove_layers(client, layers)
                raise
    except errors.APIError as error:
        raise SetupError("image-build-failed", f"{reference}: {explain(error)}") from error
    except OSError as error:
        raise SetupError("run-unwritable", f"{log}: {error.strerror or error}") from error


def _remove_layers(client: DockerClient, layers: list[str]) -> None:
    """Remove what a build that failed left untagged, the newest first; a layer in use stays."""
    for layer in reversed(layers):
        try:
            if client.images.get(layer).tags:
                return
            client.images.remove(layer)
        except errors.APIError:
            return


def _build_line(
    line: Mapping[str, object], record: IO[str], reference: str, log: Path, on_progress: Progress
) -> None:
    if no_space(line):
        raise disk_full(
            Sentence(
                f"building {reference}: no space left on the Docker engine's disk",
                f"构建 {reference}：Docker 引擎的磁盘空间不足",
            )
        )
    if "error" in line:
        record.write(f"{line['error']}\n")
        raise SetupError(
            "image-build-failed",
            f"{reference}: {clean(str(line['error']))[:500]}",
            hint=Sentence(f"what the build printed is in {log}", f"构建的输出在 {log}"),
        )
    text = str(line.get("stream", line.get("status", "")))
    record.write(text if text.endswith("\n") else text + "\n")
    if text.startswith("Step "):
        on_progress(
            Sentence(
                f"building {reference}: {clean(text)[:80]}", f"构建 {reference}：{clean(text)[:80]}"
            ),
            log=log,
        )


def context_archive(files: Mapping[str, bytes]) -> IO[bytes]:
    """A build context without time stamps or owners, so that the engine's build cache finds it again."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    return packed


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing: the build's log says what was fetched."""


class _QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a build that ends early breaks its connections, and says itself why it ended."""


@contextlib.contextmanager
def wheel_server(directory: Path) -> Iterator[str]:
    """Serve a directory on the loopback address for the length of a build."""
    handler = functools.partial(_QuietHandler, directory=str(directory))
    with _QuietServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
