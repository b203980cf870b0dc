"""One request, made ready before its phase starts."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    index: int
    task: str
    body: bytes
    t_sched_ns: int | None
    prompt_sha256: str
    truncated: bool = False
    own_prompt_tokens: int | None = None
