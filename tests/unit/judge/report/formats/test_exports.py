"""Each format read back by the tool that it is for, or by that tool's published schema."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import math
from pathlib import Path

import pytest

from suite.base.errors import DataError, EvidenceError, SuiteError, UsageError
from suite.cli import exporting
from suite.cli.main import main
from suite.declare.profiles.trace import read_trace
from suite.documents.value import Measured
from suite.judge.report import formats
from suite.judge.report.formats import registry
from suite.judge.report.formats.format import Subject
from suite.judge.report.view import values
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import loads

GOLDEN = Path(__file__).resolve().parents[4] / "cases/releases/0.2.0"


@pytest.fixture(scope="module")
def subject():
    """Two phases with numbers, and one beyond the server's capacity."""
    evidence = factory.evidence(loads.saturated())
    return Subject(score(evidence), evidence=evidence)


@pytest.fixture(scope="module")
def sound():
    evidence = factory.evidence()
    return Subject(score(evidence), evidence=evidence)


def phase(subject, name):
    return dataclasses.replace(subject, phase=name)


def test_vllm_bench_one_phase_and_several(sound):
    lines = registry.render("vllm-bench", sound).decode().splitlines()
    results = {json.loads(line)["label"]: json.loads(line) for line in lines}
    measured = [phase.name for phase in sound.card.phases]
    assert list(results) == measured
    for name, result in results.items():
        assert json.loads(registry.render("vllm-bench", phase(sound, name))) == result
        n = result["num_prompts"]
        for member in ("input_lens", "output_lens", "ttfts", "itls", "generated_texts", "errors"):
            assert len(result[member]) == n, member
        assert result["completed"] + result["failed"] == n
        assert sum(result["output_lens"]) == result["total_output_tokens"]
        # What it prints follows from what it lists, by its own rule.
        assert result["mean_ttft_ms"] == pytest.approx(1000 * sum(result["ttfts"]) / n)
        gaps = [gap for listed in result["itls"] for gap in listed]
        assert result["mean_itl_ms"] == pytest.approx(1000 * sum(gaps) / len(gaps))
        latency = result["latencies"][0] - result["ttfts"][0]
        assert latency == pytest.approx(sum(result["itls"][0]))
        assert 1 <= result["max_concurrent_requests"] <= n


def test_a_phase_without_numbers_is_left_out_or_refused_with_the_reason(subject):
    names = [
        json.loads(line)["label"] for line in registry.render("vllm-bench", subject).splitlines()
    ]
    assert "flood" not in names
    with pytest.raises(EvidenceError) as caught:
        registry.render("vllm-bench", phase(subject, "flood"))
    assert caught.value.code == "nothing-to-export"
    assert "over-saturated" in caught.value.message
    with pytest.raises(UsageError) as caught:
        registry.render("guidellm", phase(subject, "nowhere"))
    assert caught.value.code == "phase-unknown"


def test_guidellm(sound):
    report = json.loads(registry.render("guidellm", sound))
    for benchmark in report["benchmarks"]:
        metrics = benchmark["metrics"]
        first = metrics["time_to_first_token_ms"]["successful"]
        listed = [item["time_to_first_token_ms"] for item in benchmark["requests"]["successful"]]
        assert first["count"] == len(listed) == metrics["request_totals"]["successful"]
        assert first["mean"] == pytest.approx(sum(listed) / len(listed))
        ordered = [first["percentiles"][p] for p in ("p001", "p01", "p50", "p99", "p999")]
        assert ordered == sorted(ordered)
        assert first["min"] <= ordered[0]
        # Its TPOT counts the first token's wait, its ITL does not.
        tpot, itl = (
            metrics[name]["successful"]["mean"]
            for name in ("time_per_output_token_ms", "inter_token_latency_ms")
        )
        assert tpot > itl


def test_mlperf_says_what_it_is_not(sound):
    text = registry.render("mlperf", phase(sound, "server")).decode()
    assert "not an MLPerf result" in text
    fields = dict(line.split(" : ", 1) for line in text.splitlines() if " : " in line)
    fields = {name.strip(): value for name, value in fields.items()}
    assert fields["Scenario"] == "Server"
    tails = [int(fields[f"{p:.2f} percentile latency (ns)"]) for p in (50, 90, 99, 99.9)]
    assert tails == sorted(tails)
    assert int(fields["Max latency (ns)"]) == tails[-1]


@pytest.mark.parametrize(
    "name", ["mtt-offline", "mtt-serving", "qwen-speed", "transformers-records"]
)
def test_tables_of_a_tools_own_columns(sound, name):
    rows = list(csv.DictReader(io.StringIO(registry.render(name, sound).decode())))
    assert [row["phase"] for row in rows] == [phase.name for phase in sound.card.phases]
    views = json.loads(registry.render("other-tools", sound))
    key = "transformers" if name == "transformers-records" else name
    for row in rows:
        fields = views[row["phase"]][key]["fields"]
        assert set(row) == {"phase", "model", *fields}
        for field, value in fields.items():
            assert bool(row[field]) == ("value" in value), field


def test_mtt_perf_times_each_batch_as_a_whole():
    """A batch's prefill ends with the last first token of it; a blank row stands behind each model's rows."""
    evidence = factory.evidence(loads.lockstep())
    subject = Subject(score(evidence), evidence=evidence)
    rows = list(csv.DictReader(io.StringIO(registry.render("mtt-perf", subject).decode())))
    single, row, blank = rows
    assert set(blank.values()) == {""}
    (grid,) = [item for item in evidence.plan.workload.phases if item.lockstep]
    size = grid.concurrency
    assert (single["batch"], int(row["batch"])) == ("1", size)
    assert row["Model"] == evidence.plan.model.id
    first = [event for event in evidence.requests if event.phase == grid.name][:size]
    filled = max(event.chunk_t0 for event in first)
    prefill = (filled - min(event.t_send for event in first)) / 1e6
    assert float(row["prefill_latency(ms)"]) == pytest.approx(prefill, rel=0.2)
    assert int(row["generated_tokens"]) == (int(row["decode_tokens"]) - 1) * size
    whole = float(row["prefill_latency(ms)"]) + float(row["generation_time(ms)"])
    assert float(row["latency(ms)"]) == pytest.approx(whole, abs=0.02)
    rate = int(row["generated_tokens"]) / float(row["generation_time(ms)"]) * 1e3
    assert float(row["total_decode_tps"]) == pytest.approx(rate, rel=1e-3)
    assert float(row["single_batch_decode_tps"]) * size == pytest.approx(rate, rel=1e-3)


def test_runs_that_a_tool_keeps_in_one_file_are_written_into_one(sound):
    both = registry.render_all("mtt-perf", [sound, sound]).decode().splitlines()
    one = registry.render("mtt-perf", sound).decode().splitlines()
    assert both == [*one, *one[1:]]
    lines = registry.render_all("qwen-comparison", [sound, sound]).decode().splitlines()
    assert lines[0].startswith("## ")
    heading, _, row = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:5])
    cells = dict(zip(heading, row, strict=True))
    speeds = list(csv.DictReader(io.StringIO(registry.render("qwen-speed", sound).decode())))
    (speed,) = [item["Speed (tokens/s)"] for item in speeds if item["Speed (tokens/s)"]]
    assert float(cells["Speed (tokens/s)"]) == pytest.approx(float(speed), abs=0.005)
    assert cells["Runs"] == "2"
    with pytest.raises(UsageError) as refused:
        registry.render_all("vllm-bench", [sound, sound])
    assert refused.value.code == "format-lacks"


@pytest.mark.parametrize("name", ["mtt-perf", "qwen-comparison"])
def test_a_grid_needs_batches_or_single_requests(name):
    evidence = factory.evidence(loads.soak())
    with pytest.raises(EvidenceError) as refused:
        registry.render(name, Subject(score(evidence), evidence=evidence, phase="soak"))
    assert refused.value.code == "nothing-to-export"


def test_the_eight_lines(sound):
    lines = registry.render("xsum-suite", phase(sound, "offline")).decode().splitlines()
    assert [line.split(":")[0] for line in lines[1:]] == [
        "TTFT",
        "Throughput",
        "Tps",
        "Time",
        "MFU",
        "ROUGE1",
        "ROUGE2",
        "ROUGEL",
    ]


def test_benchmark_v2(sound):
    made = json.loads(registry.render("benchmark-v2", sound))
    assert len(made) == len(sound.card.phases)
    for benchmark in made.values():
        measures = benchmark["measurements"]
        n = benchmark["config"]["measurement_iterations"]
        assert len(measures["e2e_latency"]) == len(measures["token_generation_times"]) == n
        for latency, times in zip(
            measures["e2e_latency"], measures["token_generation_times"], strict=True
        ):
            assert times == sorted(times)
            assert times[-1] == pytest.approx(latency)


def numbers(subject):
    return {
        (phase, metric): value.value
        for phase, metric, value in values(subject.card)
        if isinstance(value, Measured)
    }


def test_prometheus_reads_every_number(subject):
    parser = pytest.importorskip("prometheus_client.parser")
    families = list(
        parser.text_string_to_metric_families(registry.render("prometheus", subject).decode())
    )
    assert len({family.name for family in families}) == len(families)
    read = {}
    for family in families:
        assert family.documentation
        for sample in family.samples:
            if "phase" in sample.labels and not family.name.endswith(("_low", "_high")):
                read.setdefault(sample.labels["phase"], []).append(sample.value)
    expected = numbers(subject)
    for phase_name, mine_read in read.items():
        mine = sorted(value for (phase, _), value in expected.items() if phase == phase_name)
        assert sorted(mine_read) == mine
    assert len(expected) == sum(map(len, read.values()))


def test_parquet_has_every_value(subject):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = parquet.read_table(io.BytesIO(registry.render("parquet", subject))).to_pylist()
    assert len(table) == sum(1 for _ in values(subject.card))
    read = {
        (row["phase"], row["metric"]): row["value"] for row in table if row["value"] is not None
    }
    assert read == numbers(subject)
    assert all((row["value"] is None) == (row["not_measured"] is not None) for row in table)


def test_open_telemetry_is_its_collectors_request(subject):
    pytest.importorskip("opentelemetry.proto", reason="opentelemetry-proto is not installed")
    from google.protobuf import json_format
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2

    request = json_format.Parse(
        registry.render("open-telemetry", subject),
        metrics_service_pb2.ExportMetricsServiceRequest(),
    )
    (scope,) = request.resource_metrics[0].scope_metrics
    points = sum(len(metric.gauge.data_points) for metric in scope.metrics)
    assert points == len(numbers(subject))


def test_mlflow_takes_it(subject, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    body = json.loads(registry.render("mlflow", subject))
    client = mlflow.MlflowClient(f"file://{tmp_path}")
    run = client.create_run("0" if client.search_experiments() else client.create_experiment("x"))
    entities = mlflow.entities
    client.log_batch(
        run.info.run_id,
        [entities.Metric(**metric) for metric in body["metrics"]],
        [entities.Param(**parameter) for parameter in body["params"]],
        [entities.RunTag(**tag) for tag in body["tags"]],
    )
    held = client.get_run(run.info.run_id).data
    assert len(held.metrics) == len(numbers(subject))
    assert held.tags["verdict"] == subject.card.verdict.outcome


def test_llm_d_reads_its_report(sound):
    report = pytest.importorskip(
        "llmd_benchmark_report", reason="llmd-benchmark-report is not installed"
    )
    made = json.loads(registry.render("llm-d", phase(sound, "server")))
    read = report.load_benchmark_report(made)
    assert read.version == "0.2.1"
    aggregate = read.results.request_performance.aggregate
    assert (
        aggregate.requests.total
        == made["results"]["request_performance"]["aggregate"]["requests"]["total"]
    )
    assert aggregate.latency.time_to_first_token.p50 > 0


def test_every_eval_evers_schema_takes_it(sound):
    import importlib.util

    import jsonschema

    package = importlib.util.find_spec("every_eval_ever")
    if package is None:
        pytest.skip("every-eval-ever is not installed (it needs Python 3.12)")
    schema = json.loads(
        (Path(package.submodule_search_locations[0]) / "schemas/eval.schema.json").read_text()
    )
    made = json.loads(registry.render("every-eval-ever", sound))
    jsonschema.Draft7Validator(schema).validate(made)
    assert made["schema_version"] == schema["version"]
    assert {item["metric_config"]["metric_id"] for item in made["evaluation_results"]} >= {"rouge1"}


@pytest.mark.parametrize("name", sorted(registry.names(formats)))
def test_a_format_is_of_the_phase_that_is_asked_for_or_refused(subject, name):
    def made(phase: str) -> bytes:
        return registry.render(name, dataclasses.replace(subject, bundle=b"{}", phase=phase))

    phases = [phase.name for phase in subject.card.phases]
    asked = ["nope", *phases] if registry.load(name).needs == "evidence" else phases
    written = set()
    refused = []
    for phase in asked:
        try:
            written.add(made(phase))
        except SuiteError as cause:
            refused.append(cause.code)
    if asked == phases:
        assert refused == ["format-lacks"] * len(phases)
        return
    assert refused == ["phase-unknown"] + ["nothing-to-export"] * (len(refused) - 1)
    assert len(written) == len(asked) - len(refused), "what holds one phase differs from another's"


def test_a_trace_nests_and_holds_every_request(subject):
    made = json.loads(registry.render("trace", subject))
    events = made["traceEvents"]
    requests = [event for event in events if event.get("args", {}).get("task")]
    assert len(requests) == len(subject.evidence.requests)
    lanes = {}
    for event in requests:
        lanes.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    for spans in lanes.values():
        spans.sort()
        assert all(a[1] <= b[0] + 1e-6 for a, b in itertools.pairwise(spans))
    names = {event["name"] for event in events if event["ph"] == "X" and event["pid"] == 1}
    assert {f"{phase.name}/0" for phase in subject.card.phases} <= names
    assert all(math.isfinite(event.get("ts", 0)) for event in events)
    assert any(event["ph"] == "C" for event in events) == bool(subject.evidence.telemetry)


def test_a_trace_is_replayed_as_the_run_sent_it(subject, tmp_path):
    path = tmp_path / "run.trace.json"
    phase = subject.card.phases[-1].name
    path.write_bytes(registry.render("trace", dataclasses.replace(subject, phase=phase)))
    replayed = read_trace(path)
    mine = [item for item in subject.evidence.requests if item.measured and item.phase == phase]
    sent = sorted(mine, key=lambda item: item.t_send)
    assert list(replayed.arrivals_ns) == [item.t_send - sent[0].t_send for item in sent]
    assert list(replayed.lengths) == [
        (item.usage.engine_prompt, item.usage.engine_completion) for item in sent
    ]
    made = json.loads(path.read_bytes())
    first = next(event for event in made["traceEvents"] if event.get("args", {}).get("measured"))
    del first["args"]["prompt_tokens"]
    path.write_text(json.dumps(made))
    assert read_trace(path).lengths is None, "not counted in one: times alone"
    first["ts"] = "soon"
    path.write_text(json.dumps(made))
    with pytest.raises(DataError) as caught:
        read_trace(path)
    assert caught.value.place.pointer == f"/traceEvents/{made['traceEvents'].index(first)}"


def test_the_command_writes_a_file_for_each_phase(tmp_path, capsys):
    packed = GOLDEN / "submissions/cpu/no-round/vllm-cpu"
    out = tmp_path / "out"
    assert (
        main(["export", str(packed), "--trust", str(GOLDEN / "keys.json"), "--out", str(out)]) == 0
    )
    files = {path.name: json.loads(path.read_bytes()) for path in out.iterdir()}
    assert {"offline.json", "server.json", "single-stream.json"} <= files.keys()
    assert all(result["backend"] == "openai" for result in files.values())
    assert str(out / "offline.json") in capsys.readouterr().out.splitlines()
    bundle = packed / "scorecard.sigstore.json"
    trust = ["--trust", str(GOLDEN / "keys.json")]
    assert main(["export", str(bundle), *trust, "--out", str(out / "x.json")]) == 2
    assert "format-lacks" in capsys.readouterr().err


def test_earlier_files_are_kept(tmp_path):
    path = tmp_path / "x.csv"
    for content in (b"1", b"1", b"2", b"3"):
        exporting.write(path, content)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        "x.csv": b"3",
        "x.csv.bak": b"1",
        "x.csv.bak2": b"2",
    }
