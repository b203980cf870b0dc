"""What a plan says: engine, devices, precision, peaks, conversion, arrivals; and what it refuses."""

from dataclasses import replace

import pytest
from msgspec import UNSET

from suite.base import jsonio, schema
from suite.base.errors import UsageError
from suite.declare.plan.make import CLAIMED, plan_sha256
from suite.declare.plan.text import render_plan
from suite.declare.profiles.load import load_profile, profile_names
from suite.declare.scenarios.phase import is_all_at_once
from suite.documents.basis import CPUPeak, PrivatePeak, Thinking
from suite.documents.codec import canonical, decode, plain
from suite.documents.engine import Dtype
from suite.documents.plan import Devices, Plan
from tests.factories.plans import model_input, plan_for

EVERY = [
    ("mthreads", "vllm_mtt", 1, "container"),
    ("mthreads", "vllm_mtt", 2, "container"),
    ("mthreads", "vllm_musa", 1, "container"),
    ("nvidia", "vllm", 2, "container"),
    ("cpu", "vllm", 1, "container"),
    ("cpu", "vllm", 1, "process"),
    ("cpu", "transformers", 1, "container"),
    ("cpu", "transformers", 1, "process"),
    ("cpu", "vllm", 1, "sim"),
    ("nvidia", "vllm", 1, "endpoint"),
]


def refused(*args, **kwargs):
    with pytest.raises(UsageError) as caught:
        plan_for(*args, **kwargs)
    return caught.value


def value(words, name):
    return words[words.index(name) + 1]


@pytest.mark.parametrize(("vendor", "engine", "devices", "runtime"), EVERY)
@pytest.mark.parametrize("profile", ["smoke", "xsum", "compat-xsum"])
def test_plan_is_valid_and_the_same_every_time(vendor, engine, devices, runtime, profile):
    url = "http://127.0.0.1:9" if runtime == "endpoint" else None
    plan = plan_for(vendor, engine, devices, runtime=runtime, profile=profile, url=url)
    assert schema.problems(plain(plan), "plan") == []
    again = plan_for(vendor, engine, devices, runtime=runtime, profile=profile, url=url)
    assert canonical(plan) == canonical(again)
    assert plan_sha256(plan) == jsonio.digest(plain(plan))
    assert decode(canonical(plan), Plan) == plan


def test_llamacpp_converts_to_the_asked_type_and_serves_the_file():
    plan = plan_for("cpu", "llamacpp", dtype="float16")
    assert value(plan.conversion.command, "--dtype") == "float16"
    assert plan.conversion.command[1] == "/opt/recipe/hf_to_gguf.py"
    assert value(plan.engine.command, "--model") == "/model/model.gguf"
    assert plan.engine.quantisation is None
    outside = plan_for("cpu", "llamacpp", runtime="process")
    target = outside.conversion.host_target
    assert value(outside.engine.command, "--model") == f"{target}/model.gguf"


@pytest.mark.parametrize("dtype", ["q8_0", "q4_0"])
def test_rounded_weights_are_quantised_and_select_the_peak_of_integers(dtype):
    engine = plan_for("cpu", "llamacpp", dtype=dtype).engine
    assert engine.quantisation == dtype
    assert (engine.dtype.requested, engine.dtype.executed) == (dtype, "int8")


def test_mtt_converts_and_serves_what_was_converted():
    plan = plan_for("mthreads", "vllm_mtt", 2)
    step, engine = plan.conversion, plan.engine
    assert step.model_type == "llama"
    assert value(step.command, "--tensor-para-size") == "2"
    assert value(step.command, "--arch") == "mp_22"
    assert value(step.command, "--in_file") == step.source
    assert value(step.command, "--saved_dir") == step.target
    assert step.parameters == {
        "tensor_parallel": "2",
        "arch": "mp_22",
        "dtype": "float16",
        "model_type": "llama",
        "tool": "sh-harbor.mthreads.com/mt-ai/musa-pytorch-transformer-vllm:v0.1.4",
    }
    assert value(engine.command, "--tensor-parallel-size") == "2"
    assert engine.container.mounts[0].source == step.host_target
    place, _, key = step.host_target.rpartition("-")
    assert place == "/data/models/Llama-2-13b-chat-hf-fp16-tp2-convert"
    assert len(key) == 12
    assert plan_for("mthreads", "vllm_mtt", 2).conversion.host_target == step.host_target
    four = plan_for("mthreads", "vllm_mtt", 4).conversion.host_target
    assert four.rpartition("-")[2] != key
    assert engine.container.runtime == "mthreads"
    assert engine.container.shm_size == "80g"
    assert not engine.container.privileged
    assert engine.env["MTHREADS_VISIBLE_DEVICES"] == "0,1"
    assert plan.devices.visible == "0,1"
    assert "return_token_ids" not in engine.request.extra_body


@pytest.mark.parametrize(
    ("architecture", "model_type"),
    [
        ("MistralForCausalLM", "mistral"),
        ("QWenLMHeadModel", "qwen"),
        ("Qwen2ForCausalLM", "qwen2"),
        ("ChatGLMModel", "chatglm2"),
        ("BaichuanForCausalLM", "baichuan"),
        ("YayiForCausalLM", "yayi"),
    ],
)
def test_model_type_follows_the_architecture(architecture, model_type):
    plan = plan_for("mthreads", "vllm_mtt", model=model_input(architecture=architecture))
    assert plan.conversion.model_type == model_type
    yayi = architecture == "YayiForCausalLM"
    assert ("VLLM_NO_USAGE_STATS" in plan.engine.env) == yayi


def test_models_that_the_engine_does_not_know_are_refused():
    error = refused("mthreads", "vllm_mtt", model=model_input(architecture="Qwen2MoeForCausalLM"))
    assert error.code == "model-unsupported"
    assert "Llama 2" in error.hint
    error = refused("mthreads", "vllm_mtt", model_type="lama")
    assert error.code == "model-type-unknown"
    assert "llama" in error.hint


@pytest.mark.parametrize("stored", ["bfloat16", "float32"])
def test_executed_precision_selects_the_peak(stored):
    plan = plan_for("mthreads", "vllm_mtt", model=model_input(torch_dtype=stored))
    assert plan.engine.dtype.executed == "float16"
    assert stored in plan.engine.dtype.note
    assert plan.peaks.compute.precision == "fp16"
    assert plan.peaks.compute.flops == 100e12
    assert "io-tech" in plan.peaks.compute.source
    nvidia = plan_for("nvidia", model=model_input(torch_dtype=stored))
    precision = {"bfloat16": "bf16", "float32": "fp32"}[stored]
    assert nvidia.peaks.compute.precision == precision
    assert value(nvidia.engine.command, "--dtype") == stored


def test_requested_precision_that_the_engine_lacks_is_refused():
    error = refused("mthreads", "vllm_mtt", dtype="bfloat16")
    assert error.code == "dtype-unsupported"
    assert error.message == (
        "dtype: bfloat16 is not allowed for vllm_mtt; the values are float16, auto: "
        "MTTransformer runs float16 only"
    )
    assert refused("nvidia", model=model_input(torch_dtype="")).code == "dtype-unsupported"


def test_unknown_peak_stays_unknown_with_its_reason():
    peaks = plan_for("mthreads", "vllm_musa").peaks
    assert peaks.compute is None
    assert peaks.compute_unknown == "peak not declared for fp16: the vendor published none"
    assert peaks.tdp_w is None
    assert peaks.bandwidth_bytes_per_s == 1.6e12
    cpu = plan_for("cpu", runtime="process").peaks
    assert cpu.compute is None
    assert "clock is not declared" in cpu.compute_unknown
    assert cpu.bandwidth_bytes_per_s is None


def test_cpu_peak_follows_from_a_formula():
    peak = plan_for("cpu", cpu_peak=CPUPeak(isa="avx512f", cores=2, clock_mhz=2600)).peaks.compute
    assert peak.flops == 2 * 2.6e9 * 64
    assert peak.precision == "fp32"
    assert "2 cores x 2600 MHz x 64 FLOP" in peak.note
    error = refused("cpu", cpu_peak=CPUPeak(isa="amx_bf16", cores=2, clock_mhz=2600))
    assert error.code == "cpu-peak-wrong"
    assert "avx2" in error.hint
    bf16 = plan_for(
        "cpu", dtype="bfloat16", cpu_peak=CPUPeak(isa="amx_bf16", cores=2, clock_mhz=2000)
    ).peaks
    assert bf16.compute.flops == 2 * 2e9 * 1024


def test_private_peak_only_where_the_vendor_withholds_one():
    brought = {"fp16": PrivatePeak(flops=4e14, source="letter of 2026-05-04")}
    peak = plan_for("mthreads", "vllm_musa", private_peaks=brought).peaks.compute
    assert peak.flops == 4e14
    assert peak.source == "letter of 2026-05-04"
    assert "brought along" in peak.note
    assert refused("mthreads", "vllm_mtt", private_peaks=brought).code == "peak-not-private"
    for wrong in (PrivatePeak(flops=0, source="x"), PrivatePeak(flops=1e12, source="")):
        error = refused("mthreads", "vllm_musa", private_peaks={"fp16": wrong})
        assert error.code == "peak-not-private"


def test_an_open_profile_reuses_nothing_unless_an_argument_asks_for_it():
    assert load_profile("sessions").doc.division == "open"
    engine = plan_for("cpu", profile="sessions").engine
    assert "--no-enable-prefix-caching" in engine.command
    assert not engine.prefix_caching
    asked = plan_for("cpu", profile="sessions", overrides={"enable-prefix-caching": ""}).engine
    assert asked.prefix_caching


def test_closed_switches_prefix_caching_off_and_open_leaves_it():
    closed = plan_for("nvidia").engine
    assert "--no-enable-prefix-caching" in closed.command
    assert not closed.prefix_caching
    opened = plan_for("nvidia", division="open").engine
    assert "--no-enable-prefix-caching" not in opened.command
    assert opened.prefix_caching
    off = plan_for("nvidia", division="open", overrides={"no-enable-prefix-caching": ""}).engine
    assert off.command.count("--no-enable-prefix-caching") == 1
    assert not off.prefix_caching
    on = plan_for(
        "mthreads", "vllm_mtt", division="optimised", overrides={"enable-prefix-caching": ""}
    )
    assert on.engine.prefix_caching
    assert not plan_for("mthreads", "vllm_mtt").engine.prefix_caching


def test_quantisation_and_speculation_are_declared():
    plan = plan_for("nvidia", division="optimised", overrides={"quantization": "fp8"})
    assert plan.engine.quantisation == "fp8"
    assert plan.engine.dtype == Dtype(requested="float16", executed="fp8", note="quantised: fp8")
    assert plan.peaks.compute.precision == "fp8"
    weights_only = plan_for("nvidia", division="open", overrides={"quantization": "awq"})
    assert weights_only.peaks.compute.precision == "fp16"
    plan = plan_for("nvidia", division="open", overrides={"speculative-config": "{}"})
    assert plan.engine.speculative_decoding
    plan = plan_for("nvidia", model=model_input(quantisation="fp8"))
    assert plan.engine.dtype.executed == "fp8"
    assert plan.peaks.compute.flops == 1979e12
    error = refused("mthreads", "vllm_mtt", model=model_input(quantisation="gptq"))
    assert error.code == "quantisation-unsupported"


def test_overrides_follow_the_rules():
    error = refused("mthreads", "vllm_mtt", overrides={"block-size": "16"})
    assert error.message == "block-size: 16 is not allowed for vllm_mtt; the only value is 64"
    assert refused("nvidia", overrides={"seed": "1"}).code == "argument-closed"
    assert refused("nvidia", env={"X": "1"}).code == "env-closed"
    assert plan_for("nvidia", env={"X": "1"}, division="open").engine.env["X"] == "1"
    error = refused("nvidia", overrides={"tensor-parallel-size": "1"}, devices=2)
    assert error.message == "tensor-parallel-size: 1 is not allowed for vllm; the only value is 2"
    tuned = plan_for("nvidia", overrides={"max-num-seqs": "512", "enforce-eager": "true"})
    assert value(tuned.engine.command, "--max-num-seqs") == "512"
    assert "--enforce-eager" in tuned.engine.command


def test_devices_become_visibility():
    plan = plan_for("nvidia", visible=(2, 3))
    assert plan.devices == Devices(
        count=2, accelerator="h100-sxm", name="NVIDIA H100 80GB SXM", visible="2,3"
    )
    assert plan.engine.container.gpus == "device=2,3"
    cdi = plan_for("nvidia", visible=(2, 3), access="cdi").engine.container
    assert cdi.devices == ("nvidia.com/gpu=2", "nvidia.com/gpu=3")
    assert cdi.gpus is None
    raw = plan_for("mthreads", "vllm_mtt", visible=(4,), access="raw").engine
    assert raw.container.devices == ("/dev/mtgpu.4", "/dev/dri")
    assert raw.env["MUSA_VISIBLE_DEVICES"] == "0"
    assert "MTHREADS_VISIBLE_DEVICES" not in raw.env
    manual = plan_for("mthreads", "vllm_mtt", visible=(4,), access="manual").engine
    assert manual.container.privileged
    assert "manual" in manual.container.privileged_reason
    assert manual.container.network == "host"
    assert manual.env["MTHREADS_VISIBLE_DEVICES"] == "4"
    assert manual.env["MUSA_VISIBLE_DEVICES"] == "4"


@pytest.mark.parametrize(
    ("kwargs", "code"),
    [
        ({"devices": 0}, "devices-wrong"),
        ({"devices": 3, "visible": (0, 1)}, "devices-wrong"),
        ({"visible": (1, 1)}, "devices-wrong"),
        ({"devices": 3}, "tensor-parallel-wrong"),
        ({"devices": 1, "tensor_parallel": 2}, "tensor-parallel-wrong"),
        ({"devices": 4, "tensor_parallel": 2}, "tensor-parallel-wrong"),
        ({"max_model_len": 9_999_999, "division": "open"}, "argument-wrong"),
        ({"private_peaks": {"fp17": PrivatePeak(flops=1e12, source="sheet")}}, "peak-wrong"),
        ({"accelerator": "h100"}, "accelerator-unknown"),
        ({"access": "privileged"}, "access-unknown"),
        ({"division": "free"}, "division-unknown"),
        ({"profile": "compat-xsum", "division": "closed"}, "division-unknown"),
        ({"max_model_len": 2048}, "argument-closed"),
        ({"runtime": "process"}, "process-undeclared"),
        ({"engine": "transformers"}, "image-unnamed"),
        ({"image": "x/y:1@sha256:12"}, "image-digest-wrong"),
        ({"model": model_input(max_positions=64)}, "context-too-small"),
    ],
)
def test_refusals(kwargs, code):
    assert refused("nvidia", **kwargs).code == code


def test_transformers_takes_one_device_and_is_named_by_path():
    assert refused("nvidia", "transformers", 2).code == "tensor-parallel-wrong"
    assert refused("cpu", "vllm", 2).code == "devices-wrong"
    inside = plan_for("cpu", "transformers").engine
    assert inside.served_model_name == "/model"
    assert inside.command[:3] == ("transformers", "serve", "/model")
    assert inside.request.omit == (
        "ignore_eos",
        "min_tokens",
        "return_token_ids",
        "stream_options",
    )
    assert not inside.request.done_marker
    outside = plan_for("cpu", "transformers", runtime="process").engine
    assert outside.served_model_name == "/data/models/Llama-2-13b-chat-hf"
    assert outside.process.environment == "transformers"
    assert outside.image is None


def test_an_environment_that_holds_the_engine_is_used_as_it_is():
    named = plan_for("nvidia", "transformers", runtime="process", engine_python="/opt/e/bin/python")
    assert plain(named.engine.process) == {"python": "/opt/e/bin/python"}
    assert named.engine.command[:2] == ("transformers", "serve")
    assert "PATH=/opt/e/bin:$PATH" in render_plan(named)
    error = refused("nvidia", "vllm", runtime="process")
    assert (error.code, "--engine-python" in error.hint) == ("process-undeclared", True)
    own = plan_for("cpu", "vllm", runtime="process", engine_python="/opt/e/bin/python")
    assert own.engine.process.environment is UNSET
    assert refused("huawei-ascend", "mindie", 1, runtime="process").code == "process-undeclared"


def test_image_can_be_named_and_pinned():
    digest = "sha256:" + "b" * 64
    engine = plan_for("nvidia", "transformers", image=f"me/serve:1@{digest}").engine
    assert engine.image.reference == "me/serve:1"
    assert engine.image.digest == digest
    cluster = plan_for("mthreads", "vllm_mtt", image="cluster")
    assert cluster.engine.image.reference.startswith("core.harbor.zlidc")
    assert cluster.conversion.parameters["tool"].startswith("core.harbor.zlidc")


def test_api_follows_template_and_prompt():
    assert plan_for("nvidia").engine.request.path == "/v1/chat/completions"
    bare = plan_for("nvidia", model=model_input(template=False)).engine.request
    assert (bare.api, bare.path) == ("completions", "/v1/completions")
    compat = plan_for("nvidia", profile="compat-xsum").engine.request
    assert compat.api == "completions"


def test_context_and_input_follow_the_model_and_a_common_limit():
    plan = plan_for("nvidia")
    assert plan.engine.max_model_len == 4096
    assert plan.workload.max_input_tokens == 4096 - 64
    long = plan_for("nvidia", model=model_input(max_positions=131_072))
    assert value(long.engine.command, "--max-model-len") == "8192"
    short = plan_for("nvidia", max_model_len=1024, division="open")
    assert short.workload.max_input_tokens == 960


def test_memory_limit_grows_with_the_weights():
    small = plan_for("cpu", model=model_input(weight_bytes=10_000_000))
    assert small.engine.container.memory == "13g"
    assert plan_for("cpu").engine.container.memory == "85g"


def test_open_loop_phases_have_times_of_their_own():
    phases = plan_for("nvidia", profile="bursts").workload.phases
    loops = [phase for phase in phases if phase.arrivals is not None]
    assert len(loops) == 3
    for phase in loops:
        assert len(phase.arrivals_ns) == phase.tasks == 96
        assert list(phase.arrivals_ns) == sorted(phase.arrivals_ns)
    assert len({phase.arrivals_ns for phase in loops}) == 3
    assert all(phase.arrivals_ns is None for phase in phases if phase.arrivals is None)


def test_the_closed_xsum_profiles_ask_for_the_machines_best():
    """64 at a time and 4 requests/s were the same for every accelerator, and hid the large ones."""
    for name in ("xsum", "xsum-full"):
        phases = [p for p in plan_for("nvidia", profile=name).workload.phases if p.measured]
        for phase in phases:
            if phase.name == "offline":
                assert is_all_at_once(phase)
                assert phase.concurrency == phase.tasks == 256
            if phase.name == "server":
                assert phase.search.max_rate == 1024
        seeds = [phase.search.seed for phase in phases if phase.name == "server"]
        assert seeds == [1 + 16 * repeat for repeat in range(len(seeds))]


def test_preflight_asks_for_what_this_access_needs():
    toolkit = [check.id for check in plan_for("mthreads", "vllm_mtt", 2).engine.preflight]
    assert toolkit == ["driver", "device-node-0", "device-node-1", "container-toolkit", "mt-bios"]
    raw = plan_for("mthreads", "vllm_musa", access="raw").engine.preflight
    assert [check.id for check in raw] == ["driver", "device-node-0"]
    assert raw[0].expect == "MTT S5000"
    assert raw[1].argument == ("/dev/mtgpu.0",)
    assert plan_for("cpu").engine.preflight == ()
    nvidia = plan_for("nvidia", visible=(3,)).engine.preflight
    assert nvidia[0].argument[-1] == "--id=3"
    assert "--format=csv,noheader" in nvidia[0].argument


def test_endpoint_and_sim_start_nothing():
    endpoint = plan_for(
        "nvidia", runtime="endpoint", url="http://10.0.0.1:8000", served_model_name="llama"
    )
    engine = endpoint.engine
    assert engine.url == "http://10.0.0.1:8000"
    assert engine.served_model_name == "llama"
    assert (engine.command, engine.env, engine.preflight) == ((), {}, ())
    assert engine.image is None
    assert engine.container is None
    assert engine.prefix_caching, "nobody has switched it off"
    assert endpoint.conversion is None
    assert endpoint.telemetry == ()
    assert plan_for("mthreads", "vllm_mtt", runtime="sim").conversion is None


@pytest.mark.parametrize(
    ("named", "title", "count", "claimed"),
    [
        ({}, "unknown", None, UNSET),
        ({"accelerator": "b200-sxm"}, "NVIDIA B200 SXM", None, True),
        ({"devices": 2}, "unknown", 2, True),
        ({"accelerator": "b200-sxm", "devices": 2}, "NVIDIA B200 SXM", 2, True),
    ],
)
def test_of_a_running_server_devices_and_peak_are_only_what_somebody_claims(
    named, title, count, claimed
):
    plan = plan_for("nvidia", runtime="endpoint", url="http://10.0.0.1:8000", **named)
    assert (plan.devices.name, plan.devices.count, plan.devices.claimed) == (title, count, claimed)
    if len(named) == 2:
        assert plan.peaks.compute.note.startswith("claimed: nobody observed the accelerators")
        assert plan.chinese[CLAIMED].startswith("仅为声称")
    else:
        assert plan.peaks.compute is None
        assert "accelerator unknown: nobody observed" in plan.peaks.compute_unknown


def test_the_nonce_is_kept():
    assert plan_for("nvidia", nonce="round-3").nonce == "round-3"
    assert plan_for("nvidia").nonce is UNSET


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_profile_makes_a_valid_plan(name):
    plan = plan_for("cpu", profile=name)
    assert schema.problems(plain(plan), "plan") == []
    assert decode(canonical(plan), Plan) == plan


def long_model(**facts):
    return replace(
        model_input(max_positions=131_072, **facts), shortest_prompts={"chat": 23, "completions": 2}
    )


def test_the_engine_is_started_for_the_longest_point_and_documents_are_cut_as_ever():
    plan = plan_for("nvidia", profile="context", model=long_model())
    assert value(plan.engine.command, "--max-model-len") == "131072"
    assert plan.workload.max_input_tokens == 8192 - 64
    short = plan_for("nvidia", profile="lengths", model=long_model())
    assert short.engine.max_model_len == 8192
    small = plan_for("nvidia", profile="context")
    assert small.engine.max_model_len == 4096
    assert [p.name for p in small.workload.phases if p.not_run is UNSET] == [
        "context-i1-o2048-warmup",
        "context-i1-o2048",
    ]


def test_a_smaller_context_of_the_users_leaves_points_out():
    plan = plan_for("nvidia", profile="lengths", max_model_len=600)
    assert plan.engine.max_model_len == 600
    run = [p.name for p in plan.workload.phases if p.measured and p.not_run is UNSET]
    assert run[-1] == "lengths-i512-o32"
    assert plan.workload.max_input_tokens == 600 - 64


def test_exact_prompts_are_token_ids_where_profile_and_engine_agree():
    vllm = plan_for("nvidia", profile="context", model=long_model())
    assert vllm.engine.request.prompt_ids
    assert (vllm.engine.request.api, vllm.model.shortest_prompt) == (
        "completions",
        1,
    )
    other = plan_for("mthreads", "vllm_mtt", profile="context", model=long_model())
    assert other.engine.request.prompt_ids is UNSET
    assert other.model.shortest_prompt == 2
    assert other.workload.phases[1].lengths.input_tokens == (2,)
    chat = plan_for("nvidia", profile="lengths", model=long_model())
    assert chat.engine.request.api == "chat"
    assert chat.engine.request.prompt_ids is UNSET
    assert chat.model.shortest_prompt == 23
    assert chat.engine.request.exact_body == {"skip_special_tokens": False}
    bare = plan_for("nvidia", profile="lengths", model=model_input(template=False))
    assert bare.engine.request.prompt_ids
    for profile in ("smoke", "compat-xsum"):
        plan = plan_for("nvidia", profile=profile, model=long_model())
        assert plan.model.shortest_prompt is UNSET
        assert plan.engine.request.prompt_ids is plan.engine.request.exact_body is UNSET


def test_exact_prompts_need_the_models_tokenizer():
    error = refused("nvidia", profile="grid", model=replace(model_input(), tokenizer_sha256=None))
    assert error.code == "tokenizer-needed"


@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_a_model_that_thinks_is_asked_not_to(engine):
    thinker = replace(model_input(), thinking=Thinking(switch="enable_thinking", begun=False))
    request = plan_for("cpu", engine, model=thinker).engine.request
    assert request.extra_body["chat_template_kwargs"] == {"enable_thinking": False}
    assert request.thinking == "off"
    text = render_plan(plan_for("cpu", engine, model=thinker))
    assert (
        '# Thinking    off: every request says chat_template_kwargs {"enable_thinking": false}'
        in text
    )


def test_what_cannot_be_turned_off_is_said():
    thinker = replace(model_input(), thinking=Thinking(switch="", begun=True))
    plan = plan_for("cpu", "vllm", model=thinker)
    assert "chat_template_kwargs" not in plan.engine.request.extra_body
    assert plan.engine.request.thinking == "begun"
    assert "# Thinking    the chat template begins it" in render_plan(plan)
    raw = plan_for("cpu", "vllm", model=thinker, profile="compat-xsum").engine.request
    assert raw.api == "completions"
    assert raw.thinking is UNSET


def test_an_exporters_page_goes_before_the_declared_tools():
    url = "http://127.0.0.1:9400/metrics"
    plan = plan_for("nvidia", "vllm", 1, telemetry_url=url)
    assert plan.telemetry[0].command == (url,)
    assert [tool.parser for tool in plan.telemetry][:2] == ["prometheus", "nvidia-smi"]
    there = plan_for("nvidia", "vllm", 1, runtime="endpoint", telemetry_url=url)
    assert [tool.parser for tool in there.telemetry] == ["prometheus"]
