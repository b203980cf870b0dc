"""Sample the plan's telemetry tools in a thread beside the measured window.

The tools are tried in the plan's order; the first one that gives a reading is used to the end. A tool
that fails is a fact to record, never a reason to stop a run.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Final, Self

from msgspec import UNSET

from suite.base.bilingual import Sentence, chinese
from suite.documents.telemetry import TelemetrySample
from suite.measure.telemetry.tool import TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from suite.documents.plan import TelemetryTool
    from suite.measure.telemetry.reading import Reading
    from suite.measure.telemetry.tool import Counters

COMMAND_TIMEOUT_S: Final = 10.0
"""A device tool that takes longer hangs; `npu-smi` and `rocm-smi` take seconds on busy machines."""
_WRONG: Final = re.compile(
    r"\W*(unable|failed|error|cannot|could not|no devices|\S+ is lost)", re.IGNORECASE
)
"""How a line begins that is no reading but says why there is none."""


class Sampler:
    """A thread that samples while the block runs.

    Args:
        tools: of the plan, best first; an empty list samples nothing.
        zero_ns: reading of the monotonic clock that counts as 0.

    Attributes:
        lost: devices that gave readings and then no more, by name, each with what the tool said instead.
    """

    def __init__(self, tools: Sequence[TelemetryTool], zero_ns: int) -> None:
        self._tools = list(tools)
        self._zero_ns = zero_ns
        self._samples: list[TelemetrySample] = []
        self._problems: list[str] = []
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._counters: dict[str, Counters] = {}
        self.lost: dict[str, str] = {}
        self._devices: set[str] = set()

    def __enter__(self) -> Self:
        """Start sampling; the first sample is taken at once."""
        if self._tools:
            self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take a last sample and stop."""
        self._done.set()
        if self._thread is not None:
            self._thread.join(COMMAND_TIMEOUT_S * 2)
            self._thread = None

    def samples(self) -> list[TelemetrySample]:
        """Every sample so far, in order of time."""
        return list(self._samples)

    def problems(self) -> list[str]:
        """Why tools were given up, in words."""
        return list(self._problems)

    def _run(self) -> None:
        for tool in self._tools:
            if self._sample(tool):
                self._follow(tool)
                return
            if self._done.is_set():
                return

    def _follow(self, tool: TelemetryTool) -> None:
        """Sample on a fixed grid, so that a slow tool does not stretch the interval."""
        interval = tool.interval_ms / 1000
        due = time.monotonic() + interval
        while not self._done.wait(max(0.0, due - time.monotonic())):
            self._sample(tool)
            due = max(due + interval, time.monotonic())
        # The end of the window, so that energy is integrated up to it.
        self._sample(tool)

    def _sample(self, tool: TelemetryTool) -> bool:
        before = time.monotonic_ns()
        readings, words = self._ask(tool)
        # A tool takes a while; its values are from somewhere in between.
        moment = (before + time.monotonic_ns()) // 2 - self._zero_ns
        there = {reading.device for reading in readings if reading.values}
        for reading in readings:
            if reading.values:
                self._samples.append(_sample(tool.tool, moment, reading))
        for device in self.lost.keys() & there:
            del self.lost[device]  # back again: a reading that failed once loses no device
        for device in self._devices - there:
            self.lost.setdefault(device, words or Sentence("no reading", "没有读数"))
        self._devices |= there
        return bool(there)

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
            # Kept: their load follows from two readings.
            return self._counters.setdefault(record.name, record.counters()).read(), ""
        if tool.where == "container":
            self._note(
                Sentence(
                    f"{tool.tool}: runs inside the container only, where nothing is sampled yet",
                    f"{tool.tool}：仅在容器内运行，而容器内尚不采样",
                )
            )
            return [], ""
        try:
            done = subprocess.run(
                tool.command,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND_TIMEOUT_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._note(f"{tool.tool}: {error}")
            return [], str(error)
        readings = record.parse(done.stdout) if record.parse else []
        words = _complaint(f"{done.stderr}\n{done.stdout}")
        if not readings:
            output = (done.stderr or done.stdout).strip().splitlines()
            words = words or (output[0][:200] if output else Sentence("no output", "没有输出"))
            self._note(
                Sentence(
                    f"{tool.tool}: status {done.returncode}, {words}",
                    f"{tool.tool}：状态 {done.returncode}，{chinese(words)}",
                )
            )
        elif words:
            self._note(f"{tool.tool}: {words}")
        return readings, words

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
        power_w=values.get("power_w", UNSET),
        energy_j=values.get("energy_j", UNSET),
        utilisation=values.get("utilisation", UNSET),
        memory_used_bytes=UNSET if used is None else round(used),
        memory_total_bytes=UNSET if total is None else round(total),
        temperature_c=values.get("temperature_c", UNSET),
        clock_mhz=values.get("clock_mhz", UNSET),
    )
