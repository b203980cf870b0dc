"""The scripted server: one thread, one epoll loop, every write at its scripted moment.

It writes down when it really wrote each chunk, so that a client's times can be held against the truth. The
moments are readings of the monotonic clock just before the write; arrival of a request is the kernel's stamp.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import re
import select
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.addresses import join_address, listening
from suite.base.bilingual import Sentence
from suite.base.errors import EngineError, SetupError, unwritable
from suite.measure.engine.sim_stream import Act, Request, Step, read_request, refuse, steps, whole
from suite.measure.engine.sim_vendor import Vendor
from suite.measure.load.transport.clock import (
    ANCILLARY_BYTES,
    ask_for_stamps,
    read_offset,
    stamp_of,
)
from suite.measure.load.transport.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from suite.measure.engine.sim_reply import Reply
    from suite.measure.engine.sim_script import Fault, Script

VERSION: Final = "sim-1"
_REQUEST_LINE = re.compile(rb"(GET|POST) (/[^ ]*) HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,9})\r\n", re.IGNORECASE)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_SPIN_NS: Final = 100_000
_IDLE_NS: Final = 100_000_000


@dataclass(slots=True, eq=False)
class _Client:
    sock: socket.socket
    arrived: bytes = b""
    output: bytes = b""
    answering: bool = False
    closed: bool = False


@dataclass(slots=True, eq=False)
class _Answer:
    """An answer that waits for its turn or is under way, and what really happened."""

    client: _Client
    number: int
    request: Request
    read_ns: int
    arrived_ns: int
    prompt_sha256: str
    fault: Fault | None
    reply: Reply | None = None
    begun_ns: int = 0
    steps: Iterator[Step] = field(default_factory=lambda: iter(()))
    writes: list[int] = field(default_factory=list)

    def truth(self) -> dict[str, object]:
        """The line for the truth file."""
        return {
            "request": self.number,
            "arrived": self.arrived_ns,
            "read": self.read_ns,
            "begun": self.begun_ns,
            "writes": self.writes,
            "fault": "" if self.fault is None else self.fault.name,
            "prompt_sha256": self.prompt_sha256,
        }


class SimServer:
    """Serves a script until it is told to stop.

    Attributes:
        port: TCP port it listens on; 0 on a Unix socket.
    """

    def __init__(
        self,
        script: Script,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: str = "",
        truth: Path | None = None,
    ) -> None:
        """Listen.

        Raises:
            SetupError: ``address-taken`` or ``truth-unwritable``.
        """
        self._script = script
        try:
            self._listener = _listen(host, port, unix)
        except OSError as cause:
            where = unix or join_address(host, port)
            raise SetupError(
                "address-taken",
                Sentence(
                    f"cannot listen on {where}: {cause.strerror}",
                    f"无法在 {where} 监听：{cause.strerror}",
                ),
            ) from cause
        self.port = 0 if unix else int(self._listener.getsockname()[1])
        self._truth = None if truth is None else _open_truth(truth)
        self._epoll = select.epoll()
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        self._timer = Timer()
        self._epoll.register(self._timer.fd, select.EPOLLIN)
        self._clients: dict[int, _Client] = {}
        self._heap: list[tuple[int, int, _Answer, Step]] = []
        self._ended: deque[_Answer] = deque()
        self._waiting: deque[_Answer] = deque()
        self._active = 0
        self._count = 0
        self._vendor = Vendor(script)
        self._ticket = 0
        self._offset = read_offset().ns
        self._started = time.monotonic_ns()
        self._healthy_at = self._started + int(script.slow_start_ms() * 1e6)

    def run(self, stop_fd: int | None = None) -> None:
        """Serve until the descriptor reports anything, for example the end of a pipe."""
        if stop_fd is not None:
            self._epoll.register(stop_fd, select.EPOLLIN)
        while True:
            for fd, mask in self._epoll.poll(self._wait(), 64):
                if fd == stop_fd:
                    self._close()
                    return
                if fd == self._timer.fd:
                    self._timer.clear()
                elif fd == self._listener.fileno():
                    self._accept()
                elif fd in self._clients:
                    self._arrival(self._clients[fd], mask)
            self._play()

    def _wait(self) -> float:
        """Seconds to wait; a timer wakes for the next step."""
        if self._heap:
            left = self._heap[0][0] - time.monotonic_ns()
            if left <= _SPIN_NS:
                return 0
            self._timer.arm(self._heap[0][0] - _SPIN_NS)
            if left < _IDLE_NS:
                return 1
        if self._ended:
            self._write_truth()
            return 0
        return 1

    def _play(self) -> None:
        """Take every step that is due."""
        heap = self._heap
        while heap and heap[0][0] <= time.monotonic_ns():
            due, _, answer, step = heapq.heappop(heap)
            if answer.client.closed:
                self._finish(answer)
                continue
            if answer.reply is not None:
                # A model that was kept waiting does not catch up.
                answer.begun_ns += max(0, time.monotonic_ns() - due)
            self._take(answer, step)

    def _take(self, answer: _Answer, step: Step) -> None:
        client = answer.client
        match step.act:
            case Act.WRITE:
                self._send(client, step.data)
            case Act.CONTENT:
                answer.writes.append(time.monotonic_ns())
                self._send(client, step.data)
            case Act.END:
                client.answering = False
                self._finish(answer)
                self._requests(client, time.monotonic_ns())
                return
            case Act.CLOSE:
                self._drop(client)
            case Act.RESET:
                self._drop(client, reset=True)
            case Act.DIE:
                self._write_truth()
                os._exit(1)
            case Act.REFUSE:
                self._refuse()
        self._schedule(answer)

    def _schedule(self, answer: _Answer) -> None:
        step = next(answer.steps, None)
        if step is None:
            # Not ended but out of steps: the connection is left as it is.
            self._finish(answer)
            return
        self._ticket += 1
        entry = (answer.begun_ns + step.due_ns, self._ticket, answer, step)
        heapq.heappush(self._heap, entry)

    def _begin_waiting(self) -> None:
        """Begin as many answers as there are slots for."""
        while self._waiting and (not self._script.slots or self._active < self._script.slots):
            answer = self._waiting.popleft()
            if answer.client.closed:
                self._ended.append(answer)
                continue
            now = time.monotonic_ns()
            # Alone and at once, an answer's times count from when its request was read.
            answer.begun_ns = now if self._script.slots else answer.read_ns
            minutes = (now - self._started) / 60e9
            slowness = self._script.slowness(self._active, minutes)
            answer.steps = steps(
                self._script, answer.request, answer.fault, answer.number, slowness, answer.reply
            )
            self._active += 1
            self._schedule(answer)

    def _finish(self, answer: _Answer) -> None:
        """An answer has ended, one way or another; the next one may begin."""
        self._active -= 1
        self._ended.append(answer)
        self._begin_waiting()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self._listener.accept()
                sock.setblocking(False)
                if sock.family != socket.AF_UNIX:
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                ask_for_stamps(sock)
                self._clients[sock.fileno()] = _Client(sock)
                self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _arrival(self, client: _Client, mask: int) -> None:
        if mask & select.EPOLLOUT:
            self._send(client, b"")
            if not client.output and not client.closed:
                self._epoll.modify(client.sock.fileno(), select.EPOLLIN)
        if client.closed or not mask & ~select.EPOLLOUT:
            return
        try:
            data, ancillary, _, _ = client.sock.recvmsg(1 << 18, ANCILLARY_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        if not data:
            self._drop(client)
            return
        client.arrived += data
        real = stamp_of(ancillary)
        self._requests(client, time.monotonic_ns() if real is None else real - self._offset)

    def _requests(self, client: _Client, arrived_ns: int) -> None:
        """Answer the requests that have arrived whole, one after the other."""
        while not client.answering and not client.closed and b"\r\n\r\n" in client.arrived:
            end = client.arrived.index(b"\r\n\r\n") + 4
            head = client.arrived[:end]
            line, length = _REQUEST_LINE.match(head), _LENGTH.search(head)
            size = int(length[1]) if length else 0
            if line is None:
                self._send(client, refuse(400, "not a request that this server knows"))
                self._drop(client)
                return
            if len(client.arrived) < end + size:
                return
            body = client.arrived[end : end + size]
            client.arrived = client.arrived[end + size :]
            self._request(client, line[1], line[2].decode("latin-1"), body, arrived_ns)

    def _request(
        self, client: _Client, method: bytes, path: str, body: bytes, arrived_ns: int
    ) -> None:
        if method == b"GET":
            self._send(client, self._get(path))
        elif not path.endswith("/completions"):
            self._send(client, refuse(404, f"there is no {path}"))
        else:
            self._generate(client, path, body, arrived_ns)

    def _get(self, path: str) -> bytes:
        if time.monotonic_ns() < self._healthy_at:
            return refuse(503, "still starting")
        answers: dict[str, object] = {
            "/health": {"status": "ok"},
            "/version": {"version": VERSION},
            "/v1/models": {"object": "list", "data": [{"id": "sim", "object": "model"}]},
        }
        if path not in answers:
            return refuse(404, f"there is no {path}")
        return whole(200, jsonio.canonical(answers[path]))

    def _generate(self, client: _Client, path: str, body: bytes, arrived_ns: int) -> None:
        try:
            document = jsonio.loads(body, name="request", error=EngineError)
        except EngineError as cause:
            self._send(client, refuse(400, cause.message))
            return
        if not isinstance(document, dict) or document.get("stream") is not True:
            self._send(client, refuse(400, "this server only streams"))
            return
        request = read_request(path, document)
        number, self._count = self._count, self._count + 1
        fault = self._script.fault(number, request.prompt)
        client.answering = True
        answer = _Answer(
            client=client,
            number=number,
            request=request,
            read_ns=time.monotonic_ns(),
            arrived_ns=arrived_ns,
            prompt_sha256=jsonio.sha256_hex(request.prompt.encode("utf-8", "replace")),
            fault=fault,
            reply=self._vendor.reply(number, request),
        )
        self._waiting.append(answer)
        self._begin_waiting()

    def _send(self, client: _Client, data: bytes) -> None:
        client.output += data
        try:
            sent = client.sock.send(client.output) if client.output else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(client)
            return
        client.output = client.output[sent:]
        if client.output:
            self._epoll.modify(client.sock.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _drop(self, client: _Client, *, reset: bool = False) -> None:
        if client.closed:
            return
        if reset:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        client.closed = True
        del self._clients[client.sock.fileno()]
        client.sock.close()

    def _refuse(self) -> None:
        self._epoll.unregister(self._listener.fileno())
        self._listener.close()
        for client in list(self._clients.values()):
            self._drop(client, reset=True)

    def _write_truth(self) -> None:
        if self._truth is not None:
            self._truth.writelines(jsonio.canonical(item.truth()) + b"\n" for item in self._ended)
            self._truth.flush()
        self._ended.clear()

    def _close(self) -> None:
        self._ended.extend(answer for _, _, answer, _ in self._heap)
        self._ended.extend(self._waiting)
        self._write_truth()
        for client in list(self._clients.values()):
            self._drop(client)
        self._listener.close()
        self._timer.close()
        self._epoll.close()


def _listen(host: str, port: int, unix: str) -> socket.socket:
    if unix:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(unix)
    else:
        listener = listening(host, port, backlog=4096)
    listener.listen(4096)
    listener.setblocking(False)
    return listener


def _open_truth(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as cause:
        raise SetupError("truth-unwritable", unwritable(path, cause)) from cause
