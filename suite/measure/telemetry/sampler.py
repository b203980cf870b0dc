"""Sample the plan's telemetry tools in a thread beside the measured window.

The tools are tried in the plan's order; the first one that gives a reading is used to the end. A tool
that fails is a fact to record, never a reason to stop a run.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import SuiteError
from suite.documents.devices import ToolOutput
from suite.documents.telemetry import TelemetrySample
from suite.measure.telemetry import asking
from suite.measure.telemetry.asking import COMMAND_TIMEOUT_S, Answer
from suite.measure.telemetry.tool import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.jsonio import JSONObject
    from suite.documents.plan import TelemetryTool
    from suite.measure.telemetry.asking import Inside
    from suite.measure.telemetry.reading import Reading
    from suite.measure.telemetry.tool import Counters

_WRONG: Final = re.compile(
    r"\W*(unable|failed|error|cannot|could not|no devices|\S+ is lost)", re.IGNORECASE
)
"""How a line begins that is no reading but says why there is none."""
MOST_KEPT: Final = 20_000
"""Characters of an output that is not understood, in the evidence."""


class Sampler:
    """A thread that samples while the block runs.

    Args:
        tools: of the plan, best first; an empty list samples nothing.
        zero_ns: reading of the monotonic clock that counts as 0.
        inside: runs a program in the engine's container; None where there is none.
        out: given samples as they come, so that who watches a run sees them; None where nobody is.

    Attributes:
        lost: devices that gave readings and then no more, by name, each with what the tool said instead.
    """

    def __init__(
        self,
        tools: Sequence[TelemetryTool],
        zero_ns: int,
        inside: Inside | None = None,
        out: Callable[[Sequence[TelemetrySample]], None] | None = None,
    ) -> None:
        self._tools = list(tools)
        self._zero_ns = zero_ns
        self._inside = inside
        self._out = out
        self._samples: list[TelemetrySample] = []
        self._given = 0
        self._problems: list[str] = []
        self._unread: dict[str, ToolOutput] = {}
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._counters: dict[str, Counters] = {}
        self.lost: dict[str, str] = {}
        self._devices: set[str] = set()
        self._asked = 0
        self._seconds = 0.0
        self._cpu_s: float | None = 0.0

    def __enter__(self) -> Self:
        """Start sampling; the first sample is taken at once."""
        if self._tools:
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take a last sample and stop."""
        self._done.set()
        if self._thread is not None:
            self._thread.join(COMMAND_TIMEOUT_S * 2)
            self._thread = None

    def samples(self) -> list[TelemetrySample]:
        """Every sample so far, in order of time."""
        return list(self._samples)

    def kept_back(self) -> list[TelemetrySample]:
        """Samples that `out` did not take."""
        return self._samples[self._given :]

    def problems(self) -> list[str]:
        """Why tools were given up, in words."""
        return list(self._problems)

    def unread(self) -> list[ToolOutput]:
        """Outputs that no layout of their tool fits, the first of each tool, for the evidence."""
        return list(self._unread.values())

    def cost(self) -> JSONObject:
        """What sampling took so far: how often tools were asked, how long they ran, their processor time where counted."""
        spent: JSONObject = {"asked": self._asked, "wall_ms": round(self._seconds * 1000)}
        if self._cpu_s is not None:
            spent["cpu_ms"] = round(self._cpu_s * 1000)
        return spent

    def _run(self) -> None:
        for tool in self._tools:
            if self._sample(tool):
                self._follow(tool)
                return
            if self._done.is_set():
                return

    def _follow(self, tool: TelemetryTool) -> None:
        """Sample on a fixed grid, so that a slow tool does not stretch the interval."""
        self._give()
        interval = tool.interval_ms / 1000
        due = time.monotonic() + interval
        while not self._done.wait(max(0.0, due - time.monotonic())):
            self._sample(tool)
            self._give()
            due = max(due + interval, time.monotonic())
        # The end of the window, so that energy is integrated up to it.
        self._sample(tool)

    def _give(self) -> None:
        new = self.kept_back()
        if self._out is not None:
            # What cannot be written now is kept back, and whoever writes it at the end hears why not.
            with contextlib.suppress(SuiteError):
                self._out(new)
                self._given += len(new)

    def _sample(self, tool: TelemetryTool) -> bool:
        before = time.monotonic_ns()
        readings, words = self._ask(tool)
        after = time.monotonic_ns()
        self._asked += 1
        self._seconds += (after - before) / 1e9
        # A tool takes a while; its values are from somewhere in between.
        moment = (before + after) // 2 - self._zero_ns
        # An output may be there twice: the last reading of a device is the newest.
        known = {reading.device: reading for reading in readings if reading.values}
        self._samples += [_sample(tool.tool, moment, reading) for reading in known.values()]
        for device in self.lost.keys() & known.keys():
            del self.lost[device]  # back again: a reading that failed once loses no device
        for device in self._devices - known.keys():
            self.lost.setdefault(device, words or Sentence("no reading", "没有读数"))
        self._devices |= known.keys()
        return bool(known)

    def _ask(self, tool: TelemetryTool) -> tuple[list[Reading], str]:
        """Readings, and what the tool said beside them in its first line that is none."""
        record = TOOLS.get(tool.parser)
        if record is None:
            self._note(
                Sentence(
                    f"{tool.tool}: no telemetry tool is called {tool.parser}",
                    f"{tool.tool}：没有名为 {tool.parser} 的遥测工具",
                )
            )
            return [], ""
        if record.counters is not None:
            before = time.thread_time()
            # Kept: their load follows from two readings.
            readings = self._counters.setdefault(record.name, record.counters()).read()
            self._spent(time.thread_time() - before)
            return readings, ""
        answer = self._answer(tool, page=record.page)
        if isinstance(answer, str):
            self._note(placed(tool.tool, answer))
            return [], answer
        self._spent(answer.cpu_s)
        readings = record.parse(answer.output)
        words = _complaint(f"{answer.errors}\n{answer.output}")
        if not readings:
            output = (answer.errors or answer.output).strip().splitlines()
            words = words or (output[0][:200] if output else Sentence("no output", "没有输出"))
            self._note(
                Sentence(
                    f"{tool.tool}: status {answer.status}, {words}",
                    f"{tool.tool}：状态 {answer.status}，{chinese(words)}",
                )
            )
            if answer.output.strip():
                self._keep(tool, answer.output)
        elif words:
            self._note(placed(tool.tool, words))
        return readings, words

    def _answer(self, tool: TelemetryTool, *, page: bool) -> Answer | str:
        if page:
            return asking.page(tool.command[0] if tool.command else "")
        if tool.where == "host":
            return asking.on_host(tool.command)
        if self._inside is None:
            return Sentence(
                "runs in the engine's container, and there is none now",
                "在引擎的容器中运行，而现在没有容器",
            )
        return asking.in_container(self._inside, tool.command)

    def _spent(self, cpu_s: float | None) -> None:
        self._cpu_s = None if cpu_s is None or self._cpu_s is None else self._cpu_s + cpu_s

    def _keep(self, tool: TelemetryTool, output: str) -> None:
        self._unread.setdefault(
            tool.parser,
            ToolOutput(
                what=Sentence(f"telemetry of {tool.tool}", f"{tool.tool} 的遥测"),
                command=tool.command,
                ok=False,
                answer=Sentence(
                    "none of the layouts that are known fits this output", "已知格式均不符合该输出"
                ),
                output=output[:MOST_KEPT],
            ),
        )

    def _note(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.append(problem)


def _complaint(output: str) -> str:
    """The first line in which a tool says that something is wrong; "" where none does."""
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    return next((line[:200] for line in lines if _WRONG.match(line)), "")


def _sample(tool: str, moment: int, reading: Reading) -> TelemetrySample:
    values = reading.values
    used, total = values.get("memory_used_bytes"), values.get("memory_total_bytes")
    return TelemetrySample(
        t=moment,
        tool=tool,
        device=reading.device,
        card=reading.card or UNSET,
        power_w=values.get("power_w", UNSET),
        energy_j=values.get("energy_j", UNSET),
        utilisation=values.get("utilisation", UNSET),
        memory_used_bytes=UNSET if used is None else round(used),
        memory_total_bytes=UNSET if total is None else round(total),
        temperature_c=values.get("temperature_c", UNSET),
        clock_mhz=values.get("clock_mhz", UNSET),
        counters=dict(reading.counters) or UNSET,
    )
