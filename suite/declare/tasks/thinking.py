"""Models that think before they answer: how a chat template says so, and what of an answer is thinking."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

OPENING: Final = ("<think>", "<thought>", "<reasoning>", "<seed:think>", "[THINK]", "◁think▷")
"""What begins a model's thinking, in its own text."""
_CLOSING: Final = (
    "</think>",
    "</thought>",
    "</reasoning>",
    "</seed:think>",
    "[/THINK]",
    "◁/think▷",
)

Share: TypeAlias = Literal["none", "part", "all"]


def thinking_in(text: str, *, begun: bool = False) -> Share:
    """How much of a text is thinking.

    Args:
        text: an answer, whose thinking nobody took out of it.
        begun: the prompt ended with an opening tag, so that the text has none.
    """
    closed = [text.rfind(tag) + len(tag) for tag in _CLOSING if tag in text]
    if closed:
        return "part" if text[max(closed) :].strip() else "all"
    return "all" if begun or text.lstrip().startswith(OPENING) else "none"
