"""Throughput for each prefill and decode device: the phase's, over the devices of the role alone."""

import pytest

from suite.documents.value import NotMeasured
from suite.judge.metrics.compute import compute
from tests.factories import evidence


def split(prefill, decode):
    """The factory's run over a router, and so many nodes of two devices that prefill and decode."""
    planned = evidence.plan()
    roles = (("router", 1, 0), ("prefill", prefill, 2), ("decode", decode, 2))
    planned["topology"] = {
        "layout": "split",
        "nodes": 1 + prefill + decode,
        "pipeline": 1,
        "data": 1,
        "expert": False,
        "roles": [
            {"role": role, "nodes": nodes, "devices": devices, "env": {}, "command": ["serve"]}
            for role, nodes, devices in roles
        ],
    }
    return compute(evidence.evidence(evidence.document(planned))).phases["offline"].metrics


def test_each_role_is_given_what_its_own_devices_made():
    values = split(prefill=3, decode=1)
    output, total = values["output_throughput"].value, values["total_throughput"].value
    assert values["decode_tokens_per_device"].value == pytest.approx(output / 2)
    assert values["prefill_tokens_per_device"].value == pytest.approx((total - output) / 6)


def test_an_engine_in_one_piece_has_no_such_devices():
    values = compute(evidence.evidence()).phases["offline"].metrics
    assert isinstance(values["prefill_tokens_per_device"], NotMeasured)
    assert isinstance(values["decode_tokens_per_device"], NotMeasured)
