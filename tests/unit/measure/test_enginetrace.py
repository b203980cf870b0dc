"""The engine's profiler: how a plan gets it, what is asked of the server, and what the traces hold."""

import gzip
import http.server
import json
import threading
import types

import pytest

from suite.base.errors import EngineError
from suite.cli.main import main
from suite.declare.vendor.load import load_vendor
from suite.measure import enginetrace
from tests.factories.plans import plan_for

VLLM = load_vendor("cpu").engine("vllm").profiler
TRANSFORMERS = load_vendor("cpu").engine("transformers").profiler


def span(name, start, length, **others):
    return {"ph": "X", "cat": "cpu_op", "name": name, "ts": start, "dur": length, "pid": 1, "tid": 1, **others}  # fmt: skip


NESTED = [
    span("linear", 10, 100),
    span("matmul", 20, 60),
    span("copy", 90, 5),
    span("copy", 200, 7),
    span("matmul", 15, 50, tid=2),
    span("kernel", 30, 40, cat="kernel", pid="stream 7", tid="7"),
    span("step", 0, 400, cat="user_annotation"),
    {"ph": "M", "name": "process_name", "args": {"name": "python"}},
    {"ph": "X", "cat": "Trace", "name": "whole", "ts": "0", "dur": 3, "pid": "Spans", "tid": "x"},
]


def written(path, value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.json", "b.pt.trace.json.gz"])
def test_operations_get_the_time_that_nothing_inside_them_took(tmp_path, name):
    written(tmp_path / name, {"schemaVersion": 1, "traceEvents": NESTED})
    (tmp_path / "profiler_out_0.txt").write_text("a table")
    (summary,) = enginetrace.summaries(tmp_path)
    assert summary.events == len(NESTED)
    assert summary.span_us == 400
    assert summary.operations == (("matmul", 110), ("kernel", 40), ("linear", 35), ("copy", 12))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        {},
        {"traceEvents": []},
        {"traceEvents": [1]},
        {"traceEvents": [{"ts": {}}]},
        {"traceEvents": [{"name": 7}]},
        b"\xff\xfe",
    ],
)
def test_what_is_no_trace_is_refused(tmp_path, value):
    written(tmp_path / "a.json", value)
    with pytest.raises(EngineError) as caught:
        enginetrace.summaries(tmp_path)
    assert caught.value.code == "trace-missing"


def test_a_cut_archive_and_no_trace_at_all_are_refused(tmp_path):
    with pytest.raises(EngineError, match="no trace"):
        enginetrace.summaries(tmp_path)
    path = written(tmp_path / "a.json.gz", {"traceEvents": NESTED})
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"no gzip", whole[:-9] + bytes(9)):
        path.write_bytes(data)
        with pytest.raises(EngineError, match="not a Chrome trace"):
            enginetrace.summaries(tmp_path)


def test_a_time_that_is_no_number_is_refused(tmp_path):
    written(tmp_path / "a.json", {"traceEvents": [span("a", "soon", 1)]})
    with pytest.raises(EngineError, match="not a Chrome trace"):
        enginetrace.summaries(tmp_path)


def test_a_process_sees_this_machines_paths(tmp_path):
    plan = plan_for("cpu", "vllm", 1, runtime="process")
    engine = enginetrace.traced(plan, VLLM, tmp_path).engine
    assert engine.command[: len(plan.engine.command)] == plan.engine.command
    name, value = engine.command[len(plan.engine.command) :]
    assert name == "--profiler-config"
    assert json.loads(value)["torch_profiler_dir"] == str(tmp_path)
    assert engine.container is None


def test_a_container_sees_mounts_and_only_the_traces_can_be_written(tmp_path):
    plan = plan_for("cpu", "transformers", 1)
    engine = enginetrace.traced(plan, TRANSFORMERS, tmp_path).engine
    assert engine.command[:4] == (
        "python", enginetrace.SCRIPT_TARGET, enginetrace.TARGET, "transformers",
    )  # fmt: skip
    new = engine.container.mounts[len(plan.engine.container.mounts) :]
    assert [(mount.target, mount.read_only) for mount in new] == [
        (enginetrace.TARGET, False),
        (enginetrace.SCRIPT_TARGET, True),
    ]


class Handler(http.server.BaseHTTPRequestHandler):
    """Notes what is asked; a body "bad" is refused, and so is a path of `refused`."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.path, body))
        refused = body == b'"bad"' or self.path in self.server.refused
        answer = b'{"error": {"message": "no"}}' if refused else b""
        self.send_response(404 if refused else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked, made.refused = [], ()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def record(server, *bodies):
    served = types.SimpleNamespace(
        base_url=f"http://127.0.0.1:{server.server_address[1]}", address=""
    )
    enginetrace.record(served, VLLM, "/v1/completions", bodies)


def test_a_request_goes_before_and_the_others_between_start_and_stop(server):
    record(server, b'"a"', b'"b"')
    asked = server.asked
    assert asked[0] == ("/v1/completions", b'"a"')
    assert asked[1] == ("/start_profile", b"")
    assert sorted(asked[2:4]) == [("/v1/completions", b'"a"'), ("/v1/completions", b'"b"')]
    assert asked[4] == ("/stop_profile", b"")


def test_the_profiler_is_ended_where_a_request_fails(server):
    with pytest.raises(EngineError, match="answers 404: no"):
        record(server, b'"a"', b'"bad"')
    assert server.asked[-1][0] == "/stop_profile"


def test_a_server_without_the_path_is_an_error(server):
    server.refused = ("/start_profile",)
    with pytest.raises(EngineError) as caught:
        record(server, b'"a"')
    assert caught.value.code == "engine-bad-answer"


@pytest.mark.parametrize(
    "words",
    [
        ["--engine", "openvino"],
        ["--vendor", "sophgo"],
        ["--engine", "vllm", "--emulate"],
        ["--engine", "vllm", "--runtime", "sim"],
    ],
)
def test_an_engine_without_a_declared_profiler_is_refused(capsys, words, tmp_path):
    assert main(["trace", *words, "--out", str(tmp_path / "t")]) == 2
    assert "profiler-undeclared" in capsys.readouterr().err
    assert not (tmp_path / "t").exists()
