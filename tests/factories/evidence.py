"""A small, sound run in memory: every rule passes on it, so that a case can break exactly one thing."""

from __future__ import annotations

import copy
import hashlib
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from suite.base import jsonio
from suite.base.errors import Place
from suite.base.resources import resource
from suite.declare.plan import recipe
from suite.declare.profiles import controls
from suite.documents.attempt import Attempt
from suite.documents.basis import Basis
from suite.documents.codec import canonical, convert
from suite.documents.container import ContainerRecord
from suite.documents.deviceevidence import DeviceEvidence
from suite.documents.enginesample import EngineSample
from suite.documents.environment import Environment
from suite.documents.event import Event, Footer, Header, Mark, Request
from suite.documents.logstamp import LogStamp
from suite.documents.nodes import Nodes
from suite.documents.phase import Phase
from suite.documents.plan import Plan
from suite.documents.provenance import Provenance
from suite.documents.sentences import in_both
from suite.documents.taskline import TaskLine
from suite.documents.telemetry import TelemetrySample
from suite.evidence import EarlierAttempt, Evidence
from suite.evidence.farm import Farm
from suite.evidence.growth import Beginnings, Grown

MS = 1_000_000
SUBJECTS = ["council", "bank", "striker", "museum", "court", "airline", "school", "festival"]
EVENTS = [
    "approves a new bridge over the river",
    "cuts two hundred jobs in the north",
    "scores twice to beat the league leaders",
    "reopens after a long repair of its roof",
    "jails a former manager for stealing money",
    "orders forty aircraft from a new maker",
    "closes for a week after a burst pipe",
    "moves to a larger park outside the city",
]
N = len(SUBJECTS)


def _digest(text: str) -> str:
    return jsonio.sha256_hex(text.encode())


def tasks() -> dict:
    lines = {}
    for index in range(N):
        reference = f"The {SUBJECTS[index]} {EVENTS[index]}."
        document = f"It was a quiet morning in town. Then news came. {reference}"
        record = {"document_sha256": _digest(document), "id": f"t{index}", "summary": reference}
        lines[f"t{index}"] = {
            "id": f"t{index}",
            "record_sha256": jsonio.digest(record),
            "document_sha256": _digest(document),
            "document_words": len(document.split()),
            "lead": "It was a quiet morning in town.",
            "reference": reference,
        }
    return lines


def lead(text: str) -> list[int]:
    """Characters of the first four words, each with the white space before it: what the first chunks brought."""
    return [len(piece) for piece in re.findall(r"\s*\S+", text)[:4]]


def answer(index: int) -> str:
    """About half of the reference's words, so that ROUGE lies where real summaries lie."""
    words = f"The {SUBJECTS[index]} {EVENTS[index]}.".split()
    return " ".join(["Officials", "say", *words[: len(words) // 2], "on", "Monday", "evening"])


IDS = tuple(tasks())


def phase(
    name: str, scenario: str, *, measured: bool = True, concurrency: int | None = None
) -> dict:
    arrivals = [index * 300 * MS + 10 * MS for index in range(N)] if scenario == "server" else None
    return {
        "name": name,
        "repeat": 0,
        "scenario": scenario,
        "measured": measured,
        "first_task": 0,
        "tasks": N if measured else 2,
        "concurrency": concurrency,
        "arrivals": {"process": "poisson", "rate": 3.3, "seed": 1, "shape": None}
        if arrivals
        else None,
        "arrivals_ns": arrivals,
        "timeout_s": 60.0,
        "failure_bound": 0.05,
        "lateness_bound_ms": 5.0 if arrivals else None,
    }


def facts() -> dict:
    """Facts of a small Llama."""
    return {
        "architecture": "LlamaForCausalLM",
        "model_type": "llama",
        "parameters": 139_584,
        "active_parameters": 139_584,
        "weight_bytes": 558_336,
        "torch_dtype": "float32",
        "tie_embeddings": False,
        "quantisation": None,
        "max_positions": 1024,
        "heads": 4,
        "layers": [
            {
                "count": 2,
                "attention_parameters": 64 * 16 * 12,
                "heads": 4,
                "key_dim": 16,
                "value_dim": 16,
                "cached_values": 64,
                "window": None,
                "mlp_parameters": 3 * 64 * 128,
                "expert_parameters": 0,
                "experts": 0,
                "active_experts": 0,
            }
        ],
        "head_parameters": 64 * 512,
        "parameters_unknown": "",
        "shape_unknown": "",
        "notes": [],
    }


def plan() -> dict:
    lines = tasks()
    ids = "\n".join(lines)
    records = "\n".join(line["record_sha256"] for line in lines.values())
    template = "Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:"
    return {
        "plan_schema": 1,
        "suite": {"version": "0.1.0", "commit": "7" * 40, "files_sha256": "6" * 64},
        "vendor": {"id": "cpu", "name": "Any CPU", "sha256": "a" * 64, "emulated": False},
        "runtime": "container",
        "runtime_note": "",
        "devices": {"count": 1, "accelerator": "cpu", "name": "Any CPU", "visible": ""},
        "engine": {
            "id": "vllm",
            "title": "vLLM",
            "stack": {"vllm": "0.32.0"},
            "command": ["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "/model"],
            "pre_commands": [],
            "env": {"HF_HUB_OFFLINE": "1"},
            "unset_env": [],
            "port": 8000,
            "served_model_name": "mini",
            "model_target": "/model",
            "image": {
                "source": "build",
                "reference": "llm-conformance/cpu-vllm",
                "digest": None,
                "build_context": "images/cpu-vllm",
                "tarball": None,
                "visibility": "local",
            },
            "container": {
                "runtime": None,
                "gpus": None,
                "devices": [],
                "mounts": [{"source": "/models/mini", "target": "/model", "read_only": True}],
                "tmpfs": {},
                "shm_size": "1g",
                "ipc": None,
                "network": "isolated",
                "capabilities_add": [],
                "security_opt": [],
                "groups": [],
                "ulimits": {},
                "memory": None,
                "pids": 4096,
                "privileged": False,
                "privileged_reason": None,
                "entrypoint": None,
                "user": None,
                "wrapper": None,
            },
            "process": None,
            "url": None,
            "readiness": {"path": "/health", "timeout_s": 300.0, "interval_s": 0.5},
            "request": {
                "api": "chat",
                "path": "/v1/chat/completions",
                "extra_body": {"return_token_ids": True},
                "stream_options": {"include_usage": True},
                "token_ids": True,
                "omit": [],
                "done_marker": True,
            },
            "dtype": {"requested": "float32", "executed": "float32", "note": ""},
            "tensor_parallel": 1,
            "max_model_len": 1024,
            "prefix_caching": False,
            "quantisation": None,
            "speculative_decoding": False,
            "preflight": [],
        },
        "conversion": None,
        "model": {
            "id": "mini",
            "revision": "7" * 40,
            "path": "/models/mini",
            "sha256": "b" * 64,
            "files": [{"path": "config.json", "bytes": 10, "sha256": "c" * 64}],
            "facts": facts(),
            "tokenizer_sha256": "d" * 64,
            "chat_template_sha256": "e" * 64,
        },
        "workload": {
            "profile": "smoke",
            "profile_sha256": "f" * 64,
            "title": {"en": "Smoke", "zh": "冒烟"},
            "division": "closed",
            "seed": 1,
            "taskset": {
                "name": "mini-8",
                "size": N,
                "ids_sha256": _digest(ids),
                "records_sha256": _digest(records),
                "locked": True,
            },
            "prompt": {"id": "closed-v1", "template": template, "sha256": _digest(template)},
            "decoding": {
                "max_new_tokens": 64,
                "min_new_tokens": 0,
                "temperature": 0.0,
                "top_p": 1.0,
                "seed": 0,
                "ignore_eos": False,
                "stop": [],
            },
            "max_input_tokens": 960,
            "phases": [
                phase("single-stream", "single_stream", measured=False, concurrency=1),
                phase("single-stream", "single_stream", concurrency=1),
                phase("offline", "offline", concurrency=4),
                phase("server", "server"),
            ],
            "objectives": {"ttft_ms": 500.0, "tpot_ms": 50.0, "e2e_ms": None},
            "quality": {
                "reference_source": "the factory's own answers",
                "reference": {
                    "rouge1": 0.45,
                    "rouge2": 0.24,
                    "rougeL": 0.45,
                    "rougeLsum": 0.45,
                    "generated_tokens": 10.0,
                },
                "rouge_ratio_min": 0.9,
                "length_ratio_min": 0.9,
                "rouge1_floor": 0.15,
                "rouge2_floor": 0.012,
                "rouge1_ceiling": 0.6,
                "rouge2_ceiling": 0.5,
            },
        },
        "peaks": {
            "compute": {
                "precision": "float32",
                "flops": 1e12,
                "basis": "dense",
                "scope": "device",
                "source": "https://example.org/peak",
                "note": "",
            },
            "compute_unknown": "",
            "bandwidth_bytes_per_s": 1e11,
            "bandwidth_source": "https://example.org/bandwidth",
            "tdp_w": None,
        },
        "telemetry": [],
    }


def requests(
    planned: dict, ids: Sequence[str] = IDS, say: Callable[[int], str] = answer
) -> tuple[list[dict], list[dict]]:
    """Request events and phase marks for a plan, with times that obey the phase's load.

    Args:
        planned: the plan.
        ids: of its tasks, in order.
        say: what is answered to a task, by its place.
    """
    noise = random.Random(7)
    events: list[dict] = []
    marks: list[dict] = []
    now = 10_000 * MS
    for doc in planned["workload"]["phases"]:
        identity = {"phase": doc["name"], "repeat": doc["repeat"], "measured": doc["measured"]}
        start = now
        marks.append({"type": "mark", "t": start, "name": "phase.start", **identity})
        free = [start + MS] * (doc["concurrency"] or 1)
        end = start
        phase = convert(doc, Phase)
        hidden = controls.by_index(phase)
        for index in range(doc["tasks"]):
            task = controls.number(phase, hidden, index, len(ids))
            name = ids[task]
            if index in hidden:
                name = controls.task_name(name, hidden[index])
            text = say(task)
            count = len(text.split())
            if doc["arrivals_ns"] is None:
                slot = min(range(len(free)), key=free.__getitem__)
                sent = sched = free[slot]
            else:
                slot = 0
                sched = start + doc["arrivals_ns"][index]
                sent = sched + noise.randrange(5_000, 40_000)
            first = sent + noise.randrange(18, 22) * MS
            gaps = [noise.randrange(4_900_000, 5_100_000) for _ in range(count - 1)]
            done = first + sum(gaps) + 50_000
            free[slot] = done + 20_000
            end = max(end, done)
            events.append(
                {
                    "type": "request",
                    **identity,
                    "index": index,
                    "task": name,
                    "t_sched": sched,
                    "t_send": sent,
                    "chunk_t0": first,
                    "chunk_dt": gaps,
                    "chunk_tokens": [1] * count,
                    "lead_chars": lead(text),
                    "merged_reads": 0,
                    "t_end": done,
                    "outcome": "ok",
                    "status": 200,
                    "error": None,
                    "finish_reason": "stop",
                    "text": text,
                    "token_ids": list(range(count)),
                    "usage": {
                        "engine_prompt": 40,
                        "engine_completion": count,
                        "ids_completion": count,
                        "own_prompt": 40,
                        "own_completion": count,
                    },
                    "prompt_sha256": _digest(f"prompt {task}{name.removeprefix(ids[task])}"),
                    "truncated": False,
                }
            )
        now = end + 100 * MS
        marks.append({"type": "mark", "t": now - 50 * MS, "name": "phase.end", **identity})
    return events, marks


IMAGE_ID = "sha256:" + "9" * 64


def container(context: str = "images/cpu-vllm") -> dict:
    """The record of a container of an image that was built from a shipped recipe, and left alone."""
    directory = resource(context)
    base = {
        "reference": recipe.DEFAULT_BASE_IMAGE,
        "id": "sha256:" + "5" * 64,
        "layers": ["sha256:" + "1" * 64],
        "history": [{"command": "CMD python3", "empty": True}],
    }
    steps = [
        re.sub(r"^RUN ", "/bin/sh -c ", step)
        if not step.startswith("ENV")
        else step.replace("$PATH", "/usr/local/bin:/usr/bin")
        for step in recipe.instructions((directory / "Dockerfile").read_text())
    ]
    return {
        "container_schema": 1,
        "id": "c" * 64,
        "image": {
            "id": IMAGE_ID,
            "reference": "llm-conformance/cpu-vllm:1",
            "repo_digests": [],
            "architecture": "linux/amd64",
            "labels": {recipe.LABEL_CONTEXT: recipe.context_digest(directory)},
            "layers": [*base["layers"], "sha256:" + "2" * 64],
            "history": [*base["history"], *({"command": step, "empty": False} for step in steps)],
            "base": base,
        },
        "running_id": IMAGE_ID,
        "command": ["python"],
        "networks": ["own"],
        "watched": "",
        "events": [
            {"time_us": 1000 * at, "action": action, "own": action.startswith("exec")}
            for at, action in (
                (280, "create"),
                (290, "network connect"),
                (300, "start"),
                (9_000, "exec_create: python -c  import importlib.metadata as m"),
                (3_600_000, "die"),
                (3_600_050, "destroy"),
            )
        ],
    }


def document(
    planned: dict | None = None, lines: dict | None = None, say: Callable[[int], str] = answer
) -> dict:
    """The whole run as plain data, ready to be broken; of the factory's own plan and tasks, or of others."""
    planned, lines = planned or plan(), lines or tasks()
    events, phase_marks = requests(planned, list(lines), say)
    starts = [
        ("run.start", 0),
        ("suite.setup.end", 200 * MS),
        ("engine.start", 300 * MS),
        ("engine.healthy", 9_000 * MS),
        ("engine.first_answer", 9_500 * MS),
    ]
    last = phase_marks[-1]["t"]
    ends = [("engine.stop", last + 10 * MS), ("engine.stopped", last + 500 * MS)]
    marks = [{"type": "mark", "t": t, "name": name} for name, t in starts]
    marks += phase_marks
    marks += [{"type": "mark", "t": t, "name": name} for name, t in ends]
    return {
        "plan": planned,
        "environment": {
            "environment_schema": 1,
            "facts": {
                "host.cpu": {"value": "Some CPU"},
                "engine.version": {"value": "0.32.0"},
                "image.digest": {"value": IMAGE_ID},
                "image.reference": {"value": "llm-conformance/cpu-vllm:1"},
            },
            "task_defects": {},
            "notes": [],
        },
        "header": {
            "type": "header",
            "event_schema": 1,
            "run_id": "factory-run",
            "plan_sha256": jsonio.digest(planned),
            "started_utc": "2026-01-31T12:00:00.000000Z",
            "clock": "CLOCK_MONOTONIC",
            "clock_zero_ns": 1,
            "receive_stamps": "kernel",
            "send_stamps": "user",
            "realtime_minus_monotonic_us": 5,
        },
        "marks": marks,
        "requests": events,
        "footer": {
            "type": "footer",
            "t": last + 600 * MS,
            "ended": "complete",
            "requests": len(events),
            "error": None,
            "clock_steps_ns": 1000,
        },
        "tasks": lines,
        "telemetry": [],
        "container": container() | {"command": list(planned["engine"]["command"])},
    }


def evidence(parts: dict | None = None) -> Evidence:
    """`document` as the judge sees it; what no schema lets pass is refused here too."""
    parts = parts or document()
    requests, farm = of_clients(parts)
    return Evidence(
        directory=Path("/nowhere"),
        plan=in_both(convert(parts["plan"], Plan)),
        environment=in_both(convert(parts["environment"], Environment)),
        header=convert(parts["header"], Header),
        marks=convert(parts["marks"], tuple[Mark, ...]),
        requests=requests,
        farm=farm,
        footer=convert(parts["footer"], Footer | None),
        tasks=convert(parts["tasks"], dict[str, TaskLine]),
        telemetry=convert(parts["telemetry"], tuple[TelemetrySample, ...]),
        manifest_sha256=parts.get("manifest_sha256", "0" * 64),
        provenance=convert(parts.get("provenance"), Provenance | None),
        basis=in_both(convert(parts["basis"], Basis)) if parts.get("basis") else None,
        container=convert(parts.get("container"), ContainerRecord | None),
        nodes=convert(parts.get("nodes"), Nodes | None),
        engine_metrics=convert(parts.get("engine_metrics", []), tuple[EngineSample, ...]),
        growth=grown(parts),
        log_sha256=hashlib.sha256(log(parts)).hexdigest() if parts.get("device_evidence") else "",
        device_evidence=convert(parts.get("device_evidence", []), tuple[DeviceEvidence, ...]),
        attempts=tuple(map(earlier, parts.get("attempts", []))),
    )


def of_clients(parts: dict) -> tuple[tuple[Request, ...], Farm | None]:
    """The requests on the run's clock, and the load clients that sent them; none where the run did."""
    requests = convert(parts["requests"], tuple[Request, ...])
    if not any(mark["name"] == "client.joined" for mark in parts["marks"]):
        return requests, None
    farm, place, moved = Farm(), Place("events.jsonl"), []
    for event in convert(events(parts), tuple[Event, ...]):
        if isinstance(event, Mark):
            farm.take(event, place)
        elif isinstance(event, Request):
            moved.append(farm.request(event, place))
    return tuple(moved), farm


def attempt(parts: dict) -> dict:
    """An attempt that died in its second phase, on the same machine, as plain data."""
    left = {"attempt_schema": 1, "number": 1, "environment": copy.deepcopy(parts["environment"])}
    if parts.get("container"):
        left["container"] = copy.deepcopy(parts["container"])
    error = {"code": "engine-died", "message": "the engine died [engine-died]"}
    footer = parts["footer"] | {"ended": "engine-died", "error": error, "requests": 12}
    return {
        "footer": footer,
        "cut_ns": 10_000 * MS,
        "resumed_ns": 1 << 50,
        "phases": ["offline/0"],
        "requests": 7,
        "left": left,
    }


def earlier(parts: dict) -> EarlierAttempt:
    """The same as the judge sees it."""
    return EarlierAttempt(
        footer=convert(parts["footer"], Footer | None),
        cut_ns=parts["cut_ns"],
        resumed_ns=parts["resumed_ns"],
        phases=tuple(parts["phases"]),
        requests=parts["requests"],
        left=convert(parts["left"], Attempt | None),
    )


def events(parts: dict) -> list[dict]:
    """The lines of the log in their order."""
    moments = sorted(
        [(mark["t"], 0 if mark["name"] != "phase.end" else 2, mark) for mark in parts["marks"]]
        + [(request.get("t_seen", request["t_end"]), 1, request) for request in parts["requests"]],
        key=lambda item: item[:2],
    )
    last = [] if parts["footer"] is None else [parts["footer"]]
    return [parts["header"], *(event for _, _, event in moments), *last]


def rows(parts: dict) -> list[tuple[bytes, dict]]:
    """The same with the bytes of each line."""
    return [(canonical(convert(event, Event)) + b"\n", event) for event in events(parts)]


def log(parts: dict) -> bytes:
    """The bytes of the log."""
    return b"".join(row for row, _ in rows(parts))


def grown(parts: dict) -> tuple[Grown, ...]:
    """The digests that were kept of the log, beside the log."""
    if not parts.get("stamps"):
        return ()
    beginnings = Beginnings(convert(parts["stamps"], tuple[LogStamp, ...]))
    for row, event in rows(parts):
        beginnings.add(row, convert(event, Event))
    return beginnings.grown()


def write(directory: Path, parts: dict | None = None) -> Path:
    """Write the run as a run leaves it, manifest included."""
    from suite import evidence as hinge

    parts = copy.deepcopy(parts or document())
    with hinge.Writer(directory) as writer:
        writer.document("plan.json", parts["plan"])
        for name in ("basis", "container", "nodes"):
            if name in parts:
                writer.document(f"{name}.json", parts[name])
        writer.document("environment.json", parts["environment"])
        writer.lines("tasks.jsonl", convert([*parts["tasks"].values()], list[TaskLine]))
        writer.lines("telemetry.jsonl", convert(parts["telemetry"], list[TelemetrySample]))
        if parts.get("engine_metrics"):
            samples = convert(parts["engine_metrics"], list[EngineSample])
            writer.lines("engine-metrics.jsonl", samples)
        (directory / "engine.log").write_text("engine log\n")
        if parts.get("stamps"):
            writer.lines("stamps.jsonl", convert(parts["stamps"], list[LogStamp]))
        for event in events(parts):
            writer.event(convert(event, Event))
        if parts.get("device_evidence"):
            rows_of = convert(parts["device_evidence"], list[DeviceEvidence])
            writer.lines("device-evidence.jsonl", rows_of)
    hinge.write_manifest(directory)
    return directory
