"""One request, made ready before its phase starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_RESPONSE: Final = 64 << 20
"""Bytes of any response beyond which it is broken off: an answer that never ends must not fill the memory."""
_ANY_RESPONSE: Final = 1 << 20
_TOKEN_BYTES: Final = 4096
_ECHO: Final = 16


def response_limit(body: bytes, max_tokens: int) -> int:
    """Bytes that the response to a request may have: ten times what engines send, and never beyond `MAX_RESPONSE`.

    A token takes a chunk of some 400 bytes with ids and usage; the first chunk may bring the prompt's ids back.

    Args:
        body: the request.
        max_tokens: that it asks for at the most.
    """
    return min(MAX_RESPONSE, _ANY_RESPONSE + _ECHO * len(body) + _TOKEN_BYTES * max_tokens)


@dataclass(frozen=True, slots=True)
class Job:
    """One request, serialised beforehand.

    Attributes:
        index: position within the phase.
        task: task id.
        body: the request's body, JSON.
        t_sched_ns: intended start relative to the phase's start; None in a closed loop.
        prompt_sha256: SHA-256 of the rendered user prompt in UTF-8.
        truncated: the document was cut to fit.
        own_prompt_tokens: prompt tokens by the suite's own tokenizer, if it counted.
        most_bytes: that the response may have; see `response_limit`.
    """

    index: int
    task: str
    body: bytes
    t_sched_ns: int | None
    prompt_sha256: str
    truncated: bool = False
    own_prompt_tokens: int | None = None
    most_bytes: int = MAX_RESPONSE
