"""An engine over several nodes in a plan: what is split, what each role runs, what a node fills in, what is refused."""

import dataclasses

import pytest
from msgspec import UNSET

from suite.base import schema
from suite.base.errors import UsageError
from suite.declare.plan.text import render_plan
from suite.declare.plan.topology import node_engine, role_of
from suite.documents.codec import canonical, convert, decode, plain
from suite.documents.plan import Plan
from suite.documents.topology import PlannedLinks, TopologyChoice
from suite.documents.vendor import Vendor
from suite.judge.rules.rebuilt import planned_flags
from tests.factories.documents import changed
from tests.factories.plans import load_vendor, plan_for
from tests.factories.plans import model_input as model

ADDRESSES = ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"]


def over(nodes, engine="vllm", vendor="cpu", devices=None, **more):
    options = {name: more.pop(name) for name in ("tensor_parallel", "access") if name in more}
    topology = TopologyChoice(nodes=nodes, **more)
    return plan_for(vendor, engine, devices, model=model(), topology=topology, **options)


def value(words, name):
    return words[words.index(name) + 1]


def test_ranks_lie_over_the_nodes():
    plan = over(2)
    assert schema.problems(plain(plan), "plan") == []
    assert decode(canonical(plan), Plan) == plan
    assert (plan.devices.count, plan.engine.tensor_parallel) == (2, 2)
    assert [(role.role, role.nodes) for role in plan.topology.roles] == [
        ("head", 1),
        ("follower", 1),
    ]
    assert value(plan.engine.command, "--tensor-parallel-size") == "2"
    assert plan.topology.roles[1].command[-1] == "--headless"
    assert plan.engine.peak_probe is UNSET


def test_stages_take_the_place_of_ranks():
    plan = over(4, pipeline=2)
    assert (plan.engine.tensor_parallel, plan.topology.pipeline) == (2, 2)
    assert plan.topology.roles[1].nodes == 3
    assert value(plan.engine.command, "--pipeline-parallel-size") == "2"


def test_replicas_have_a_layout_of_their_own():
    plan = over(4, data=4)
    assert plan.topology.layout == "replicas"
    assert plan.engine.tensor_parallel == 1
    last = node_engine(plan, 3, ADDRESSES)
    assert value(last.command, "--data-parallel-size-local") == "1"
    assert value(last.command, "--data-parallel-start-rank") == "3"
    assert over(3, layout="replicas").topology.data == 3


def test_no_address_is_in_a_plan_and_each_node_fills_in_its_own():
    plan = over(3, tensor_parallel=1, pipeline=3)
    assert "10.1." not in render_plan(plan)
    engines = [node_engine(plan, number, ADDRESSES, "ib0") for number in range(3)]
    assert [value(engine.command, "--node-rank") for engine in engines] == ["0", "1", "2"]
    assert {value(engine.command, "--master-addr") for engine in engines} == {"10.1.0.1"}
    assert [engine.env["VLLM_HOST_IP"] for engine in engines] == ADDRESSES[:3]
    assert engines[2].env["GLOO_SOCKET_IFNAME"] == "ib0"
    assert not any("{node" in word for engine in engines for word in engine.command)


def test_the_flags_of_every_role_are_those_of_the_plan():
    plan = over(2, pipeline=2)
    assert planned_flags(plan).outcome == "pass"
    head, follower = plan.topology.roles
    words = [word if word != "2" else "3" for word in follower.command]
    wrong = changed(plan, topology={"roles": [plain(head), plain(follower) | {"command": words}]})
    assert planned_flags(wrong).outcome == "fail"
    assert "--pipeline-parallel-size 3, the plan 2" in planned_flags(wrong).why


def test_a_plan_of_one_node_says_nothing_of_nodes():
    plan = plan_for("cpu", "vllm")
    assert "topology" not in plain(plan)
    assert value(plan.engine.command, "--host") == "0.0.0.0"


def split_vendor():
    """The CPU vendor with prefill and decode apart and a router that computes nothing."""
    document = plain(load_vendor("cpu").doc)
    document["engines"][0]["layouts"] = [
        {
            "id": "split",
            "splits": [],
            "roles": [
                {
                    "role": "router",
                    "without_devices": True,
                    "command": ["router", "{prefill_addresses}", "{decode_addresses}"],
                    "why": "deals",
                },
                {"role": "prefill", "arguments": ["--to", "{head_address}"], "why": "reads"},
                {"role": "decode", "why": "writes"},
            ],
            "source": "vllm-found",
        }
    ]
    vendor = load_vendor("cpu")
    return dataclasses.replace(vendor, doc=convert(document, Vendor))


def test_a_router_knows_who_prefills_and_who_decodes():
    plan = over(4, vendor=split_vendor(), counts={"prefill": 2})
    assert [(r.role, r.nodes, r.devices) for r in plan.topology.roles] == [
        ("router", 1, 0),
        ("prefill", 2, 1),
        ("decode", 1, 1),
    ]
    assert plan.devices.count == 3
    router = node_engine(plan, 0, ADDRESSES)
    assert router.command == ("router", "10.1.0.2:8000,10.1.0.3:8000", "10.1.0.4:8000")
    assert node_engine(plan, 2, ADDRESSES).command[-2:] == ("--to", "10.1.0.1")
    assert role_of(plan.topology, 3).role == "decode"


@pytest.mark.parametrize(
    ("nodes", "more", "code"),
    [
        (2, {"engine": "transformers"}, "node-layout-missing"),
        (2, {"layout": "rings"}, "node-layout-missing"),
        (2, {"expert": True}, "node-layout-missing"),
        (2, {"counts": {"prefill": 1}}, "node-layout-missing"),
        (2, {"data": 3}, "node-count-wrong"),
        (3, {"pipeline": 2}, "node-count-wrong"),
        (2, {"counts": {"follower": 2}}, "node-count-wrong"),
        (2, {"counts": {"head": 2}}, "node-count-wrong"),
    ],
)
def test_what_does_not_go_together_is_refused(nodes, more, code):
    with pytest.raises(UsageError) as caught:
        over(nodes, **more)
    assert caught.value.code == code


def test_only_containers_span_nodes():
    with pytest.raises(UsageError) as caught:
        plan_for("cpu", "vllm", runtime="process", topology=TopologyChoice(nodes=2))
    assert caught.value.code == "node-runtime-wrong"


def test_declared_links_are_in_the_plan():
    links = PlannedLinks(bytes_per_s=12.5e9, round_trip_s=3e-05, source="data-sheet")
    plan = over(2, links=links)
    assert plan.topology.links == links
    wanted = "# Links       100 Gbit/s, 30.0 µs there and back, declared (data-sheet)"
    assert wanted in render_plan(plan).splitlines()
