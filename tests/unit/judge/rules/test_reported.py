"""R075 on an emulated machine: what the engine underneath prints is not the vendor's."""

import pytest

from suite.base.status import Outcome
from suite.judge.metrics.compute import Results
from suite.judge.rules.registry import RULES
from tests.factories import evidence as factory


@pytest.mark.parametrize(
    ("emulated", "outcome"), [(False, Outcome.FAIL), (True, Outcome.NOT_APPLICABLE)]
)
def test_what_an_engine_underneath_resolved_is_not_held_against_the_plan(emulated, outcome):
    parts = factory.document()
    parts["plan"]["vendor"]["emulated"] = emulated
    resolved = {"value": "tensor_parallel_size=2, kv_cache_dtype=auto"}
    parts["environment"]["facts"]["engine.resolved_config"] = resolved
    (rule,) = [rule for rule in RULES if rule.number == "R075"]
    assert rule.apply(factory.evidence(parts), Results({}, {}, {})).outcome is outcome
