"""vLLM itself as a process, with the mini model; in its container, and transformers, whole runs ask the same of them."""

import json
import time
import urllib.request

import pytest

from suite.base import resources
from suite.measure.engine import serve
from tests.factories import engine as factory

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ARTICLE = "The council of Harbour Town has decided to repair the old bridge before the winter."


def ask(base_url, engine):
    body = {
        "model": engine.served_model_name,
        "messages": [{"role": "user", "content": ARTICLE}],
        "max_tokens": 16,
        "temperature": 0,
        "stream": True,
        "stream_options": engine.request.stream_options,
        **engine.request.extra_body,
    }
    request = urllib.request.Request(
        base_url + "/v1/chat/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = [line.decode().strip() for line in answer]
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    usage = [chunk["usage"] for chunk in chunks if chunk.get("usage")][-1]
    ids = [number for choice in choices for number in choice.get("token_ids") or []]
    return text, usage["completion_tokens"], ids


def test_it_serves_the_mini_model(tmp_path):
    run = tmp_path / f"run{time.monotonic_ns()}"
    run.mkdir()
    plan = factory.vllm_plan()
    with serve(plan, run, on_progress=lambda *_, **__: None) as served:
        assert served.alive() is None
        first, second = (ask(served.base_url, plan.engine) for _ in range(2))
        facts = served.facts
    assert first == second, "greedy decoding of one request after the other must agree"
    text, tokens, ids = first
    assert text
    assert 0 < tokens <= 16
    assert len(ids) == tokens
    assert facts["engine.version"] == "0.32.0"
    assert "seed=" in facts["engine.resolved_config"]
    assert facts["engine.runtime"] == "process"
    assert facts["engine.package.torch"].startswith("2.13.0")
    assert (run / "engine.log").stat().st_size > 0
    kept = resources.cache() / "compiled" / facts["engine.compile_cache_key"] / "files"
    assert any(kept.rglob("*.so")), "a warm start would compile the graph again"
