"""The model's own tokenizer, for the suite's own token counts and for cutting documents to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import tokenizers

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, Place
from suite.declare.tasks.chat_template import ChatTemplate, special_tokens, template_text
from suite.documents.value import NotMeasured

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from suite.base.jsonio import JSONObject
    from suite.declare.tasks.chat_template import Message
    from suite.declare.tasks.prompt import PromptTemplate
    from suite.documents.basis import Thinking

Api: TypeAlias = Literal["chat", "completions"]

_OTHER_TOKENIZERS = (
    "tokenizer.model",
    "vocab.json",
    "tiktoken.model",
    "qwen.tiktoken",
    "vocab.txt",
)
_BATCH = 256
"""Texts encoded together: enough for every core, few enough that their encodings take little memory."""


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """A user prompt ready to be sent.

    Attributes:
        text: the rendered prompt template; the server adds the chat template itself.
        tokens: length in tokens as the model sees it, chat template and special tokens included; None
            without a tokenizer.
        truncated: the document was cut.
    """

    text: str
    tokens: int | None
    truncated: bool


class Tokenizer:
    """A tokenizer read from a model directory.

    Attributes:
        sha256: SHA-256 of ``tokenizer.json``.
        chat_template: the model's chat template, or None.
    """

    def __init__(
        self, inner: tokenizers.Tokenizer, sha256: str, chat_template: ChatTemplate | None
    ) -> None:
        inner.no_truncation()
        inner.no_padding()
        self._inner = inner
        self.sha256 = sha256
        self.chat_template = chat_template

    @classmethod
    def from_directory(cls, directory: Path, *, now: datetime | None = None) -> Tokenizer:
        """Read ``tokenizer.json`` and the chat template of a model directory.

        Args:
            directory: the model.
            now: the date that a chat template may ask for; None is the clock.

        Raises:
            DataError: ``tokenizer-missing``, ``tokenizer-wrong``, ``chat-template-wrong``, or what
                reading refuses.
        """
        path = directory / "tokenizer.json"
        if not path.is_file():
            others = [name for name in _OTHER_TOKENIZERS if (directory / name).is_file()]
            hint = (
                Sentence(
                    f"it has {', '.join(others)}, which only its engine reads",
                    f"它有 {', '.join(others)}，只有其引擎能读取",
                )
                if others
                else ""
            )
            raise DataError(
                "tokenizer-missing",
                Sentence("no tokenizer.json", "没有 tokenizer.json"),
                Place(str(directory)),
                hint,
            )
        data = jsonio.read_bytes(path, error=DataError)
        try:
            inner = tokenizers.Tokenizer.from_buffer(data)
        except ValueError as cause:
            place = Place(str(path))
            raise DataError(
                "tokenizer-wrong",
                Sentence(f"not a tokenizer: {cause}", f"不是分词器：{cause}"),
                place,
            ) from cause
        config = _config(directory / "tokenizer_config.json")
        text = template_text(directory, config)
        template = None if text is None else ChatTemplate(text, special_tokens(config), now=now)
        return cls(inner, jsonio.sha256_hex(data), template)

    @property
    def chat_template_sha256(self) -> str | None:
        """SHA-256 of the chat template's text, or None when the model has none."""
        return None if self.chat_template is None else self.chat_template.sha256

    @property
    def thinking(self) -> Thinking | None:
        """What the chat template knows of thinking."""
        return None if self.chat_template is None else self.chat_template.thinking

    def count(self, text: str, *, special: bool = False) -> int:
        """Number of tokens of a text, with the special tokens that the tokenizer adds or without."""
        return len(self._inner.encode(text, add_special_tokens=special).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids, special tokens left out."""
        return self._inner.decode(list(ids), skip_special_tokens=True)

    def chat(self, messages: Sequence[Message]) -> str:
        """The text that the model sees for a chat, up to where it begins to answer.

        Raises:
            DataError: ``chat-template-missing``, ``chat-template-failed``.
        """
        if self.chat_template is None:
            hint = Sentence("serve it through the completions API", "请经 completions API 提供服务")
            raise DataError(
                "chat-template-missing",
                Sentence("the model has no chat template", "模型没有对话模板"),
                hint=hint,
            )
        return self.chat_template.render(messages)

    def prompt_tokens(self, prompts: Sequence[str], api: Api) -> list[int]:
        """Length in tokens of user prompts as the model sees them.

        The chat API puts a prompt into the chat template, which writes the special tokens itself; the
        completions API sends it as it is and lets the tokenizer add them.
        """
        chat = api == "chat"
        texts = [self._user(prompt) for prompt in prompts] if chat else list(prompts)
        return [
            len(encoding)
            for start in range(0, len(texts), _BATCH)
            for encoding in self._inner.encode_batch_fast(
                texts[start : start + _BATCH], add_special_tokens=not chat
            )
        ]

    def prompt_ids(self, prompt: str, api: Api) -> list[int]:
        """Token ids of a user prompt as the model sees it; see `prompt_tokens`.

        Raises:
            DataError: as `chat`.
        """
        chat = api == "chat"
        text = self._user(prompt) if chat else prompt
        return list(self._inner.encode(text, add_special_tokens=not chat).ids)

    def continuation(self, text: str) -> list[int]:
        """Token ids of a generated text, without special tokens."""
        return list(self._inner.encode(text, add_special_tokens=False).ids)

    def chat_tokens(self, messages: Sequence[Message]) -> int:
        """Length in tokens of a whole conversation as the model sees it.

        Raises:
            DataError: as `chat`.
        """
        return self.count(self.chat(messages))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of texts, with the special tokens that the tokenizer adds."""
        return [encoding.ids for encoding in self._inner.encode_batch_fast(list(texts))]

    def token_ends(self, texts: Sequence[str]) -> list[list[int]]:
        """Character position behind each token of texts, without special tokens; never decreasing."""
        encodings = self._inner.encode_batch(list(texts), add_special_tokens=False)
        return [[end for _, end in encoding.offsets] for encoding in encodings]

    def _user(self, prompt: str) -> str:
        return self.chat([{"role": "user", "content": prompt}])

    def cut_points(self, document: str) -> list[int]:
        """Character positions behind each token of a document, ascending, each once.

        A cut at one of them never splits a character, even where a character has several tokens.
        """
        encoding = self._inner.encode(document, add_special_tokens=False)
        return sorted({end for _, end in encoding.offsets if end > 0} | {len(document)})


def _config(path: Path) -> JSONObject:
    if not path.is_file():
        return {}
    value = jsonio.load(path, error=DataError, foreign=True)
    if not isinstance(value, dict):
        raise DataError(
            "tokenizer-wrong",
            Sentence("the configuration is not an object", "该配置不是对象"),
            Place(str(path)),
        )
    return value


def load_tokenizer(directory: Path) -> Tokenizer | NotMeasured:
    """The tokenizer of a model directory, or why the suite cannot count tokens itself.

    Raises:
        DataError: as `Tokenizer.from_directory`, except when there simply is no ``tokenizer.json``.
    """
    try:
        return Tokenizer.from_directory(directory)
    except DataError as cause:
        if cause.code != "tokenizer-missing":
            raise
        hint = f" ({cause.hint})" if cause.hint else ""
        return NotMeasured(
            Sentence(
                f"{cause.message} in the model directory{hint}",
                f"模型目录中{chinese(cause.message)}{chinese(hint)}",
            )
        )


def fit_prompts(
    tokenizer: Tokenizer | None,
    template: PromptTemplate,
    documents: Sequence[str],
    *,
    api: Api,
    max_input_tokens: int,
) -> list[FittedPrompt]:
    """Render each document into the prompt, cutting its end off where it would be too long.

    A cut document ends behind the last of its tokens with which the whole prompt, chat template and
    special tokens included, still fits; white space at the cut goes too. Without a tokenizer nothing is
    counted or cut.

    Args:
        tokenizer: the model's, or None.
        template: the prompt.
        documents: the documents, in order.
        api: how prompts are sent.
        max_input_tokens: longest prompt as the model sees it.

    Raises:
        DataError: ``prompt-too-long`` when not even an empty document fits; what the chat template says.
    """
    prompts = [template.render(document) for document in documents]
    if tokenizer is None:
        return [
            FittedPrompt(prompt, None, truncated=False)
            for prompt, document in zip(prompts, documents, strict=True)
        ]
    fitted = []
    counts = tokenizer.prompt_tokens(prompts, api)
    for document, prompt, count in zip(documents, prompts, counts, strict=True):
        if count <= max_input_tokens:
            fitted.append(FittedPrompt(prompt, count, truncated=False))
        else:
            fitted.append(_cut(tokenizer, template, document, api, max_input_tokens))
    return fitted


def _cut(
    tokenizer: Tokenizer, template: PromptTemplate, document: str, api: Api, limit: int
) -> FittedPrompt:
    points = [0, *tokenizer.cut_points(document)]

    def attempt(index: int) -> FittedPrompt:
        shorter = document[: points[index]].rstrip()
        prompt = template.render(shorter)
        count = tokenizer.prompt_tokens([prompt], api)[0]
        return FittedPrompt(prompt, count, truncated=True)

    best = attempt(0)
    assert best.tokens is not None
    if best.tokens > limit:
        message = Sentence(
            f"the prompt alone has {best.tokens} tokens, the limit is {limit}",
            f"仅提示词就有 {best.tokens} 个 token，上限为 {limit}",
        )
        raise DataError(
            "prompt-too-long",
            message,
            hint=Sentence("raise max_input_tokens", "请增大 max_input_tokens"),
        )
    low, high = 0, len(points) - 1  # points[low] fits, points[high] does not
    # One cut point is one token nearly always, so the first guess is right or off by one or two.
    guess, step = min(limit - best.tokens, high - 1), 1
    while high - low > 1:
        candidate = attempt(guess)
        assert candidate.tokens is not None
        if candidate.tokens <= limit:
            low, best = guess, candidate
            guess = min(low + step, high - 1)
        else:
            high = guess
            guess = max(high - step, low + 1)
        step *= 2
        if step > 8:
            guess = (low + high) // 2
    return best
