"""Prompts of which the engine counts only what its cache did not hold: 0, or the rest.

Such a count is smaller than the suite's own, as that of a prompt that was cut; what tells them apart is a count of the
cached part beside it, or the same prompt counted whole elsewhere in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suite.documents.event import Request

PROMPT_TOLERANCE = 2
"""Tokens by which the engine's count of a prompt may differ from the suite's."""


def _missing(request: Request) -> int:
    """Tokens of a prompt that the engine does not count, beyond the tolerance; 0 where nothing can be compared."""
    engine, own = given(request.usage.engine_prompt), given(request.usage.own_prompt)
    if engine is None or own is None or own - engine <= PROMPT_TOLERANCE:
        return 0
    return own - engine


def counts_no_prompt(requests: Sequence[Request]) -> bool:
    """Whether the engine says 0 of every prompt: it does not count them at all."""
    counts = {given(request.usage.engine_prompt) for request in requests}
    return counts == {0}


def uncached_only(requests: Iterable[Request]) -> list[Request]:
    """Requests whose prompt was counted without its cached part, in the order of the log."""
    events = list(requests)
    if counts_no_prompt(events):
        return []
    whole = {
        request.prompt_sha256
        for request in events
        if given(request.usage.engine_prompt) and not _missing(request)
    }
    return [request for request in events if _missing(request) and _explained(request, whole)]


def _explained(request: Request, whole: set[str]) -> bool:
    if given(request.usage.engine_prompt) == 0 or request.prompt_sha256 in whole:
        return True
    return abs(given(request.usage.cached_tokens, 0) - _missing(request)) <= PROMPT_TOLERANCE


def took_from_cache(requests: Sequence[Request]) -> list[Request]:
    """Requests of which the engine's own counts say that their prompt was in a cache, wholly or in part."""
    left_out = {id(request) for request in uncached_only(requests)}
    return [
        request
        for request in requests
        if given(request.usage.cached_tokens, 0) > 0 or id(request) in left_out
    ]
