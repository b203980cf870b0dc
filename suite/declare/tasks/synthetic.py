"""Prompts of exact length: seeded, each its own, made of the words of the task set's documents.

The text of a prompt is drawn first: single words, so that no two prompts begin alike, then runs of words as
they stand in the documents. It is encoded once, cut behind the token that should be the last, and counted
again as the model will see it; where a cut changes how its last word is divided, the next cut is off by what
was missing. A prompt whose length cannot be reached so is filled up with short words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base.bilingual import Sentence
from suite.base.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from suite.declare.tasks.tokenizer import Api, Tokenizer

_DOCUMENTS: Final = 256
"""Documents that words are taken from: enough, and quickly divided."""
_SINGLES: Final = 16
_RUN: Final = 12
_CUTS: Final = 6
_BATCH_TOKENS: Final = 500_000
"""Tokens that are encoded together: bounds the memory."""
_FILLERS: Final = (" a", " the", " it", " 1", ".", "1", "a", "-")


class ExactPrompt(NamedTuple):
    """One prompt to be made: what it is drawn from, and its length in tokens as the model sees it."""

    key: str
    tokens: int


def synthetic_task(index: int) -> str:
    """The task id of request `index` of a phase with exact lengths; no such task has a reference."""
    return f"synthetic-{index}"


def prompt_key(seed: int, phase: str, repeat: int, index: int) -> str:
    """What a request's prompt is drawn from: nothing else decides it, beside documents and tokenizer."""
    return f"lengths/1/{seed}/{phase}/{repeat}/{index}"


def shortest_prompts(tokenizer: Tokenizer) -> dict[str, int]:
    """Tokens of the shortest prompt that can be sent as text, by API: everything around it, and one letter.

    A model without a chat template has no entry ``chat``.
    """
    apis: tuple[Api, ...] = ("completions",)
    if tokenizer.chat_template is not None:
        apis = ("chat", "completions")
    return {api: tokenizer.prompt_tokens(["a"], api)[0] for api in apis}


@dataclass(frozen=True, slots=True)
class Words:
    """Words that prompts are made of, in the order of their documents."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, documents: Iterable[str]) -> Words:
        """The words of the first 256 documents.

        Raises:
            DataError: ``words-missing`` when there are none.
        """
        words: list[str] = []
        for count, document in enumerate(documents):
            if count == _DOCUMENTS:
                break
            words += document.split()
        if not words:
            raise DataError(
                "words-missing",
                Sentence(
                    "the documents have no words to make prompts of", "文档中没有可组成提示词的词语"
                ),
            )
        return cls(tuple(words))

    def text(self, key: str, count: int) -> str:
        """At least `count` words drawn from a key, with a space between them."""
        chosen: list[str] = []
        draws = self._draws(key)
        while len(chosen) < count:
            start = next(draws)
            chosen += self.words[start : start + (1 if len(chosen) < _SINGLES else _RUN)]
        return " ".join(chosen)

    def _draws(self, key: str) -> Iterator[int]:
        counter = 0
        while True:
            digest = hashlib.sha256(f"{key}/{counter}".encode()).digest()
            counter += 1
            for at in range(0, len(digest), 4):
                yield int.from_bytes(digest[at : at + 4], "big") % len(self.words)


def exact_texts(
    tokenizer: Tokenizer, words: Words, wanted: Sequence[ExactPrompt], api: Api
) -> list[str]:
    """User prompts that have exactly the wanted tokens as the model sees them.

    Args:
        tokenizer: the model's.
        words: to make them of.
        wanted: what is drawn, and how long.
        api: how prompts are sent; chat counts the chat template too.

    Raises:
        DataError: ``length-too-short`` below what stands around every prompt, ``length-unreachable``
            when the tokenizer gives no text of that length, and what the chat template says.
    """
    # What stands around the letter is counted again for every prompt; this is only the first guess.
    around = tokenizer.prompt_tokens(["a"], api)[0] - 1
    shortest = min((prompt.tokens for prompt in wanted), default=around + 1)
    if shortest <= around:
        message = Sentence(
            f"{shortest} tokens are fewer than the shortest prompt has: {around + 1}",
            f"{shortest} 个 token 少于最短提示词的 {around + 1} 个",
        )
        raise DataError(
            "length-too-short", message, hint=Sentence("raise input_tokens", "请增大 input_tokens")
        )
    fitted: list[str] = []
    for batch in _batches(wanted):
        texts = [words.text(prompt.key, prompt.tokens) for prompt in batch]
        fits = [
            _Fit(text, prompt.tokens, around) for text, prompt in zip(texts, batch, strict=True)
        ]
        for fit, ends in zip(fits, tokenizer.token_ends(texts), strict=True):
            fit.ends = ends
        fitted += _fitted(tokenizer, fits, api)
    return fitted


def exact_ids(tokenizer: Tokenizer, words: Words, wanted: Sequence[ExactPrompt]) -> list[list[int]]:
    """Prompts of exactly the wanted tokens as token ids, the tokenizer's own first token included.

    Raises:
        DataError: ``length-unreachable``.
    """
    prompts: list[list[int]] = []
    for batch in _batches(wanted):
        texts = [words.text(prompt.key, prompt.tokens) for prompt in batch]
        for prompt, ids in zip(batch, tokenizer.ids(texts), strict=True):
            if len(ids) < prompt.tokens:
                raise _unreachable(prompt.tokens)
            prompts.append(ids[: prompt.tokens])
    return prompts


def _batches(wanted: Sequence[ExactPrompt]) -> Iterator[list[ExactPrompt]]:
    batch: list[ExactPrompt] = []
    tokens = 0
    for prompt in wanted:
        if batch and tokens + prompt.tokens > _BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(prompt)
        tokens += prompt.tokens
    if batch:
        yield batch


def _unreachable(tokens: int) -> DataError:
    message = Sentence(
        f"the model's tokenizer gives no prompt of {tokens} tokens",
        f"模型的分词器得不出 {tokens} 个 token 的提示词",
    )
    return DataError(
        "length-unreachable", message, hint=Sentence("ask for another length", "请要求其他长度")
    )


class _Fit:
    """The search for the cut of one text."""

    def __init__(self, text: str, tokens: int, around: int) -> None:
        self.text = text
        self.tokens = tokens
        self.ends: list[int] = []  # of each token, in characters
        self.keep = tokens - around  # tokens of the text that are kept
        self.best = ("", 0)  # the longest prompt that was too short, and its tokens
        self.done = False

    def prompt(self) -> str:
        kept = max(1, min(self.keep, len(self.ends)))
        return self.text[: self.ends[kept - 1]].rstrip()

    def counted(self, prompt: str, count: int) -> None:
        self.done = count == self.tokens
        if self.done or self.best[1] < count < self.tokens:
            self.best = (prompt, count)
        self.keep += self.tokens - count


def _fitted(tokenizer: Tokenizer, fits: list[_Fit], api: Api) -> list[str]:
    for _ in range(_CUTS):
        open_fits = [fit for fit in fits if not fit.done]
        if not open_fits:
            break
        prompts = [fit.prompt() for fit in open_fits]
        counts = tokenizer.prompt_tokens(prompts, api)
        for fit, prompt, count in zip(open_fits, prompts, counts, strict=True):
            fit.counted(prompt, count)
    return [fit.best[0] if fit.done else _filled(tokenizer, fit, api) for fit in fits]


def _filled(tokenizer: Tokenizer, fit: _Fit, api: Api) -> str:
    """The longest prompt that was too short, with short words behind it."""
    prompt, count = fit.best
    if not prompt:
        prompt = fit.text[:1]
        count = tokenizer.prompt_tokens([prompt], api)[0]
    while count < fit.tokens:
        longer = [prompt + filler for filler in _FILLERS]
        counts = tokenizer.prompt_tokens(longer, api)
        steps = [
            (length, text)
            for text, length in zip(longer, counts, strict=True)
            if count < length <= fit.tokens
        ]
        if not steps:
            break
        count, prompt = min(steps, key=lambda step: step[0])
    if count != fit.tokens:
        raise _unreachable(fit.tokens)
    return prompt
