"""How a phase went: what the load generator tells beside the events of its requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject
    from suite.measure.load.transport.clock import ClockFacts


@dataclass(frozen=True, slots=True)
class Ending:
    """Why no further request of a phase is sent.

    Attributes:
        reason: one word for the log, e.g. ``enough``, ``max-duration``, ``saturated``.
        cancel: what is in flight ends as ``cancelled``; otherwise it is waited for.
    """

    reason: str
    cancel: bool = False


@dataclass(slots=True)
class PhaseStats:
    """How a phase went, beside its request events. Times in nanoseconds relative to the run's start.

    Attributes:
        t_start: start of the phase; intended times count from here.
        t_end: when its last request had ended and was recorded.
        planned: requests that the phase consists of.
        outcomes: ended requests by outcome code.
        sent: requests that were begun; ``planned`` less ``unsent``.
        unsent: requests that were never sent, because the phase ended before or their conversation did.
        ended_by: why nothing more was sent: ``all-sent``, ``stopped``, or an `Ending`'s reason.
        stopped: the phase was stopped from outside.
        workers: processes that sent.
        clock: how the arrival times came about.
        merged_reads: content chunks that shared a receive stamp with the chunk before.
        connections: connections opened.
        resent: requests sent again because the server closed an idle connection under them.
        without_done: successful streams without a final ``[DONE]``.
        backward_stamps: arrival times that lay before the one before; set equal to it.
        usage_in_choice: answers whose counts came inside the choice.
        half_characters: characters of which only half came, U+FFFD in the texts.
        real_time: the client ran ahead of other processes (real-time scheduling was permitted).
        cpu_s: processor seconds that the client used for the phase, decoding and all its processes included.
        undecoded_peak_bytes: most bytes of ended responses that waited in memory to be decoded.
        decode_cpu_s: the part of `cpu_s` spent on decoding after the last request had ended.
    """

    planned: int
    clock: ClockFacts
    t_start: int = 0
    t_end: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    unsent: int = 0
    ended_by: str = "all-sent"
    stopped: bool = False
    workers: int = 1
    merged_reads: int = 0
    connections: int = 0
    resent: int = 0
    without_done: int = 0
    backward_stamps: int = 0
    usage_in_choice: int = 0
    half_characters: int = 0
    real_time: bool = False
    cpu_s: float = 0.0
    undecoded_peak_bytes: int = 0
    decode_cpu_s: float = 0.0

    @property
    def completed(self) -> int:
        """Requests that ended well."""
        return self.outcomes["ok"]

    @property
    def failed(self) -> int:
        """Requests that ended otherwise."""
        return self.outcomes.total() - self.outcomes["ok"]

    def summary(self) -> Sentence:
        """One line for a person."""
        seconds = (self.t_end - self.t_start) / 1e9
        text = Sentence(
            f"{self.completed} of {self.planned} requests completed in {seconds:.1f} s",
            f"{self.planned} 个请求中有 {self.completed} 个完成，用时 {seconds:.1f} 秒",
        )
        faults = sorted((code, n) for code, n in self.outcomes.items() if code != "ok")
        if faults:
            listed = ", ".join(f"{n} {code}" for code, n in faults)
            text += Sentence(f", failed: {listed}", f"，失败：{listed}")
        if self.ended_by not in ("all-sent", "stopped"):
            text += Sentence(f", ended by {self.ended_by}", f"，因 {self.ended_by} 结束")
        if self.unsent:
            text += Sentence(f", {self.unsent} not sent", f"，{self.unsent} 个未发送")
        if self.clock.step_ns:
            step = f"{self.clock.step_ns / 1e6:.3f} ms"
            text += Sentence(
                f", CLOCK STEPPED by {step}: times are invalid", f"，时钟跳变 {step}：时间无效"
            )
        return text

    def to_json(self) -> JSONObject:
        """As a JSON object for the phase's closing mark."""
        return {
            "planned": self.planned,
            "outcomes": dict(sorted(self.outcomes.items())),
            "sent": self.sent,
            "unsent": self.unsent,
            "ended_by": self.ended_by,
            "stopped": self.stopped,
            "workers": self.workers,
            "clock": self.clock.to_json(),
            "merged_reads": self.merged_reads,
            "connections": self.connections,
            "resent": self.resent,
            "without_done": self.without_done,
            "backward_stamps": self.backward_stamps,
            "usage_in_choice": self.usage_in_choice,
            "half_characters": self.half_characters,
            "real_time": self.real_time,
            "cpu_ms": round(self.cpu_s * 1000),
            "undecoded_peak_bytes": self.undecoded_peak_bytes,
            "decode_cpu_ms": round(self.decode_cpu_s * 1000),
        }
