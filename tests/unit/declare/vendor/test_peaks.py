"""Peaks of a fictional vendor: a card's figure over its dies, private figures, formulas, traps."""

import dataclasses
import re
from pathlib import Path

import pytest
from msgspec import structs

from suite.base import schema, yamlio
from suite.base.errors import DeclarationError
from suite.declare.vendor import template
from suite.declare.vendor.load import load_vendor
from suite.declare.vendor.peak_check import TRAPS_FILE, traps
from suite.declare.vendor.peaks import select_peaks
from suite.documents.basis import CPUPeak
from suite.documents.codec import plain
from tests.factories.plans import model_input, plan_for

CASES = Path(__file__).resolve().parents[3] / "cases" / "vendor"


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    root = tmp_path_factory.mktemp("vendors")
    (root / "acme").mkdir()
    text = (CASES / "everything_ok" / "vendor.yaml").read_text()
    (root / "acme" / "vendor.yaml").write_text(text)
    return load_vendor("acme", root)


def test_a_cards_figure_is_shared_by_its_dies(acme):
    device = acme.doc.accelerators[0]
    peaks = select_peaks(acme, device, "bf16", private={}, cpu=None)
    assert peaks.compute.flops == 190e12
    assert peaks.compute.scope == "card"
    assert "380 over 2 devices" in peaks.compute.note
    assert peaks.compute.source == "https://acme.example/data-sheet"
    assert peaks.bandwidth_bytes_per_s == 880e9
    assert peaks.tdp_w == 250


def test_withheld_and_undeclared_peaks_say_why(acme):
    device = acme.doc.accelerators[0]
    withheld = select_peaks(acme, device, "fp16", private={}, cpu=None)
    assert withheld.compute_unknown == "peak not declared for fp16: withheld"
    absent = select_peaks(acme, device, "fp64", private={}, cpu=None)
    assert absent.compute_unknown == "peak not declared for fp64 on Acme Duo"


def test_formula_uses_cores_clock_and_flop_per_cycle(acme):
    host = acme.doc.accelerators[1]
    peaks = select_peaks(
        acme, host, "bf16", private={}, cpu=CPUPeak(isa="avx512_bf16", cores=64, clock_mhz=2400)
    )
    assert peaks.compute.flops == 64 * 2.4e9 * 128


def test_a_plan_has_the_versions_that_are_declared_for_its_accelerator(acme):
    engine = acme.engine("vllm_acme")
    others = structs.replace(engine.stacks[0], accelerators=("host",), components={"sdk": "1.0"})
    engine = structs.replace(engine, stacks=(others, *engine.stacks))
    doc = structs.replace(acme.doc, engines=(engine, *acme.doc.engines[1:]))
    facts = model_input(torch_dtype="float16")
    plan = plan_for(dataclasses.replace(acme, doc=doc), "vllm_acme", 2, model=facts)
    assert plan.engine.stack["sdk"] == "9.0"


def test_a_plan_can_express_the_odd_vendor(acme):
    plan = plan_for(acme, "vllm_acme", 2, model=model_input(torch_dtype="float16"))
    engine = plan.engine
    assert schema.problems(plain(plan), "plan") == []
    assert engine.tensor_parallel == 8, "two dies of four cores"
    assert engine.dtype.executed == "bfloat16"
    assert engine.container.devices[:2] == ("/dev/acme0", "/dev/acme1")
    assert engine.container.ulimits == {"memlock": -1, "stack": 67108864}
    assert engine.container.tmpfs["/dev/shm"].endswith("size=32g")
    assert engine.container.privileged_reason.startswith("the node of the manager")
    assert engine.unset_env == ("ACME_DUMMY_EVENT",)
    assert engine.env["ACME_BUCKETS"] == "exp"
    assert engine.env["ACME_RT_NUM_CORES"] == "2"
    assert "ACMERT_VISIBLE_DEVICES" not in engine.env
    assert engine.image.tarball == "acme-vllm-24.1.tar"
    assert engine.pre_commands == (("source", "/opt/acme/env.sh"),)
    assert plan.conversion.kind == "compile"
    assert plan.conversion.parameters["device_generation"] == "a2"
    assert plan.vendor.emulated
    wrapped = plan_for(acme, "vllm_acme", 2, access="wrapper").engine
    assert wrapped.container.wrapper == "acme-docker"
    host = plan_for(acme, "vllm_host", runtime="process", model=model_input(template=False))
    assert host.engine.container is None


def test_traps_are_data_in_order():
    read = yamlio.load(TRAPS_FILE)
    assert schema.problems(read.value, "traps", file="traps", lines=read.lines) == []
    for trap in traps():
        re.compile(trap.match)


def test_templates_fill_names_and_leave_json_alone():
    assert template.fill("{model}/{index}", {"model": "/m", "index": "3"}) == "/m/3"
    assert (
        template.fill('{"a":{"b":[1]}} {{json .Runtimes}}', {})
        == '{"a":{"b":[1]}} {{json .Runtimes}}'
    )
    assert template.names('{"buckets":{n}} {dtype}') == ["n", "dtype"]
    with pytest.raises(DeclarationError, match=r"there is no value for \{port\}"):
        template.fill("{port}", {"host": "x"})
