"""Rules for engine arguments: fixed, sets, forbidden, ignored, JSON, numbers; closed and open."""

import pytest

from suite.base.errors import UsageError
from suite.declare.plan.engine import user_arguments
from suite.declare.vendor import arguments
from suite.declare.vendor.arguments import Given, Situation
from suite.declare.vendor.load import load_vendor

MTT = load_vendor("mthreads").engine("vllm_mtt")
MUSA = load_vendor("mthreads").engine("vllm_musa")
TRANSFORMERS = load_vendor("nvidia").engine("transformers")
CPU = load_vendor("cpu").engine("transformers")
VALUES = {
    "model": "/model",
    "served_model_name": "m",
    "host": "0.0.0.0",
    "port": "8000",
    "tensor_parallel": "2",
    "dtype": "float16",
    "max_model_len": "4096",
}


def overrides(tokens):
    """Arguments as ``--engine-arg`` brings them: by name, a flag with an empty value."""
    given = {}
    for token in tokens:
        if token.startswith("-"):
            name, _, given[name] = token.partition("=")
        else:
            given[name] = token
    return given


def resolved(tokens, *, engine=MTT, closed=False, architecture="LlamaForCausalLM"):
    situation = Situation(architecture, 2, "container")
    given = user_arguments(engine, overrides(tokens))
    return arguments.words(arguments.resolve(engine, VALUES, situation, given, closed=closed))


def refused(tokens, **more):
    with pytest.raises(UsageError) as caught:
        resolved(tokens, **more)
    return caught.value


def test_declared_arguments_are_filled_in_order():
    words = resolved([])
    assert words[:2] == ["--model", "/model"]
    assert words[words.index("--tensor-parallel-size") + 1] == "2"
    assert words[words.index("--block-size") + 1] == "64"
    assert words[words.index("--max-num-seqs") + 1] == "128"
    assert "--trust-remote-code" not in words
    assert "--kv-cache-dtype" not in words


def test_a_condition_adds_an_argument():
    assert "--trust-remote-code" in resolved([], architecture="ChatGLMModel")


def test_fixed_value_names_the_right_one():
    error = refused(["--block-size", "16"])
    assert error.code == "argument-wrong"
    assert error.message == "block-size: 16 is not allowed for vllm_mtt; the only value is 64"


def test_allowed_set_names_the_values():
    error = refused(["--dtype=bfloat16"])
    assert (
        error.message == "dtype: bfloat16 is not allowed for vllm_mtt; the values are auto, float16"
    )


def test_alias_and_underscore_are_the_same_argument():
    assert refused(["-tp", "4"]).message.startswith("tensor-parallel-size: 4 is not allowed")
    assert refused(["--block_size", "32"]).message.startswith("block-size: 32 is not allowed")
    assert resolved(["--block_size=64"]) == resolved([])


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (["--quantization", "awq"], "quantization"),
        (["-q", "awq"], "quantization"),
        (["--quantization-param-path", "x"], "quantization-param-path"),
        (["--rope-scaling", "{}"], "rope-scaling"),
        (["--worker-use-ray"], "worker-use-ray"),
        (["--enable-lora"], "enable-lora"),
        (["--max-lora-rank", "8"], "max-lora-rank"),
    ],
)
def test_forbidden_arguments_say_why(tokens, name):
    error = refused(tokens)
    assert error.code == "argument-forbidden"
    assert error.message.startswith(f"{name} is forbidden for vllm_mtt: ")


def test_numbers_have_bounds():
    assert refused(["--gpu-memory-utilization", "1.5"]).message == (
        "gpu-memory-utilization: 1.5 is not allowed for vllm_mtt; it must be at least 0.05 and at most 1"
    )
    assert refused(["--max-num-seqs", "many"]).message == "max-num-seqs: many is not a number"


def test_json_is_checked():
    error = refused(["--compilation-config", "{level: 3}"], engine=MUSA)
    assert error.message.startswith("compilation-config takes JSON for vllm_musa")
    words = resolved(["--compilation-config", '{"level":3}'], engine=MUSA)
    assert words[words.index("--compilation-config") + 1] == '{"level":3}'


def test_a_flag_takes_no_value_and_a_value_is_needed():
    assert refused(["--enforce-eager=yes"]).message == "enforce-eager takes no value"
    assert refused(["--max-num-seqs"]).message == "max-num-seqs needs a value"


def test_closed_takes_only_what_changes_no_result():
    words = resolved(["--max-num-seqs", "64"], closed=True)
    assert words[words.index("--max-num-seqs") + 1] == "64"
    for tokens in (["--enable-prefix-caching"], ["--seed", "3"], ["--load-format", "dummy"]):
        error = refused(tokens, closed=True)
        assert error.code == "argument-closed"
        assert "max-num-seqs" in error.hint
    assert resolved(["--seed", "3"])[-2:] == ["--seed", "3"]
    assert resolved(["--block-size", "64"], closed=True) == resolved([], closed=True)


def test_negative_numbers_are_values():
    assert user_arguments(MTT, {"seed": "-1"}) == [Given("--seed", "-1")]


def test_mentions_finds_flags_pairs_and_joined_pairs():
    assert arguments.mentions(["a", "--quantization", "fp8"], ["--quantization", "fp8"])
    assert arguments.mentions(["--quantization=fp8"], ["--quantization", "fp8"])
    assert not arguments.mentions(["--quantization", "awq"], ["--quantization", "fp8"])
    assert not arguments.mentions(["x"], [])


ATTENTION = "--attn-implementation"


def test_attention_goes_with_the_precision_and_with_compilation(monkeypatch):
    flash = [ATTENTION, "flash_attention_2"]
    assert "flash_attention_2" in resolved(flash, engine=TRANSFORMERS, closed=True)
    assert "--compile" in resolved([ATTENTION, "sdpa", "--compile"], engine=TRANSFORMERS)
    beside = refused([*flash, "--compile"], engine=TRANSFORMERS)
    assert (beside.code, "beside compile" in beside.message) == ("argument-wrong", True)
    monkeypatch.setitem(VALUES, "dtype", "float32")
    wide = refused(flash, engine=TRANSFORMERS)
    assert (wide.code, "with float32" in wide.message) == ("argument-wrong", True)
    assert "eager" in resolved([ATTENTION, "eager"], engine=TRANSFORMERS)


def test_a_processor_has_no_flash_attention():
    assert "sdpa" in resolved([ATTENTION, "sdpa"], engine=CPU, closed=True)
    assert refused([ATTENTION, "flash_attention_2"], engine=CPU).code == "argument-wrong"


@pytest.mark.parametrize("engine", [TRANSFORMERS, CPU])
def test_continuous_batching_has_a_cache_of_its_own(engine):
    batching = "--continuous-batching"
    assert batching in resolved([ATTENTION, "sdpa", batching], engine=engine, closed=True)
    for words in ([ATTENTION, "flex_attention", batching], [batching, "--compile"]):
        error = refused(words, engine=engine)
        assert (error.code, "beside continuous-batching" in error.message) == (
            "argument-wrong",
            True,
        )
