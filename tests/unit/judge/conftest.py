"""Runs made by hand: small plans and event lists whose metrics can be worked out on paper."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from suite.documents.codec import plain
from suite.documents.model import LayerGroup, ModelFacts
from tests.factories import evidence as factory

MS = 1_000_000
S = 1_000_000_000


class Trace:
    """Builds evidence; times are given in milliseconds."""

    facts = ModelFacts(
        architecture="LlamaForCausalLM",
        model_type="llama",
        parameters=118_784,
        active_parameters=118_784,
        weight_bytes=475_136,
        torch_dtype="float32",
        tie_embeddings=False,
        quantisation=None,
        max_positions=2048,
        heads=4,
        layers=(
            LayerGroup(
                count=2,
                attention_parameters=64 * 16 * 12,
                heads=4,
                key_dim=16,
                value_dim=16,
                cached_values=64,
                window=None,
                mlp_parameters=3 * 64 * 160,
                expert_parameters=0,
                experts=0,
                active_experts=0,
            ),
        ),
        head_parameters=64 * 256,
        parameters_unknown="",
        shape_unknown="",
        notes=(),
    )

    def __init__(self):
        self.phases = []
        self.requests = []
        self.marks = []
        self.telemetry = []
        self.tasks = {}
        self.environment = {}
        self.plan = factory.plan()
        self.plan["model"]["facts"] = plain(self.facts)
        workload = self.plan["workload"]
        workload["phases"] = self.phases
        workload["objectives"] = {"ttft_ms": None, "tpot_ms": None, "e2e_ms": None}
        workload["quality"]["reference"] = None
        self.plan["peaks"] |= {
            "compute": None,
            "compute_unknown": "no source",
            "bandwidth_bytes_per_s": None,
        }

    def phase(self, name, scenario, tasks, *, repeat=1, measured=True, failures=0.0, late=None):
        self.phases.append(
            {
                "name": name,
                "repeat": repeat,
                "scenario": scenario,
                "measured": measured,
                "first_task": 0,
                "tasks": tasks,
                "concurrency": 1 if scenario == "single_stream" else 4,
                "arrivals": None,
                "arrivals_ns": None,
                "timeout_s": 60.0,
                "failure_bound": failures,
                "lateness_bound_ms": late,
            }
        )

    def request(
        self,
        phase,
        send,
        chunks,
        *,
        sched=None,
        repeat=1,
        measured=True,
        task=None,
        text="one two three",
        prompt=10,
        tokens=None,
        ids=True,
        chunk_tokens=None,
        outcome="ok",
    ):
        """One request: `chunks` are the arrival times of its content chunks, `tokens` its generated count."""
        index = sum(r["phase"] == phase and r["repeat"] == repeat for r in self.requests)
        name = task or f"t{index}"
        self.tasks.setdefault(
            name,
            {
                "id": name,
                "record_sha256": "0" * 64,
                "document_sha256": "0" * 64,
                "document_words": 3,
                "lead": "one two",
                "reference": "one two three four",
            },
        )
        times = [round(chunk * MS) for chunk in chunks]
        usage = {"engine_prompt": prompt, "own_prompt": prompt}
        count = len(chunks) if tokens is None else tokens
        usage["engine_completion"] = count
        if ids:
            usage["ids_completion"] = count
            if chunk_tokens is None:
                chunk_tokens = [1] * len(chunks)
        self.requests.append(
            {
                "type": "request",
                "phase": phase,
                "repeat": repeat,
                "measured": measured,
                "index": index,
                "task": name,
                "t_sched": round((send if sched is None else sched) * MS),
                "t_send": round(send * MS),
                "chunk_t0": times[0] if times else None,
                "chunk_dt": [b - a for a, b in itertools.pairwise(times)],
                "chunk_tokens": chunk_tokens,
                "merged_reads": 0,
                "t_end": (times[-1] if times else round(send * MS)) + MS,
                "outcome": outcome,
                "status": 200,
                "error": None,
                "finish_reason": "stop",
                "text": text,
                "token_ids": list(range(count)) if ids else None,
                "usage": usage,
                "prompt_sha256": "0" * 64,
                "truncated": False,
            }
        )
        return self.requests[-1]

    def mark(self, name, at):
        self.marks.append({"type": "mark", "t": round(at * MS), "name": name})

    def power(self, at, watts=None, *, joules=None, device="0", tool="gmi", **values):
        sample = {"t": round(at * MS), "tool": tool, "device": device, **values}
        if watts is not None:
            sample["power_w"] = watts
        if joules is not None:
            sample["energy_j"] = joules
        self.telemetry.append(sample)

    def peak(self, flops=None, bandwidth=None):
        peaks = self.plan["peaks"]
        if flops is not None:
            peaks["compute"] = {
                "precision": "fp32",
                "flops": flops,
                "basis": "dense",
                "scope": "device",
                "source": "",
                "note": "",
            }
        peaks["bandwidth_bytes_per_s"] = bandwidth

    def model(self, **changes):
        self.plan["model"]["facts"] = plain(replace(self.facts, **changes))

    def evidence(self):
        parts = factory.document() | {
            "plan": self.plan,
            "marks": self.marks,
            "requests": self.requests,
            "footer": None,
            "tasks": self.tasks,
            "telemetry": self.telemetry,
        }
        parts["environment"]["facts"] |= self.environment
        return factory.evidence(parts)


@pytest.fixture
def trace():
    return Trace()
