"""The prompts that every task is put into, locked by digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, choices
from suite.documents.workload import Prompt

PLACEHOLDER: Final = "{document}"


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with one place for the document.

    Attributes:
        id: stable name.
        template: text with ``{document}`` exactly once; other braces mean nothing.
        origin: where the wording comes from.
    """

    id: str
    template: str
    origin: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the template's UTF-8."""
        return hashlib.sha256(self.template.encode("utf-8")).hexdigest()

    def render(self, document: str) -> str:
        """Put a document in; braces in it stay as they are."""
        head, _, tail = self.template.partition(PLACEHOLDER)
        return f"{head}{document}{tail}"

    def to_doc(self) -> Prompt:
        """The form that a plan holds."""
        return Prompt(id=self.id, template=self.template, sha256=self.sha256)


CLOSED_V1: Final = PromptTemplate(
    id="closed-v1",
    template="Summarise the article in one sentence.\n\nArticle:\n{document}\n\nSummary:",
    origin="this suite",
)
COMPAT_FLAGPERF: Final = PromptTemplate(
    id="compat-flagperf",
    # No space or line break around the document: that is how the source wrote it.
    template=(
        "Please generate a summary about it:{document}"
        "Please generate a summary after the article content is finished."
    ),
    origin="FlagPerf, inference/generate",
)

PLAIN_V1: Final = PromptTemplate(id="plain-v1", template=PLACEHOLDER, origin="this suite")
"""The data's own prompt, with nothing around it."""

PROMPTS: Final = {prompt.id: prompt for prompt in (CLOSED_V1, COMPAT_FLAGPERF, PLAIN_V1)}
PROMPT_SHA256: Final = {
    "closed-v1": "43725878c751dc77b688b2d895976939a49616897d35458be1c436d7556a12ab",
    "compat-flagperf": "bce4b8e01e2dda2415c377c2bb66543515214642f3a3ab3e98cc8d2194c2a92e",
    "plain-v1": "5779c19489680b4f99c11a62f1f8083d620ae232dd8cdaf22ddf27930a93b543",
}
"""Locked digests: a changed wording is another prompt and needs another id."""


def load_prompt(identifier: str) -> PromptTemplate:
    """The prompt of an id.

    Raises:
        DeclarationError: ``prompt-unknown``; ``prompt-changed`` when it is not the locked text.
    """
    prompt = PROMPTS.get(identifier)
    if prompt is None:
        raise DeclarationError(
            "prompt-unknown",
            Sentence(f"there is no prompt {identifier!r}", f"没有提示词 {identifier!r}"),
            hint=choices(identifier, PROMPTS),
        )
    if prompt.sha256 != PROMPT_SHA256[identifier]:
        message = Sentence(
            f"the prompt {identifier} is not the locked text", f"提示词 {identifier} 不是锁定的文本"
        )
        raise DeclarationError(
            "prompt-changed",
            message,
            hint=Sentence("a new wording needs a new id", "新的措辞需要新的编号"),
        )
    return prompt
