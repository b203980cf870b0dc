"""Texts of a length that judging can bear: an answer is cut where no answer of so many tokens can still be.

Stemming, counting and searching take time with the length of a text, and who writes a log writes how long its texts are. What is
cut is said by rule R071.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from msgspec import UNSET
from msgspec.structs import replace as changed

from suite.documents.document import given

if TYPE_CHECKING:
    from suite.documents.event import Request
    from suite.documents.plan import Plan
    from suite.documents.taskline import TaskLine
    from suite.evidence import Evidence

TOKEN_CHARACTERS: Final = 256
"""Characters of a token at the most: the longest of any vocabulary in use is a run of 128 blanks."""
ANY_ANSWER: Final = 1024
MOST_CHARACTERS: Final = 1 << 18
"""Characters of a text that are ever judged, whatever a plan asks for: more than a long book's chapter."""


def characters(plan: Plan) -> int:
    """Characters that an answer can have under a plan, by the most tokens that any phase asks for."""
    workload = plan.workload
    most = [workload.decoding.max_new_tokens]
    for phase in workload.phases:
        lengths = given(phase.lengths)
        most += [given(phase.max_new_tokens, 0), *(lengths.output_tokens if lengths else ())]
    return min(MOST_CHARACTERS, ANY_ANSWER + TOKEN_CHARACTERS * max(most))


def is_beyond(request: Request, limit: int) -> bool:
    """Whether an answer or its reasoning reaches the length at which texts are cut."""
    return len(request.text) >= limit or len(given(request.reasoning, "")) >= limit


def bounded(evidence: Evidence) -> Evidence:
    """The evidence with its texts cut to what can be judged; itself where none is longer."""
    limit = characters(evidence.plan)
    requests = tuple(_request(request, limit) for request in evidence.requests)
    tasks = {name: _task(line) for name, line in evidence.tasks.items()}
    same = all(map(_is, requests, evidence.requests)) and all(
        line is evidence.tasks[name] for name, line in tasks.items()
    )
    return evidence if same else replace(evidence, requests=requests, tasks=tasks)


def _is(left: Request, right: Request) -> bool:
    return left is right


def _request(request: Request, limit: int) -> Request:
    if not is_beyond(request, limit):
        return request
    reasoning = request.reasoning
    return changed(
        request,
        text=request.text[:limit],
        reasoning=reasoning if reasoning is UNSET else reasoning[:limit],
    )


def _task(line: TaskLine) -> TaskLine:
    if max(len(line.reference), len(line.lead)) <= MOST_CHARACTERS:
        return line
    return changed(
        line, reference=line.reference[:MOST_CHARACTERS], lead=line.lead[:MOST_CHARACTERS]
    )
