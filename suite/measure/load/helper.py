"""The decode helper: a process of low priority that decodes what was spooled.

It is told places of the spool and sends events back; at most `WINDOW` places are in its hands. Whatever happens
to it, the places it has not answered are known here, and the spool still holds them.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from suite.measure.load.decoding import Decoded
from suite.measure.load.wire import ROOT, Inbox, Outbox

if TYPE_CHECKING:
    from suite.eventdoc import RequestEvent
    from suite.measure.load.decoding import Facts
    from suite.measure.load.spool import Place

WINDOW: Final = 256
"""Places in the helper's hands: enough for a look every 50 ms at 5,000 requests per second."""
LOOK_NS: Final = 2_000_000
"""The pipe is looked into at most this often."""
GIVE_UP_S: Final = 2.0
"""After the phase a silent helper is waited for this long; what it holds then is decoded without it."""
END_S: Final = 1.0
"""How long one that has answered everything may take to leave."""


class Answer(NamedTuple):
    """One message of the helper.

    Attributes:
        decoded: the event and its counts.
        cpu_s: processor seconds that the helper has used so far.
        peak_kb: its largest resident memory so far, KiB.
    """

    decoded: Decoded
    cpu_s: float
    peak_kb: int


class Helper:
    """One helper process.

    Attributes:
        alive: it has not been found dead or given up.
        cpu_s: processor seconds that it has used, as far as it told.
        peak_kb: its largest resident memory, as far as it told, KiB.
    """

    def __init__(self, process: subprocess.Popen[bytes], facts: Facts) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.alive = True
        self.cpu_s = 0.0
        self.peak_kb = 0
        self._process = process
        self._outbox = Outbox(process.stdin.fileno())
        self._inbox = Inbox(process.stdout.fileno())
        os.set_blocking(process.stdout.fileno(), False)
        self._poll = select.poll()
        self._poll.register(process.stdout, select.POLLIN)
        self._held: deque[Place] = deque()
        self._answers: deque[Answer] = deque()
        self._look_at = 0
        self._patience = 0.0
        self._outbox.send(tuple(facts))

    @classmethod
    def start(cls, spool_fd: int, facts: Facts) -> Helper | None:
        """Start one; None when the system gives no process."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "suite.measure.load.decode_main", str(spool_fd)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(spool_fd,),
                cwd=ROOT,
                start_new_session=True,
            )
        except OSError:
            return None
        return cls(process, facts)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def held(self) -> int:
        """Places in its hands."""
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether it has as much as it shall have at a time."""
        return len(self._held) >= WINDOW

    def oldest(self) -> Place | None:
        """The place that it has had for longest; its places rise."""
        return self._held[0] if self._held else None

    def give(self, place: Place) -> None:
        """Hand it a place to decode."""
        self._held.append(place)
        self._outbox.send(tuple(place))

    def readable(self) -> bool:
        """Whether there is an event to `take`, or places that a dead one has abandoned.

        Looks into the pipe at most every 2 ms.
        """
        if self._answers or not self._held:
            return bool(self._answers)
        if not self.alive:
            return True
        now = time.monotonic_ns()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_NS
        self._receive()
        return bool(self._answers) or not self.alive

    def take(self) -> Decoded | None:
        """The next event, if one has come."""
        if not self._answers:
            return None
        self._held.popleft()
        return self._answers.popleft().decoded

    def wait(self) -> None:
        """Wait until it has said something; when the time for that is used up, it is given up."""
        self._patience = self._patience or time.monotonic() + GIVE_UP_S
        while self.alive and self._held and not self._answers:
            left = self._patience - time.monotonic()
            if left <= 0:
                self._lose()
                return
            self._poll.poll(left * 1000)
            self._receive()
        if self._answers:
            # It answers, however slowly: patience is for silence.
            self._patience = 0.0

    def abandoned(self) -> list[Place]:
        """Of a helper that is no longer alive: the places it has not answered, oldest first."""
        left = list(self._held)[len(self._answers) :]
        for _ in left:
            self._held.pop()
        return left

    def close(self) -> None:
        """End it; what it still holds is not waited for."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        if self._held or not self.alive:
            self._process.kill()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self.alive = False

    def _receive(self) -> None:
        self._outbox.flush()
        self._inbox.read()
        for value in self._inbox.messages():
            event, without_done, backward, cpu_s, peak_kb = cast(
                "tuple[RequestEvent, bool, int, float, int]", value
            )
            self._answers.append(Answer(Decoded(event, without_done, backward), cpu_s, peak_kb))
            self.cpu_s, self.peak_kb = cpu_s, peak_kb
        if self._inbox.ended:
            self._lose()

    def _lose(self) -> None:
        self.alive = False
        self._process.kill()
