"""What an engine with the shipped mini model would answer: the scripted server's honest answers.

No model runs. The recorded answers of the mini model (``golden.jsonl``) are looked up by the article that a prompt
holds; of a prompt that differs a little from a task's the answer is that of the task, as it is with a real model. Tokens
are those of the model's tokenizer, so that counts agree with everybody else's.
"""

from __future__ import annotations

import collections
import hashlib
import random
from typing import TYPE_CHECKING, Final

import msgspec

from suite.declare.tasks.mini import fresh_story, mini_tasks
from suite.declare.tasks.reference import MINI_MODEL
from suite.declare.tasks.tokenizer import Tokenizer
from suite.measure.engine.sim_reply import END_TOKEN, Ask, Reply, lost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.measure.engine.sim_script import Script
    from suite.measure.engine.sim_stream import Request


LOST: Final = 0.19
"""Share of a summary's words that the mini model gets wrong: its ROUGE-1 is 0.81."""


class _Golden(msgspec.Struct, frozen=True):
    id: str
    text: str
    token_ids: tuple[int, ...]


class MiniModel:
    """Recorded answers of the shipped model, by the article in the prompt."""

    def __init__(self, stories: str = "") -> None:
        """Read them.

        Args:
            stories: salt of a challenge whose new stories are answered as well as the recorded ones; "" for none.
        """
        self._tokenizer = Tokenizer.from_directory(MINI_MODEL)
        lines = (MINI_MODEL / "golden.jsonl").read_bytes().splitlines()
        golden = [msgspec.json.decode(line, type=_Golden) for line in lines]
        tasks = {task.id: task for task in mini_tasks()}
        self._golden = golden
        self._documents = [tasks[answer.id].document for answer in golden]
        self._public = len(golden)
        if stories:
            self._learn(stories)
        self._owners: dict[str, int] = {}
        for number, document in enumerate(self._documents):
            for sentence in document.replace("\n", " ").split(". "):
                self._owners[sentence] = -1 if sentence in self._owners else number
        self._texts: dict[int, list[str]] = {}

    def _learn(self, salt: str) -> None:
        """Answers to new stories: their references, with as many words lost as the model loses of known ones."""
        for number in range(self._public // 2):
            story = fresh_story(salt, number)
            text = lost(story.summary, story.document, LOST)
            (ids,) = self._tokenizer.ids([text])
            self._golden.append(_Golden(story.id, text, (*ids, END_TOKEN)))
            self._documents.append(story.document)

    def ask(self, number: int, request: Request) -> Ask:
        """Understand a request."""
        ids = request.prompt_ids
        prompt = self._tokenizer.decode(ids) if ids else request.prompt
        task = self._task(prompt)
        public = task is not None and task < self._public
        documented = task is not None and public and self._documents[task] in prompt
        (tokens,) = [len(ids)] if ids else self._tokenizer.prompt_tokens([prompt], "chat")
        return Ask(number, prompt, tokens, task, documented, request.stream, public)

    def _task(self, prompt: str) -> int | None:
        sentences = prompt.replace("\n", " ").split(". ")
        votes = collections.Counter(self._owners.get(sentence, -1) for sentence in sentences)
        votes.pop(-1, None)
        return votes.most_common(1)[0][0] if votes else None

    def reply(self, script: Script, ask: Ask, limit: int, *, exact: bool = False) -> Reply:
        """What an honest server answers: of a prompt without an article anything that the model says, as it does itself.

        Args:
            script: the server's.
            ask: what was asked.
            limit: most tokens.
            exact: so many tokens, whatever they say.
        """
        digest = hashlib.sha256(ask.prompt.encode("utf-8", "replace")).digest()
        task = int.from_bytes(digest[:4]) % self._public if ask.task is None else ask.task
        texts, ids = self._tokens(task)
        while exact and len(ids) < limit:
            task = (task + 1) % self._public
            more = self._tokens(task)
            texts, ids = texts + more[0], ids + more[1]
        cut = exact or len(ids) > limit
        draw = random.Random(f"{script.seed}:{ask.number}")  # noqa: S311 - not a secret
        factor = draw.lognormvariate(0.0, script.jitter) if script.jitter else 1.0
        return Reply(
            texts=texts[:limit],
            ids=ids[:limit],
            cut=cut,
            prompt_tokens=ask.tokens,
            base_ms=script.ttft_ms * factor,
            read_ms=script.prompt_us * ask.tokens / 1000 * factor,
            gap_ms=script.itl_ms,
            per_chunk=script.tokens_per_chunk,
        )

    def tokens(self, text: str) -> tuple[list[str], list[int]]:
        """The tokens of a text: what each shows, and their ids."""
        (ids,) = self._tokenizer.ids([text])
        return self._shown(ids), list(ids)

    def _shown(self, ids: Sequence[int]) -> list[str]:
        ends = [self._tokenizer.decode(ids[: end + 1]) for end in range(len(ids))]
        return [text[len(before) :] for before, text in zip(["", *ends], ends, strict=False)]

    def _tokens(self, task: int) -> tuple[list[str], list[int]]:
        ids = [number for number in self._golden[task].token_ids if number != END_TOKEN]
        texts = self._texts.get(task)
        if texts is None:
            texts = self._texts[task] = self._shown(ids)
        return list(texts), ids
