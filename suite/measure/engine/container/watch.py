"""What is done to a container while it runs, as the Docker engine's own events tell it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests.exceptions
from docker import errors

from suite.base.errors import SetupError
from suite.base.safe import replace_file
from suite.documents.codec import pretty
from suite.documents.container import ContainerEvent, ContainerRecord
from suite.evidence.manifest import CONTAINER
from suite.measure.engine.container.api import connect
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.facts import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker.models.containers import Container
    from docker.types.daemon import CancellableStream

    from suite.measure.engine.container.image import FoundImage

END_WAIT_S = 10.0
_ENDS = ("die", "died")
"""How Docker and Podman call it that a container ended."""
_IDS = ("execID", "containerExecID")


@dataclass(slots=True)
class Watch:
    """Events of one container, collected by a thread of its own.

    Attributes:
        name: of the container.
        own: ids of the commands that the suite itself runs in it.
        rows: the events of this container and of networks since the watch began.
        failed: why the stream of events ended early; "" while it runs.
        ended: set once the container has ended.
        container: once it is created.
        image: that it was given.
    """

    name: str
    own: set[str] = field(default_factory=set)
    rows: list[dict[str, object]] = field(default_factory=list)
    failed: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    container: Container | None = None
    image: FoundImage | None = None

    def note(self, container: Container, image: FoundImage) -> None:
        """Say which container is watched, and which image it was given."""
        self.container, self.image = container, image

    def follow(
        self,
        since: int,
        opened: threading.Event,
        streams: list[CancellableStream[dict[str, object]]],
    ) -> None:
        """Read events until the stream is closed; run by the thread."""
        try:
            # A connection of its own: the session of the SDK's client is not meant for two threads.
            with connect() as client:
                stream = client.events(since=since, decode=True)
                streams.append(stream)
                opened.set()
                for row in stream:
                    ours = self._is_ours(row)
                    if ours or row.get("Type") == "network":
                        self.rows.append(row)
                    if ours and row.get("Action") in _ENDS:
                        self.ended.set()
        except (errors.DockerException, requests.exceptions.RequestException, SetupError) as cause:
            self.failed = f"{type(cause).__name__}"
        finally:
            opened.set()
            self.ended.set()

    def _is_ours(self, row: dict[str, object]) -> bool:
        return _attributes(row).get("name") == self.name and row.get("Type") == "container"

    def events(self) -> Iterator[ContainerEvent]:
        """The events that are about the container or connect it to a network."""
        identity = self.container.id if self.container is not None else None
        for row in list(self.rows):
            attributes = _attributes(row)
            linked = row.get("Type") == "network" and attributes.get("container") == identity
            if not (linked or self._is_ours(row)):
                continue
            prefix = "network " if linked else ""
            moment = row.get("timeNano") or int(str(row.get("time") or 0)) * 10**9
            yield ContainerEvent(
                time_us=int(str(moment)) // 1000,
                action=clean(f"{prefix}{row.get('Action')}")[:500],
                own=any(attributes.get(name) in self.own for name in _IDS),
            )

    def record(self) -> ContainerRecord | None:
        """What is kept of the container; None when there never was one."""
        if self.container is None or self.image is None:
            return None
        answer = inspected(self.container)
        return ContainerRecord(
            container_schema=1,
            id=self.container.id or "",
            image=self.image.observed,
            running_id=answer.image,
            command=tuple(answer.config.cmd or ()),
            networks=tuple(sorted(answer.network_settings.networks or {})),
            watched=self.failed,
            events=tuple(self.events()),
        )


def _attributes(row: dict[str, object]) -> dict[str, object]:
    actor = row.get("Actor")
    attributes = actor.get("Attributes") if isinstance(actor, dict) else None
    return attributes if isinstance(attributes, dict) else {}


@contextlib.contextmanager
def watching(name: str, run_directory: Path) -> Iterator[Watch]:
    """Watch a container from before it is created until it has ended, and leave ``container.json``."""
    watch, opened = Watch(name), threading.Event()
    streams: list[CancellableStream[dict[str, object]]] = []
    arguments = (int(time.time()), opened, streams)
    thread = threading.Thread(target=watch.follow, args=arguments, name="events", daemon=True)
    thread.start()
    opened.wait(END_WAIT_S)
    try:
        yield watch
    finally:
        if watch.container is not None:
            watch.ended.wait(END_WAIT_S)
        early = watch.failed or ("" if watch.ended.is_set() else "its end was not reported")
        for stream in streams:
            stream.close()
        thread.join(END_WAIT_S)
        watch.failed = early
        record = watch.record()
        if record is not None:
            with contextlib.suppress(OSError):  # a full disk: the run's end says so
                replace_file(run_directory / CONTAINER, pretty(record))
