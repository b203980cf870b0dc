"""Plans for tests: Llama 2 13B on the shipped vendors, without any file of a model."""

from __future__ import annotations

import functools

from suite.declare.plan.choice import ModelInput
from suite.declare.plan.make import make_plan
from suite.declare.profiles.bounds import quality_doc
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.reference import Reference
from suite.declare.vendor.load import load_vendor
from suite.documents.basis import Options
from suite.documents.model import FileDigest, LayerGroup, ModelFacts
from suite.documents.workload import TaskSet

UNKNOWN_WEIGHTS = Reference(None, "no reference run is known for these weights")
load_vendor = functools.cache(load_vendor)
load_profile = functools.cache(load_profile)

LLAMA_13B = {
    "architecture": "LlamaForCausalLM",
    "model_type": "llama",
    "parameters": 13_015_864_320,
    "active_parameters": 13_015_864_320,
    "weight_bytes": 26_031_728_640,
    "torch_dtype": "float16",
    "tie_embeddings": False,
    "quantisation": None,
    "max_positions": 4096,
    "heads": 40,
    "layers": (
        LayerGroup(
            count=40,
            attention_parameters=4 * 5120 * 5120,
            heads=40,
            key_dim=128,
            value_dim=128,
            cached_values=2 * 5120,
            window=None,
            mlp_parameters=3 * 5120 * 13_824,
            expert_parameters=0,
            experts=0,
            active_experts=0,
        ),
    ),
    "head_parameters": 5120 * 32_000,
    "parameters_unknown": "",
    "shape_unknown": "",
    "notes": (),
}
MINI_256 = {
    "name": "mini-256",
    "size": 256,
    "ids_sha256": "4" * 64,
    "records_sha256": "5" * 64,
    "locked": True,
}


def model_input(*, template: bool = True, **facts: object) -> ModelInput:
    """Llama 2 13B, with some facts changed."""
    return ModelInput(
        id="meta-llama/Llama-2-13b-chat-hf",
        revision="a" * 40,
        path="/data/models/Llama-2-13b-chat-hf",
        sha256="1" * 64,
        files=[FileDigest(path="config.json", bytes=609, sha256="0" * 64)],
        facts=ModelFacts(**{**LLAMA_13B, **facts}),
        tokenizer_sha256="2" * 64,
        chat_template_sha256="3" * 64 if template else None,
    )


def plan_for(
    vendor,
    engine=None,
    devices=None,
    *,
    accelerator=None,
    runtime="container",
    profile="smoke",
    model=None,
    overrides=None,
    url=None,
    **options,
):
    """A plan; every keyword that is not named above is one of `Options`."""
    chosen = load_profile(profile)
    return make_plan(
        vendor=load_vendor(vendor) if isinstance(vendor, str) else vendor,
        engine_id=engine,
        accelerator_id=accelerator,
        devices=devices,
        model=model or model_input(),
        profile=chosen,
        taskset=TaskSet(**MINI_256),
        quality=quality_doc(chosen, UNKNOWN_WEIGHTS),
        runtime=runtime,
        url=url,
        overrides=overrides,
        options=Options(**options),
    )
