"""Believable scorecards for tests of everything that reads one. Deterministic; no run stands behind them.

They are plain data, ready to be changed or broken; `document` reads one as a verifier does.
"""

from __future__ import annotations

import copy
import math
import random

from suite.base import jsonio
from suite.documents.card import Scorecard
from suite.documents.card_phase import CardPhase
from suite.documents.codec import convert, plain
from suite.documents.value import Value, stored
from suite.judge.card.build import definitions
from suite.judge.metrics.metric import STATISTICS
from suite.judge.metrics.registry import REGISTRY

BOOTSTRAP = "95 % bootstrap"


def sha(word: str) -> str:
    """A digest to put where one belongs."""
    return jsonio.sha256_hex(word.encode())


def document(card: dict) -> Scorecard:
    """The card as a verifier reads it."""
    return convert(card, Scorecard)


def phase_document(made: dict) -> CardPhase:
    """The same of one phase."""
    return convert(made, CardPhase)


def value(made: dict) -> Value:
    """The same of one value."""
    return convert(made, Value)


def measured(
    value: float, unit: str, n: int, spread: float | None = None, interval: str = BOOTSTRAP
) -> dict:
    """A measured value with a relative half-width, or without interval."""
    return {
        "value": stored(value),
        "unit": unit,
        "n": n,
        "low": None if spread is None else stored(value * (1 - spread)),
        "high": None if spread is None else stored(value * (1 + spread)),
        "interval": "exact count" if spread is None else interval,
    }


def latencies(seed: int, median: float, sigma: float, count: int) -> list[float]:
    """Sorted log-normal latencies."""
    generator = random.Random(seed)
    return sorted(stored(median * math.exp(generator.gauss(0, sigma))) for _ in range(count))


def _quantile(values: list[float], share: float) -> float:
    position = share * (len(values) - 1)
    below = int(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (position - below)


_SHARES = (("p50", 0.5, 0), ("p90", 0.9, 64), ("p99", 0.99, 662), ("p999", 0.999, 6636))


def latency_values(samples: dict[str, list[float]]) -> dict[str, dict]:
    """Percentiles and means of latencies, percentiles only from enough samples."""
    found: dict[str, dict] = {}
    for family, values in samples.items():
        count = len(values)
        width = 1.2 / math.sqrt(count)
        for statistic, share, floor in _SHARES:
            name = f"{family}_{statistic}"
            if count < floor:
                found[name] = {"not_measured": f"n/a (n = {count} < {floor})"}
            else:
                found[name] = measured(_quantile(values, share), "ms", count, width * (0.5 + share))
        found[f"{family}_mean"] = measured(sum(values) / count, "ms", count, width)
    return found


def quantile_points(values: list[float], most: int = 200) -> list[float]:
    """At most so many quantiles of sorted values."""
    if len(values) <= most:
        return list(values)
    return [stored(_quantile(values, index / (most - 1))) for index in range(most)]


def phase(
    name: str,
    scenario: str,
    *,
    seed: int,
    count: int,
    ttft: float,
    tpot: float,
    tokens: int = 24,
    concurrency: int | None = 1,
    rate: float | None = None,
    rouge: tuple[float, float, float] = (0.4312, 0.2104, 0.3655),
    mfu: dict | None = None,
    repeats: int = 1,
) -> dict:
    """One phase with synthetic latencies around the given medians (ms)."""
    total = count * repeats
    first = latencies(seed, ttft, 0.28, total)
    token = latencies(seed + 1, tpot, 0.06, total)
    generator = random.Random(seed + 2)
    whole = sorted(
        stored(a + b * (tokens - 1))
        for a, b in zip(first, generator.sample(token, total), strict=True)
    )
    metrics = latency_values({"ttft": first, "tpot": token, "e2e": whole})
    for statistic in (one.id for one in STATISTICS):
        name_of = f"ttft_sched_{statistic}"
        metrics[name_of] = (
            metrics[f"ttft_{statistic}"]
            if rate
            else {"not_measured": "the load is closed-loop: nothing was scheduled"}
        )
    metrics["icl_p50"] = measured(tpot * 0.99, "ms", total * (tokens - 1), 0.004)
    metrics["icl_mean"] = measured(tpot, "ms", total * (tokens - 1), 0.004)
    busy = whole[total // 2] / 1000
    per_s = rate if rate is not None else (concurrency or 1) / busy
    metrics |= {
        "output_throughput": measured(
            per_s * tokens, "tokens/s", repeats if repeats > 1 else total, 0.021
        ),
        "total_throughput": measured(
            per_s * (tokens + 310), "tokens/s", repeats if repeats > 1 else total, 0.021
        ),
        "request_throughput": measured(
            per_s, "requests/s", repeats if repeats > 1 else total, 0.021
        ),
        "goodput": measured(per_s * 0.97, "requests/s", total, 0.03),
        "completed": measured(total, "requests", total),
        "failed": measured(0, "requests", total),
        "generated_tokens_mean": measured(tokens + 0.31, "tokens", total, 0.013),
        "rouge1": measured(rouge[0], "1", total, 0.024),
        "rouge2": measured(rouge[1], "1", total, 0.048),
        "rougeL": measured(rouge[2], "1", total, 0.026),
        "rougeLsum": measured(rouge[2], "1", total, 0.026),
        "mfu": mfu or {"not_measured": "peak not declared for float32"},
        "mbu": {"not_measured": "memory bandwidth not declared"},
        "send_lateness_p99": measured(0.31, "ms", total, 0.2),
    }
    buckets = 48
    rates = [
        stored(
            max(
                0.0,
                per_s
                * tokens
                * (min(1.0, (i + 1) / 3) if i < 44 else 0.6)
                * (1 + generator.gauss(0, 0.07)),
            )
        )
        for i in range(buckets)
    ]
    series = {
        "ttft_ms": quantile_points(first),
        "tpot_ms": quantile_points(token),
        "e2e_ms": quantile_points(whole),
        "throughput": {
            "bucket_s": stored(total / per_s / buckets),
            "unit": "tokens/s",
            "values": rates,
        },
    }
    return {
        "name": name,
        "scenario": scenario,
        "load": {
            "concurrency": None if rate is not None else concurrency,
            "process": "poisson" if rate is not None else None,
            "rate": rate,
            "seed": 1 if rate is not None else None,
        },
        "tasks": count,
        "repeats": repeats,
        "metrics": metrics,
        "series": series,
        "token_source": "token ids",
        "steady": [
            {
                "repeat": repeat,
                "found": True,
                "why": "requests in flight stay within 10 % of their plateau",
                "start_s": 1.25,
                "end_s": stored(0.9 * total / per_s),
                "share": 0.82,
                "requests": int(0.8 * count),
            }
            for repeat in range(repeats)
        ],
    }


def check(rule: str, outcome: str, english: str, chinese: str, why: str, *evidence: str) -> dict:
    """One finding."""
    return {
        "rule": rule,
        "outcome": outcome,
        "title": {"en": english, "zh": chinese},
        "why": why,
        "evidence": list(evidence),
    }


def checks() -> list[dict]:
    """The findings of a run that went well."""
    return [
        check("R001", "pass", "The run is complete", "运行完整", "complete, 406 requests"),
        check(
            "R002",
            "pass",
            "Every planned request was sent, once",
            "每个计划请求均发送且仅一次",
            "all 406 planned requests were sent, each once and for its task",
        ),
        check(
            "R003",
            "pass",
            "The tasks are those of the plan",
            "任务与计划一致",
            "256 tasks, ids and records as in the plan",
        ),
        check(
            "R004",
            "pass",
            "The times are possible",
            "时间顺序合理",
            "the times of all 406 requests are in causal order",
        ),
        check(
            "R010",
            "pass",
            "Few requests failed",
            "失败请求在限度内",
            "0 failed requests in 3 measured phases, within the bounds",
        ),
        check(
            "R011",
            "pass",
            "Requests were sent on time",
            "请求按时发出",
            "1 open-loop phases were sent on time",
        ),
        check(
            "R014",
            "pass",
            "Token counts agree between sources",
            "各来源词元计数一致",
            "384 answers counted by at least two sources, 0 differ",
        ),
        check(
            "R020",
            "pass",
            "Summaries are as good as the reference's",
            "摘要质量达到参考",
            "every ROUGE reaches at least 99.81% of the reference, bound 99%",
        ),
        check(
            "R022",
            "pass",
            "ROUGE lies where summaries lie",
            "ROUGE 处于合理范围",
            "ROUGE-1 and ROUGE-2 of all phases lie in the plausible range (6 values)",
        ),
        check(
            "R025",
            "not-applicable",
            "Nothing runs above its peak",
            "未超过峰值",
            "peak not declared for float32",
        ),
        check(
            "R030",
            "pass",
            "Runs in a container of known digest",
            "在已知摘要的容器中运行",
            f"container, image sha256:{sha('image')}",
        ),
        check(
            "R031",
            "pass",
            "Uses a locked task set",
            "使用锁定的任务集",
            "task set: mini-256, locked",
        ),
    ]


def card() -> dict:
    """A conformant closed run of the smoke profile on a CPU."""
    phases = [
        phase("single-stream", "single_stream", seed=11, count=64, ttft=38.4, tpot=9.1),
        phase("offline", "offline", seed=23, count=256, ttft=212.0, tpot=31.5, concurrency=16),
        phase("server", "server", seed=37, count=64, ttft=61.0, tpot=13.2, rate=4.0),
    ]
    offline = phases[1]["metrics"]
    return {
        "scorecard_schema": 1,
        "metric_schema": 1,
        "run": {
            "id": "20260131-120000-cpu-vllm-smoke",
            "started_utc": "2026-01-31T12:00:00.000000Z",
            "ended": "complete",
            "error": "",
            "plan_sha256": sha("plan"),
        },
        "suite": {"version": "0.1.0", "commit": "4f1c2a9d"},
        "verdict": {
            "conformant": True,
            "outcome": "pass",
            "sentence": {
                "en": "No rule failed: 11 passed, 1 not applicable. Division: closed.",
                "zh": "没有规则未通过：11 条通过，1 条不适用。赛道：封闭。",
            },
        },
        "division": {"requested": "closed", "granted": "closed", "reasons": []},
        "vendor": {
            "id": "cpu",
            "name": "Generic CPU",
            "emulated": False,
            "declaration_sha256": sha("vendor"),
        },
        "runtime": "container",
        "runtime_note": "",
        "devices": {"count": 1, "accelerator": "cpu", "name": "x86-64 CPU"},
        "engine": {
            "id": "vllm",
            "title": "vLLM (CPU build)",
            "version": "0.32.0",
            "image_reference": "llm-inference-conformance/cpu-vllm:0.32.0",
            "image_digest": f"sha256:{sha('image')}",
            "image_pinned": True,
            "dtype": {"requested": "float32", "executed": "float32", "note": ""},
            "tensor_parallel": 1,
            "max_model_len": 1024,
            "prefix_caching": False,
            "quantisation": "",
            "speculative_decoding": False,
            "arguments": [
                "python3",
                "-m",
                "vllm.entrypoints.openai.api_server",
                "--model",
                "/model",
                "--served-model-name",
                "model",
                "--dtype",
                "float32",
                "--max-model-len",
                "1024",
                "--no-enable-prefix-caching",
                "--host",
                "0.0.0.0",
                "--port",
                "8000",
                "--seed",
                "0",
            ],
            "environment": {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "2"},
        },
        "model": {
            "id": "mini-llama-11m",
            "revision": "",
            "sha256": sha("model"),
            "tokenizer_sha256": sha("tokenizer"),
            "chat_template_sha256": sha("chat"),
            "architecture": "LlamaForCausalLM",
            "parameters": 11_534_336,
            "active_parameters": 11_534_336,
            "weight_bytes": 23_068_672,
        },
        "workload": {
            "profile": "smoke",
            "profile_sha256": sha("profile"),
            "title": {
                "en": "Smoke: the shipped mini set, all three scenarios",
                "zh": "冒烟测试：自带的小型任务集，三种场景",
            },
            "taskset": {
                "name": "mini-256",
                "size": 256,
                "ids_sha256": sha("ids"),
                "records_sha256": sha("records"),
                "locked": True,
            },
            "prompt": {
                "id": "closed-v1",
                "template": [
                    "Summarise the article in one sentence.",
                    "",
                    "Article:",
                    "{document}",
                    "",
                    "Summary:",
                ],
                "sha256": sha("prompt"),
            },
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
            "seed": 1,
            "objectives": {"ttft_ms": 2000.0, "tpot_ms": 100.0, "e2e_ms": None},
        },
        "peaks": {
            "compute": None,
            "compute_unknown": "a CPU's peak depends on clock and instruction set; none is declared",
            "bandwidth_bytes_per_s": None,
            "bandwidth_source": "",
            "tdp_w": None,
        },
        "environment": {
            "host.cpu": {"value": "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz"},
            "host.cpus": {"value": "2"},
            "host.memory_bytes": {"value": "24696061952"},
            "host.kernel": {"value": "Linux 6.1.0-28-amd64"},
            "host.os": {"value": "Debian GNU/Linux 12 (bookworm)"},
            "container.engine": {"value": "Docker 20.10.24, overlay2"},
            "driver.version": {"unknown": "no accelerator is declared"},
            "engine.version": {"value": "0.32.0"},
        },
        "startup": {
            "startup_healthy_s": {**measured(74.8, "s", 1), "interval": "one start, no interval"},
            "startup_first_answer_s": {
                **measured(75.9, "s", 1),
                "interval": "one start, no interval",
            },
        },
        "time_breakdown": [
            {"what": "suite", "kind": "suite", "seconds": 1.21},
            {"what": "engine-start", "kind": "engine", "seconds": 75.9},
            {"what": "single-stream", "kind": "warm-up", "seconds": 0.6},
            {"what": "single-stream", "kind": "measured", "seconds": 16.1},
            {"what": "offline", "kind": "warm-up", "seconds": 1.1},
            {"what": "offline", "kind": "measured", "seconds": 15.4},
            {"what": "server", "kind": "warm-up", "seconds": 1.4},
            {"what": "server", "kind": "measured", "seconds": 15.9},
            {"what": "engine-stop", "kind": "engine", "seconds": 2.2},
        ],
        "phases": phases,
        "quality": {
            "phase": "offline",
            "reference_source": "transformers 5.2, float32, greedy, the same 256 tasks",
            "rows": [
                {
                    "metric": "rouge1",
                    "value": offline["rouge1"],
                    "reference": 0.4318,
                    "bound": 0.42748,
                    "baseline": measured(0.2611, "1", 256, 0.03),
                },
                {
                    "metric": "rouge2",
                    "value": offline["rouge2"],
                    "reference": 0.2108,
                    "bound": 0.20869,
                    "baseline": measured(0.0721, "1", 256, 0.07),
                },
                {
                    "metric": "rougeL",
                    "value": offline["rougeL"],
                    "reference": 0.3659,
                    "bound": 0.36224,
                    "baseline": measured(0.2014, "1", 256, 0.03),
                },
                {
                    "metric": "rougeLsum",
                    "value": offline["rougeLsum"],
                    "reference": 0.3659,
                    "bound": 0.36224,
                    "baseline": measured(0.2014, "1", 256, 0.03),
                },
                {
                    "metric": "generated_tokens_mean",
                    "value": offline["generated_tokens_mean"],
                    "reference": 24.4,
                    "bound": 21.96,
                    "baseline": None,
                },
            ],
            "plausibility": "plausible",
            "floor": {"rouge1": 0.15, "rouge2": 0.012},
            "ceiling": {"rouge1": 1.0, "rouge2": 1.0},
        },
        "headline": [
            {"phase": "offline", "metric": "output_throughput"},
            {"phase": "single-stream", "metric": "ttft_p50"},
            {"phase": "single-stream", "metric": "tpot_p50"},
            {"phase": "server", "metric": "goodput"},
            {"phase": "offline", "metric": "rouge1"},
            {"phase": "offline", "metric": "mfu"},
        ],
        "checks": checks(),
        "metrics": {name: plain(known) for name, known in definitions(REGISTRY).items()},
        "task_defects": {},
        "notes": [],
    }


def process_card() -> dict:
    """The same profile without Docker: measured, conformant, not closed."""
    made = copy.deepcopy(card())
    note = "no Docker engine answered at unix:///var/run/docker.sock"
    why = f"runtime: process; closed needs a container ({note})"
    made["run"]["id"] = "20260131-121500-cpu-vllm-smoke"
    made["runtime"] = "process"
    made["runtime_note"] = note
    made["engine"] |= {"image_reference": "", "image_digest": "", "image_pinned": False}
    made["verdict"] = {
        "conformant": True,
        "outcome": "warn",
        "sentence": {
            "en": "No rule failed: 10 passed, 1 with a warning, 1 not applicable. Division: open, not closed as requested.",
            "zh": "没有规则未通过：10 条通过，1 条警告，1 条不适用。赛道：开放，未达到所申请的封闭。",
        },
    }
    made["division"] = {
        "requested": "closed",
        "granted": "open",
        "reasons": [{"rule": "R030", "why": why}],
    }
    for item in made["checks"]:
        if item["rule"] == "R030":
            item |= {"outcome": "warn", "why": why}
    made["notes"] = [note]
    return made


def poor_card() -> dict:
    """A run on real news whose answers are no summaries: below the plausibility floor."""
    made = copy.deepcopy(process_card())
    made["run"]["id"] = "20260131-130000-cpu-vllm-custom"
    made["vendor"] |= {"emulated": True}
    made["workload"]["taskset"] |= {"name": "custom", "size": 1000, "locked": False}
    made["phases"] = [
        phase(
            "single-stream",
            "single_stream",
            seed=11,
            count=256,
            ttft=41.2,
            tpot=9.3,
            rouge=(0.1013, 0.0062, 0.0871),
            repeats=3,
        ),
        phase(
            "offline",
            "offline",
            seed=23,
            count=1000,
            ttft=823.0,
            tpot=44.5,
            concurrency=64,
            rouge=(0.1013, 0.0062, 0.0871),
            repeats=3,
        ),
    ]
    offline = made["phases"][1]["metrics"]
    made["quality"] |= {
        "reference_source": "",
        "plausibility": "below-floor",
        "ceiling": {"rouge1": 0.5, "rouge2": 0.27},
        "rows": [
            {
                "metric": name,
                "value": offline[name],
                "reference": None,
                "bound": None,
                "baseline": measured(base, "1", 1000, 0.03),
            }
            for name, base in (
                ("rouge1", 0.1631),
                ("rouge2", 0.0161),
                ("rougeL", 0.1207),
                ("rougeLsum", 0.1207),
            )
        ]
        + [
            {
                "metric": "generated_tokens_mean",
                "value": offline["generated_tokens_mean"],
                "reference": None,
                "bound": None,
                "baseline": None,
            }
        ],
    }
    made["headline"] = [item for item in made["headline"] if item["phase"] != "server"]
    made["headline"].insert(2, {"phase": "single-stream", "metric": "ttft_p99"})
    why = "not credible as summaries: offline: rouge1 0.1013 is below the floor 0.15"
    for item in made["checks"]:
        if item["rule"] == "R022":
            item |= {
                "outcome": "fail",
                "why": why,
                "evidence": [
                    "offline: rouge1 0.1013 is below the floor 0.15",
                    "offline: rouge2 0.0062 is below the floor 0.012",
                ],
            }
    made["verdict"] = {
        "conformant": False,
        "outcome": "fail",
        "sentence": {
            "en": "1 rule failed: R022. Division: open, not closed as requested.",
            "zh": "1 条规则未通过：R022。赛道：开放，未达到所申请的封闭。",
        },
    }
    made["division"]["reasons"].append(
        {"rule": "R031", "why": "task set: custom (1000 tasks), not one of the locked sets"}
    )
    made["task_defects"] = {"empty-document": 1, "mojibake": 88, "duplicate-reference": 4}
    return made


def accelerator_card() -> dict:
    """A closed run on eight accelerators, with declared peaks and utilisation."""
    made = copy.deepcopy(card())
    made["run"]["id"] = "20260202-090000-nvidia-vllm-xsum"
    made["run"]["nonce"] = "2026-02-round-7f21"
    made["vendor"] |= {"id": "nvidia", "name": "NVIDIA"}
    made["devices"] = {"count": 8, "accelerator": "h100-sxm", "name": "NVIDIA H100 80GB HBM3 (SXM)"}
    made["engine"] |= {
        "title": "vLLM",
        "version": "0.11.0",
        "image_reference": "vllm/vllm-openai:v0.11.0",
        "tensor_parallel": 8,
        "max_model_len": 8192,
        "dtype": {"requested": "auto", "executed": "bfloat16", "note": "the model's own precision"},
    }
    made["model"] |= {
        "id": "meta-llama/Llama-3.3-70B-Instruct",
        "revision": "6f6073b423013f6a7d4d9f39144961bfbfbc386b",
        "parameters": 70_553_706_496,
        "active_parameters": 70_553_706_496,
        "weight_bytes": 141_107_412_992,
    }
    made["peaks"] = {
        "compute": {
            "precision": "bfloat16",
            "flops": 989.4e12,
            "basis": "dense",
            "scope": "card",
            "source": "NVIDIA H100 Tensor Core GPU Datasheet, 2024-05, half of the sparse figure",
            "note": "",
        },
        "compute_unknown": "",
        "bandwidth_bytes_per_s": 3.35e12,
        "bandwidth_source": "NVIDIA H100 Tensor Core GPU Datasheet, 2024-05",
        "tdp_w": 700.0,
    }
    use = measured(0.0312, "1", 1000, 0.018)
    made["phases"] = [
        phase(
            "single-stream",
            "single_stream",
            seed=5,
            count=256,
            ttft=46.1,
            tpot=13.8,
            repeats=3,
            mfu=measured(0.0041, "1", 3, 0.02),
        ),
        phase(
            "offline",
            "offline",
            seed=6,
            count=1000,
            ttft=311.0,
            tpot=24.9,
            concurrency=64,
            repeats=3,
            mfu=use,
        ),
        phase(
            "server",
            "server",
            seed=7,
            count=1000,
            ttft=71.0,
            tpot=17.4,
            rate=4.0,
            repeats=3,
            mfu=measured(0.0102, "1", 3, 0.02),
        ),
    ]
    return made


def long_card() -> dict:
    """Names, arguments and messages as long and unbreakable as they may come."""
    made = copy.deepcopy(poor_card())
    word = "Qwen3-Next-80B-A3B-Instruct-FP8-Dynamic-W8A8-Smooth" * 3
    made["model"]["id"] = f"some-organisation/{word}"
    made["engine"]["title"] = word
    made["engine"]["version"] = f"0.11.0+{word.lower()}"
    made["devices"]["name"] = word
    made["vendor"]["name"] = word
    made["workload"]["taskset"]["name"] = word
    made["workload"]["title"] = {"en": word, "zh": "很长的标题" * 30}
    made["verdict"]["sentence"] = {"en": word, "zh": "很长的结论" * 30}
    made["runtime_note"] = word
    made["engine"]["arguments"] += [word, "{" + '"a":' * 60 + "}"]
    made["environment"]["engine.resolved_config"] = {"value": "x" * 3000}
    made["phases"][0]["metrics"]["ttft_p50"] = {"not_measured": word}
    made["phases"][0]["metrics"]["mfu"] = {"not_measured": word}
    made["headline"][0] = {"phase": "single-stream", "metric": "mfu"}
    made["headline"][1] = {"phase": "single-stream", "metric": "ttft_p50"}
    made["phases"][0]["token_source"] = word
    made["quality"]["reference_source"] = word
    made["notes"] = [word]
    return made
