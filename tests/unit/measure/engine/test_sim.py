"""The scripted server: its script, its process, and the plan that runs it."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.base.errors import DeclarationError, EngineError
from suite.documents.plan import Plan
from suite.measure.engine import serve, sim
from suite.measure.engine.sim_faults import FAULTS
from suite.measure.engine.sim_script import Fault, Script, read_script
from tests.factories import engine as factory
from tests.factories.documents import changed


def call(base_url: str, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()


def get(base_url: str, path: str) -> tuple[int, bytes]:
    return call(base_url, "GET", path)


def post(base_url: str, path: str, body: bytes) -> tuple[int, bytes]:
    return call(base_url, "POST", path, body)


def ask(base_url: str, prompt: str, **body: object) -> str:
    document = {"prompt": prompt, "stream": True, "max_tokens": 5, **body}
    status, answer = post(base_url, "/v1/completions", json.dumps(document).encode())
    assert status == 200
    chunks = [json.loads(line[6:]) for line in answer.decode().split("\n\n") if '"text"' in line]
    return "".join(chunk["choices"][0]["text"] for chunk in chunks)


def plan(command: list[str], timeout_s: float = 60) -> Plan:
    engine = {"command": command, "readiness": {"timeout_s": timeout_s, "interval_s": 0.05}}
    return changed(factory.plan(runtime="sim"), engine=engine)


def test_it_serves_what_an_openai_compatible_server_does():
    with sim.start('{"ttft_ms": 0, "itl_ms": 0}') as server:
        assert get(server.base_url, "/health") == (200, b'{"status":"ok"}')
        assert json.loads(get(server.base_url, "/version")[1]) == {"version": "sim-1"}
        assert json.loads(get(server.base_url, "/v1/models")[1])["data"][0]["id"] == "sim"
        assert get(server.base_url, "/nothing")[0] == 404
        assert post(server.base_url, "/v1/embeddings", b"{}")[0] == 404
        assert post(server.base_url, "/v1/completions", b"{")[0] == 400
        assert post(server.base_url, "/v1/completions", b'{"stream":false}')[0] == 400
        assert server.alive() is None
        assert len(ask(server.base_url, "x").split()) == 5
        assert ask(server.base_url, "x") == ask(server.base_url, "x") != ask(server.base_url, "y")
    assert server.alive() == "it ended with status 0"


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ({"answers": "echo"}, "one two three four five"),
        ({"answers": "constant", "text": "Nothing."}, "Nothing."),
        ({"answers": "table", "text": "no", "table": {}}, "no"),
        ({"answers": "echo", "tokens": 2}, "one two"),
    ],
)
def test_answers(script, answer):
    with sim.start(json.dumps({"ttft_ms": 0, "itl_ms": 0, **script})) as server:
        assert ask(server.base_url, "one two three four five six") == answer


def test_the_recorded_model_says_something_to_every_prompt_and_as_much_as_is_asked_exactly():
    ids = list(range(300, 364))
    with sim.start('{"answers": "mini", "ttft_ms": 0, "itl_ms": 0}') as server:
        free = said(server.base_url, prompt=ids)
        exact = said(server.base_url, prompt=ids, ignore_eos=True)
        assert said(server.base_url, prompt="Who wrote this?")[0]
    assert free[0]
    assert exact[0].startswith(free[0])
    assert free[1]["prompt_tokens"] == exact[1]["prompt_tokens"] == len(ids)
    assert free[1]["completion_tokens"] < exact[1]["completion_tokens"] == 200


def said(base_url: str, **asked: object) -> tuple[str, dict[str, int]]:
    body = {"stream": True, "max_tokens": 200, "stream_options": {"include_usage": True}, **asked}
    _, answer = post(base_url, "/v1/completions", json.dumps(body).encode())
    lines = [line[6:] for line in answer.decode().split("\n\n") if line.startswith("data: {")]
    *chunks, last = map(json.loads, lines)
    return "".join(chunk["choices"][0]["text"] for chunk in chunks), last["usage"]


def test_a_table_answers_by_the_prompts_digest(tmp_path):
    table = {hashlib.sha256(b"what?").hexdigest(): "that"}
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"ttft_ms": 0, "answers": "table", "table": table}))
    with sim.start(f"@{path}") as server:
        assert ask(server.base_url, "what?") == "that"


def test_it_answers_under_the_names_of_its_script_in_turn():
    script = {"ttft_ms": 0, "itl_ms": 0, "models": ["big", "tiny"], "fingerprints": ["fp_1"]}
    with sim.start(json.dumps(script)) as server:
        body = json.dumps({"prompt": "one", "stream": True, "max_tokens": 1}).encode()
        answers = [post(server.base_url, "/v1/completions", body)[1] for _ in range(3)]
    names = [b'"model":"big"' in answer for answer in answers]
    assert names == [True, False, True]
    assert b'"model":"tiny"' in answers[1]
    assert all(b'"system_fingerprint":"fp_1"' in answer for answer in answers)


def test_the_truth_is_written_down(tmp_path):
    truth = tmp_path / "truth"
    with sim.start('{"ttft_ms": 5, "itl_ms": 2}', truth=truth) as server:
        ask(server.base_url, "x")
    line = json.loads(truth.read_text())
    assert len(line["writes"]) == 5
    assert line["arrived"] <= line["read"] + 20_000
    due = [line["read"] + 5_000_000 + i * 2_000_000 for i in range(5)]
    assert all(write >= moment for write, moment in zip(line["writes"], due, strict=True))


def ask_at_once(base_url: str, count: int) -> None:
    """So many requests at the same time."""
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda number: ask(base_url, f"x{number}"), range(count)))


def truths(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted(lines, key=lambda line: line["request"])


def test_beyond_its_slots_requests_wait_their_turn(tmp_path):
    truth = tmp_path / "truth"
    script = '{"ttft_ms": 20, "itl_ms": 5, "slots": 2}'
    with sim.start(script, truth=truth) as server:
        ask_at_once(server.base_url, 7)
    lines = truths(truth)
    begun = [line["begun"] for line in lines]
    assert begun == sorted(begun)
    ends = sorted(line["writes"][-1] for line in lines)
    # The k-th answer begins when the (k - 2)-th has ended, and takes its own time from there.
    assert all(begun[k] >= ends[k - 2] for k in range(2, 7))
    assert all(line["writes"][0] - line["begun"] >= 20_000_000 for line in lines)
    assert begun[1] < ends[0] or lines[1]["read"] > ends[0]


def test_a_request_that_gave_up_waiting_takes_no_turn(tmp_path):
    truth = tmp_path / "truth"
    # A long prompt is read for seconds: a busy machine closes three connections before.
    script = '{"answers": "mini", "ttft_ms": 0, "prompt_us": 1000, "itl_ms": 5, "slots": 1}'
    with sim.start(script, truth=truth) as server:
        body = json.dumps({"prompt": "x " * 1000, "stream": True, "max_tokens": 5}).encode()
        address = server.base_url.removeprefix("http://")
        impatient = [http.client.HTTPConnection(address, timeout=60) for _ in range(3)]
        for connection in impatient:
            connection.request("POST", "/v1/completions", body)
        for connection in impatient:
            connection.close()
        # The first slot frees itself too, though its answer was never read.
        assert ask(server.base_url, "y")
    lines = truths(truth)
    assert [bool(line["writes"]) for line in lines] == [False, False, False, True]


@pytest.mark.parametrize(("slower", "others"), [(0.0, 3), (1.0, 3)])
def test_answers_beside_others_are_slower(tmp_path, slower, others):
    truth = tmp_path / "truth"
    script = json.dumps({"ttft_ms": 100, "itl_ms": 4, "slower_per_stream": slower})
    with sim.start(script, truth=truth) as server:
        ask_at_once(server.base_url, 1 + others)
    lines = truths(truth)
    for line in lines:
        # Beside those that had begun and not ended; with a busy machine they need not all meet.
        beside = sum(other["begun"] < line["begun"] < other["writes"][-1] for other in lines)
        assert line["writes"][0] - line["begun"] >= 100_000_000 * (1 + slower * beside)
    assert len(lines) == 1 + others


def test_answers_become_slower_with_time():
    script = Script(slower_per_minute=0.5, slower_per_stream=0.1)
    assert script.slowness(0, 0.0) == 1.0
    assert script.slowness(2, 2.0) == pytest.approx(2.2)


def test_a_plan_runs_it(tmp_path):
    script = json.dumps({"ttft_ms": 1, "itl_ms": 1, "faults": [{"name": "slow_start", "ms": 300}]})
    steps: list[tuple[str, Path | None]] = []
    document = plan(["sim", "--script", script])
    with serve(
        document, tmp_path, on_progress=lambda title, *, log=None: steps.append((title, log))
    ) as served:
        assert [name for name, _ in served.marks] == [
            "engine.start",
            "engine.healthy",
            "engine.first_answer",
        ]
        moments = [moment for _, moment in served.marks]
        assert moments == sorted(moments)
        assert moments[1] - moments[0] >= 300_000_000
        assert served.facts["engine.version"] == "sim-1"
        assert served.facts["engine.runtime"] == "sim"
        assert served.alive() is None
        assert ask(served.base_url, "x")
    assert served.alive() is not None
    assert (tmp_path / "engine.log").exists()
    assert ("waiting for it to be ready", tmp_path / "engine.log") in [
        (title.replace(document.engine.title, "it"), log) for title, log in steps
    ]


def test_a_plan_for_a_real_engine_gets_the_default_script(tmp_path):
    document = plan(["vllm", "serve", "--port", "8000"])
    with serve(document, tmp_path, on_progress=lambda *_, **__: None) as served:
        assert ask(served.base_url, "x")


def test_healthy_but_broken_is_not_ready(tmp_path):
    document = plan(["sim", "--script", '{"faults": ["http_500"]}'])
    with (
        pytest.raises(EngineError) as caught,
        serve(document, tmp_path, on_progress=lambda *_, **__: None),
    ):
        pytest.fail("it counted as ready")
    assert caught.value.code == "engine-bad-answer"


def test_one_that_never_gets_healthy_times_out(tmp_path):
    script = '{"faults": [{"name": "slow_start", "ms": 100000}]}'
    document = plan(["--script", script], 0.3)
    with (
        pytest.raises(EngineError) as caught,
        serve(document, tmp_path, on_progress=lambda *_, **__: None),
    ):
        pytest.fail("it counted as ready")
    assert caught.value.code == "engine-timeout"


def test_a_wrong_script_says_so():
    with pytest.raises(EngineError) as caught, sim.start('{"faults": ["no_such"]}'):
        pytest.fail("it started")
    assert caught.value.code == "engine-start-failed"
    assert "no such fault" in caught.value.message


def test_it_ends_with_its_parent(tmp_path):
    code = (
        "import os, time; from suite.measure.engine import sim\n"
        "with sim.start('{}') as server:\n"
        "    print(server.process.pid, flush=True)\n"
        "    os._exit(1)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    pid = int(parent.stdout)
    for _ in range(500):
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the scripted server outlived its parent")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "must be an object"),
        ('{"ttft": 1}', "no member 'ttft'"),
        ('{"ttft_ms": "1"}', "not of the right type"),
        ('{"ttft_ms": true}', "not of the right type"),
        ('{"ttft_ms": -1}', "must not be negative"),
        ('{"tokens_per_chunk": 0}', "must not be negative"),
        ('{"slots": -1}', "must not be negative"),
        ('{"slots": 1.5}', "not of the right type"),
        ('{"slower_per_minute": -1}', "must not be negative"),
        ('{"answers": "poems"}', "known: words"),
        ('{"faults": "stalls"}', "must be a list"),
        ('{"faults": ["stall"]}', "did you mean 'stalls'?"),
        ('{"faults": [{"name": "stalls", "whenever": 1}]}', "no member 'whenever'"),
        ('{"faults": [{"name": "stalls", "every": 0}]}', "every must be at least 1"),
        ('{"ttft_ms": NaN}', "not JSON"),
    ],
)
def test_scripts_that_are_refused(text, sentence):
    with pytest.raises(DeclarationError) as caught:
        read_script(text)
    assert sentence in caught.value.render()


def test_a_script_file_that_is_not_there():
    with pytest.raises(DeclarationError) as caught:
        read_script("@/no/such/file")
    assert caught.value.code == "file-unreadable"


def test_every_fault_can_be_scripted():
    text = json.dumps({"faults": sorted(FAULTS)})
    assert [fault.name for fault in read_script(text).faults] == sorted(FAULTS)


@given(st.integers(0, 9), st.integers(1, 5), st.integers(1, 3))
def test_faults_hit_the_requests_that_they_name(first, every, count):
    fault = Fault("stalls", first=first, every=every, count=count)
    hit = [number for number in range(60) if fault.hits(number, "x")]
    assert hit == [first + i * every for i in range(count)]


def test_the_first_fault_that_hits_wins():
    script = Script(faults=(Fault("stalls", contains="a"), Fault("http_500")))
    assert script.fault(0, "a") == script.faults[0]
    assert script.fault(0, "b") == script.faults[1]
