"""The division within reach, said before anything is started."""

import pytest
from msgspec.structs import replace

from suite.base.errors import UsageError
from suite.cli.divisions import enough, reach_lines, require, within_reach
from suite.documents.codec import convert
from suite.documents.plan import Plan
from suite.judge.rules import image
from tests.factories import shipped


@pytest.fixture(scope="module")
def plan():
    return convert(shipped.plan(), Plan)


def with_image(plan, **changes):
    image = replace(plan.engine.image, **changes)
    return replace(plan, engine=replace(plan.engine, image=image))


def test_the_suites_own_plan_can_be_closed(plan):
    assert reach_lines(plan) == ["Division within reach: closed"]
    require(plan, "closed")


def test_a_moving_tag_is_named_with_the_ways_out(plan):
    moving = with_image(plan, source="registry", reference="acme/engine:latest", digest=None)
    head, why = reach_lines(moving)
    assert head == "Division within reach: open at best, because"
    assert why.startswith("  R030: acme/engine:latest is not pinned")
    assert "--image name@sha256:" in why
    assert "suite vendors pin" in why
    with pytest.raises(UsageError) as caught:
        require(moving, "closed")
    assert caught.value.code == "division-out-of-reach"
    assert "R030" in caught.value.render()
    require(moving, "open")


def test_a_pinned_image_can_be_closed_where_somebody_else_knows_it(plan, monkeypatch):
    pinned = with_image(plan, source="registry", digest="sha256:" + "0" * 64)
    assert within_reach(pinned).granted == "open"
    assert "trust/images.json" in reach_lines(pinned)[1]
    monkeypatch.setattr(image, "known_images", lambda: frozenset({"sha256:" + "0" * 64}))
    assert within_reach(pinned).granted == "closed"


def test_an_image_of_this_machine_alone_cannot(plan):
    local = with_image(plan, source="local", digest="sha256:" + "0" * 64)
    assert "no reviewer can get it" in reach_lines(local)[1]


def test_a_privileged_container_cannot_be_closed(plan):
    container = replace(plan.engine.container, privileged=True, privileged_reason="the manual")
    privileged = replace(plan, engine=replace(plan.engine, container=container))
    assert within_reach(privileged).granted == "open"
    assert "R065" in reach_lines(privileged)[1]


def test_a_prefix_cache_leaves_optimised(plan):
    cached = replace(plan, engine=replace(plan.engine, prefix_caching=True))
    assert within_reach(cached).granted == "optimised"
    require(cached, "optimised")


def test_what_was_asked_for_is_a_reason_too():
    sessions = convert(shipped.plan("sessions"), Plan)
    assert any("is what was asked for: sessions" in line for line in reach_lines(sessions))


def test_nothing_required_is_always_enough():
    assert enough("open", None)
    assert enough("closed", "open")
    assert not enough("open", "optimised")
