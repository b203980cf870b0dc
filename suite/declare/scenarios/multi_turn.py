"""Conversations: each turn sends the history of its session, answers included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base.bilingual import Bilingual
from suite.declare.scenarios.scenario import Headline, Scenario, register
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.declare.scenarios.scenario import Contradiction
    from suite.documents.profile import Profile, ProfilePhase


def _check(doc: Profile, phase: ProfilePhase) -> Iterator[Contradiction]:
    del doc
    session, tasks = given(phase.session), phase.tasks
    if session is not None and (tasks is None or tasks % session.turns):
        yield "/tasks", f"not a multiple of the {session.turns} turns of a session", ""


register(
    Scenario(
        name="multi_turn",
        title=Bilingual("Conversations", "多轮对话"),
        load=("concurrency",),
        load_rule="a multi-turn phase has a concurrency and no arrivals",
        own=("session",),
        required={"session": "a multi-turn phase needs session"},
        forbidden={
            "lengths": ("a conversation grows with its answers", ""),
            "rounds": ("rounds need streams", "name the tasks"),
        },
        source="sessions",
        must_be_steady=True,
        headline=Headline(throughput=5, latency=3),
        check=_check,
    )
)
