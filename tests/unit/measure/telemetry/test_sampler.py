"""The sampler: first tool that works, first and last sample at the window's ends, failures noted."""

import http.server
import sys
import threading
import time
from pathlib import Path

import pytest
from msgspec import UNSET

from suite.base import schema
from suite.base.errors import SetupError
from suite.documents.codec import plain
from suite.documents.plan import TelemetryTool
from suite.documents.telemetry import TelemetrySample
from suite.measure.telemetry import Sampler, asking

CASES = Path(__file__).resolve().parents[3] / "cases" / "telemetry"


def tool(command, parser="nvidia-smi", interval_ms=20, **more):
    return TelemetryTool(
        tool=more.get("name", "fake"),
        where=more.get("where", "host"),
        command=tuple(command),
        parser=parser,
        interval_ms=interval_ms,
    )


def printing(text):
    return [sys.executable, "-S", "-c", f"print({text!r})"]


CSV = "index, power.draw [W], memory.used [MiB]\n0, 100.00 W, 5 MiB\n1, [N/A], 7 MiB\n"


def wait_for(sampler, count):
    deadline = time.monotonic() + 60
    while len(sampler.samples()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return sampler.samples()


def test_samples_are_valid_lines_in_order():
    zero = time.monotonic_ns()
    with Sampler([tool(printing(CSV))], zero) as sampler:
        wait_for(sampler, 4)
    samples = sampler.samples()
    assert sampler.problems() == []
    for sample in samples:
        assert schema.problems(plain(sample), "telemetry") == []
    times = [sample.t for sample in samples]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= time.monotonic_ns() - zero
    assert samples[0] == TelemetrySample(
        t=times[0], tool="fake", device="0", power_w=100.0, memory_used_bytes=5 * 2**20
    )
    assert samples[1].power_w is UNSET, "unknown is absent"


def test_a_short_window_has_a_sample_at_both_ends():
    with Sampler([tool(printing(CSV), interval_ms=60_000)], 0) as sampler:
        wait_for(sampler, 2)
    assert [sample.device for sample in sampler.samples()] == ["0", "1", "0", "1"]


def test_samples_are_given_on_as_they_come_and_none_is_lost():
    """Also where the first could not be written."""
    taken, second = [], threading.Event()

    def out(samples):
        if not taken:
            taken.append(())
            raise SetupError("disk-full", "no room")
        taken.append(samples)
        second.set()

    with Sampler([tool(printing(CSV))], 0, None, out) as sampler:
        assert second.wait(60)
    given = [sample for samples in taken for sample in samples]
    assert [*given, *sampler.kept_back()] == sampler.samples()
    assert given[0] == sampler.samples()[0]


def test_the_next_tool_takes_over_when_one_fails():
    tools = [
        tool(["no-such-tool"], name="absent"),
        tool(
            [sys.executable, "-S", "-c", "import sys; sys.exit('no devices found')"], name="failing"
        ),
        tool(printing("index, power.draw [W]\n0, [N/A]\n"), name="knows nothing"),
        tool([], where="container", name="inside"),
        tool(printing(CSV), name="good"),
    ]
    with Sampler(tools, 0) as sampler:
        wait_for(sampler, 2)
    assert {sample.tool for sample in sampler.samples()} == {"good"}
    problems = sampler.problems()
    assert any(text.startswith("absent: ") and "No such file" in text for text in problems)
    assert any("failing: status 1, no devices found" in text for text in problems)
    assert any(text.startswith("inside: ") for text in problems)


def test_no_tool_and_no_working_tool_leave_no_sample_and_no_thread():
    before = threading.active_count()
    with Sampler([], 0) as nothing:
        pass
    with Sampler([tool(["no-such-tool"])], 0) as failing:
        pass
    assert nothing.samples() == []
    assert failing.samples() == []
    assert threading.active_count() == before


def test_the_host_itself():
    with Sampler([tool([], parser="linux-cpu", name="procfs")], 0) as sampler:
        wait_for(sampler, 2)
    samples = sampler.samples()
    assert {sample.device for sample in samples} == {"host"}
    assert all(sample.memory_used_bytes > 0 for sample in samples)


FALLS_OFF = """
import pathlib, sys
file = pathlib.Path(sys.argv[1])
count = int(file.read_text()) if file.exists() else 0
file.write_text(str(count + 1))
rows = ["0, 100.00 W, 5 MiB", "1, 90.00 W, 7 MiB"]
if count >= 2:
    rows = {rows}
print("index, power.draw [W], memory.used [MiB]", *rows, sep="\\n")
"""
HANDLE = "Unable to determine the device handle for GPU0000:41:00.0: Unknown Error"
NVML = "Failed to initialize NVML: Unknown Error"


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        (f'[rows[0], "{HANDLE}"]', {"1": HANDLE}),
        (f'["{NVML}"]', {"0": NVML, "1": NVML}),
        ('[rows[0], "1, [Unknown Error], [GPU is lost]"]', {"1": "no reading"}),
        ("rows if count > 2 else rows[:1]", {}),
    ],
)
def test_a_device_that_falls_off_is_noted_in_the_tools_words(tmp_path, rows, lost):
    script = FALLS_OFF.replace("{rows}", rows)
    command = [sys.executable, "-S", "-c", script, str(tmp_path / "count")]
    with Sampler([tool(command)], 0) as sampler:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            file = tmp_path / "count"
            if file.exists() and int(file.read_text() or 0) >= 5:
                break
            time.sleep(0.01)
    assert sampler.lost == lost
    assert all(
        any(words in text for text in sampler.problems())
        for words in lost.values()
        if words != "no reading"
    )


def test_a_tool_inside_the_container_is_asked_there():
    asked = []

    def inside(command):
        asked.append(tuple(command))
        return 0, CSV, ""

    with Sampler([tool(["nvidia-smi"], where="container")], 0, inside) as sampler:
        wait_for(sampler, 4)
    assert {sample.device for sample in sampler.samples()} == {"0", "1"}
    assert set(asked) == {("nvidia-smi",)}
    assert "cpu_ms" not in sampler.cost(), "what runs in the container is not counted here"
    with Sampler([tool(["x"], where="container")], 0, lambda _: "no such container") as failing:
        pass
    assert failing.problems() == ["fake: no such container"]


def test_an_exporters_page_is_read(tmp_path):
    text = (CASES / "prometheus" / "dcgm.txt").read_bytes()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        with Sampler([tool([address], parser="prometheus")], 0) as sampler:
            wait_for(sampler, 2)
        server.shutdown()
    assert sampler.problems() == []
    assert sampler.samples()[0].power_w == 512.33
    assert sampler.samples()[0].energy_j == pytest.approx(81234567.89)
    with Sampler([tool([address], parser="prometheus")], 0) as gone:
        pass
    assert gone.samples() == []
    assert "refused" in gone.problems()[0]


def test_a_layout_that_is_not_understood_is_kept_as_it_is():
    with Sampler([tool(printing("GPU | Leistung\n0 | 12 Watt"))], 0) as sampler:
        pass
    (output,) = sampler.unread()
    assert output.output == "GPU | Leistung\n0 | 12 Watt\n"
    assert not output.ok


def test_what_sampling_takes_is_counted():
    burn = "import time\nwhile time.process_time() < 0.2: pass\n"
    with Sampler([tool([sys.executable, "-S", "-c", f"{burn}print({CSV!r})"])], 0) as sampler:
        wait_for(sampler, 2)
    cost = sampler.cost()
    assert cost["asked"] >= 2
    # One process after the other: no more of a processor than time passed, but for the rounding of each.
    assert 200 * cost["asked"] <= cost["cpu_ms"] <= cost["wall_ms"] + 10 * cost["asked"]


def test_a_tool_that_hangs_is_ended_with_all_that_it_started(monkeypatch, tmp_path):
    file = tmp_path / "pid"
    command = ["sh", "-c", f"sleep 600 & echo $! > {file}; wait"]
    for seconds in (0.3, 3.0, 30.0):  # as long as it takes to start anything
        monkeypatch.setattr(asking, "COMMAND_TIMEOUT_S", seconds)
        assert asking.on_host(command) == f"no answer within {seconds:g} s"
        if file.exists() and file.read_text():
            break
    deadline = time.monotonic() + 60
    while _runs(int(file.read_text())) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(int(file.read_text()))


def test_a_tool_that_prints_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(asking, "MOST_BYTES", 100_000)
    assert asking.on_host(["yes", "0, 100.00 W, 5 MiB"]) == "prints more than 100,000 bytes"


def test_an_answer_that_broke_off_loses_the_line_that_may_lack_digits():
    cut = CSV + "2, 31"
    failed = asking.on_host(["sh", "-c", f"printf '{cut}'; exit 9"])
    assert failed.output == CSV
    assert asking.on_host(["sh", "-c", f"printf '{cut}'"]).output == cut, "it may be whole"
    assert asking.on_host(["sh", "-c", "printf '[1]'; exit 2"]).output == "[1]"
    assert asking.in_container(lambda _: (9, cut, ""), ["smi"]).output == CSV

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "500")
            self.end_headers()
            self.wfile.write(b"power 312\npower 31")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        assert asking.page(address).output == "power 312\n"
        server.shutdown()


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_programs_run_in_the_plain_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert asking.on_host(["sh", "-c", "echo $LC_ALL"]).output == "C\n"


def test_a_device_that_stands_twice_in_an_output_is_sampled_once():
    with Sampler([tool(printing(CSV + CSV.replace("100.00", "110.00")))], 0) as sampler:
        wait_for(sampler, 2)
    first = sampler.samples()[:2]
    assert [sample.device for sample in first] == ["0", "1"]
    assert first[0].power_w == 110


def test_the_card_of_a_chip_is_kept():
    text = (CASES / "npu-smi" / "910C-two-chips.txt").read_text()
    with Sampler([tool(printing(text), parser="npu-smi")], 0) as sampler:
        wait_for(sampler, 2)
    assert [sample.card for sample in sampler.samples()[:2]] == ["1", "1"]
