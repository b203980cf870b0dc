"""What the scripted server is asked and answers, and what it may remember: what a cheat changes, and a cheat's own form.

Standard library alone: the server also runs where nothing is installed.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.base.bilingual import Bilingual
    from suite.documents.standing import Level

    Apply = Callable[["Reply", "Ask", "Memory"], None]

END_TOKEN: Final = 2
_OTHERS: Final = ("harbour", "Monday", "quietly", "eleven", "nobody", "Greta", "wooden")
"""What stands in the place of what a worse model does not know."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A generation request with what the server makes of it.

    Attributes:
        number: of the request, from 0.
        prompt: its text.
        tokens: of the prompt as the model sees it.
        task: the article's place in the task set; None where it holds none.
        known: the prompt is that task's, to the letter.
        streamed: the answer is asked for as a stream.
        public: the article is one of the public task set, whatever else the prompt holds.
    """

    number: int
    prompt: str
    tokens: int
    task: int | None
    known: bool
    streamed: bool
    public: bool = False


@dataclass(slots=True)
class Reply:
    """An answer in the making; an honest server's until a cheat changes it. Times in milliseconds.

    Attributes:
        texts: text of each token.
        ids: of the same tokens.
        cut: the answer ended at the length limit.
        prompt_tokens: what the usage says of the prompt.
        base_ms: of the time to the first token what does not depend on the prompt.
        read_ms: what does: reading the prompt.
        gap_ms: between tokens.
        per_chunk: tokens in a chunk.
        held: chunks that are held back and leave together.
        extra: tokens that the usage claims beyond those of `ids`.
        lead: text of a chunk that is sent before anything was computed; None for none.
        first_early: the first token is sent before anything was computed.
        fault: name of a fault that ends it otherwise.
        retold: another text in the place of `texts`, to be divided into tokens again; None for none.
    """

    texts: list[str]
    ids: list[int]
    cut: bool
    prompt_tokens: int
    base_ms: float
    read_ms: float
    gap_ms: float
    per_chunk: int = 1
    held: int = 1
    extra: int = 0
    lead: str | None = None
    first_early: bool = False
    fault: str = ""
    retold: str | None = None

    @property
    def first_ms(self) -> float:
        """Time to the first token that was computed."""
        return self.base_ms + self.read_ms


@dataclass(slots=True)
class Memory:
    """What a server remembers from one request to the next.

    Attributes:
        prompts: every prompt so far.
        prefixes: hashes of their beginnings, block by block.
    """

    prompts: set[str] = field(default_factory=set)
    prefixes: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Cheat:
    """A way to look better than one is.

    Attributes:
        name: as scripts write it.
        does: what it does.
        stops: the level at which no form of it works any more, for a vendor who knows the suite's code.
        left: why not earlier: what a vendor with the code in hand does about the rules below that level.
        apply: changes an honest reply; None where no server can do it.
    """

    name: str
    does: Bilingual
    stops: Level
    left: Bilingual
    apply: Apply | None = None


def worsened(reply: Reply, ask: Ask, share: float, kept: str | None = None) -> None:
    """Put other words in the place of some: what a worse model, or one that read less, does not know.

    Args:
        reply: changed in place.
        ask: what was asked; the same prompt is always answered alike.
        share: of the words.
        kept: what was read; only words that it does not hold are lost. None may lose any.
    """
    reply.retold = lost("".join(reply.texts), ask.prompt, share, kept)


def lost(text: str, prompt: str, share: float, kept: str | None = None) -> str:
    """A text with other words in the place of some; see `worsened`."""
    digest = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
    draw = random.Random(digest)  # noqa: S311 - not a secret
    words = text.split(" ")
    for place, word in enumerate(words):
        unread = kept is None or word.strip(",.") not in kept
        if unread and draw.random() < share:
            words[place] = draw.choice(_OTHERS)
    return " ".join(words)
