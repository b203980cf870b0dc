"""What a command switches on, in the spellings that servers take."""

import pytest

from suite.declare.plan.flags import read_flags
from suite.declare.vendor.load import list_vendors
from suite.judge.rules.rebuilt import planned_flags
from tests.factories.plans import load_vendor, plan_for


@pytest.mark.parametrize(
    ("words", "env", "member", "value"),
    [
        (["--enable-prefix-caching"], {}, "prefix_caching", True),
        (["--no-enable-prefix-caching"], {}, "prefix_caching", False),
        (["--enable-prefix-caching", "--disable-radix-cache"], {}, "prefix_caching", False),
        (["--quantization", "fp8"], {}, "quantisation", "fp8"),
        (["--quantization=none"], {}, "quantisation", None),
        (["--q", "fp8"], {}, "quantisation", "fp8"),
        (["-qfp8"], {}, "quantisation", "fp8"),
        (["--load-in-4bit"], {}, "quantisation", "load-in-4bit"),
        (["--speculative_config.method=eagle"], {}, "speculative_decoding", True),
        (["--speculative-config", "null"], {}, "speculative_decoding", False),
        (["--kv-cache-dtype", "auto"], {}, "cache_dtype", None),
        (["-tp", "4"], {}, "ranks", 4),
        (["bash", "-lc", "exec serve /m --dtype=bfloat16"], {}, "dtype", "bfloat16"),
        ([], {"SGLANG_QUANTIZATION": "awq"}, "quantisation", "awq"),
        ([], {"LLAMA_ARG_CACHE_REUSE": "256"}, "prefix_caching", True),
        ([], {"EXTRA": "--max-model-len 4096"}, "max_model_len", 4096),
        ([], {"OVERRIDES": '{"a": [{"speculative_model": "m"}]}'}, "speculative_decoding", True),
        (["--model", "/m", "--served-model-name", "quantized"], {}, "quantisation", None),
        (["--compilation-config", '{"level": 3, "dtype": "x"}'], {}, "dtype", None),
        (["--data", "x"], {}, "replicas", {}),
    ],
)
def test_spellings(words, env, member, value):
    assert getattr(read_flags(words, env), member) == value


@pytest.mark.parametrize(
    ("name", "engine"),
    [(name, engine.id) for name in list_vendors() for engine in load_vendor(name).doc.engines],
)
def test_no_shipped_declaration_contradicts_itself(name, engine):
    image = "acme/engine:1"  # some engines declare none
    plan = plan_for(name, engine, image=image)
    assert planned_flags(plan).outcome == "pass", planned_flags(plan).why


@pytest.mark.parametrize(
    ("argument", "member"),
    [
        ({"kv-cache-dtype": "fp8"}, "quantisation"),
        ({"enable-prefix-caching": ""}, "prefix_caching"),
        ({"speculative-model": "draft"}, "speculative_decoding"),
    ],
)
def test_a_plan_states_what_nobody_declared(argument, member):
    plan = plan_for("cpu", overrides=argument, division="open")
    assert getattr(plan.engine, member)
    assert planned_flags(plan).outcome == "pass"
