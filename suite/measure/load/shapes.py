"""A short way to read chunks that differ from an earlier one only in their text, ids and counts.

An engine writes every chunk of a stream from one mould. Once a chunk was read as JSON, its mould is kept as a
pattern: all its bytes as they are, but for the text, the token ids, the counts, the id and the time, each of
which may be any JSON value of its kind. What fits the pattern is therefore valid JSON that says the same as
the chunk before, with these values; everything else is read the long way.
"""

from __future__ import annotations

import re
from itertools import repeat, takewhile
from typing import TYPE_CHECKING, Final, NamedTuple

from suite.base import jsonio
from suite.base.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.base.jsonio import JSONObject

MAX_SHAPES: Final = 4
"""Moulds kept; an engine has one or two, and a stream of ever new ones must not be learned for ever."""
MAX_TRIES: Final = 32
"""Chunks tried as a mould before it is given up."""
_NUMBER = rb"(0|[1-9][0-9]{0,14})"
_CONTENT = rb'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt])*+'
_STRING = rb'"(%b)"' % _CONTENT
"""Any string but for ``\\u`` escapes, which can say what is no text. Possessive: it never fits otherwise."""
_ANY_STRING = rb'"[^"\\\x00-\x1f\x7f-\xff]*"'
_ID: Final = rb"(?:0|[1-9][0-9]{0,14})"
_IDS: Final = rb"\[((?:%b(?:,%b)*)?)\]" % (_ID, _ID)
_PLACES: Final = (
    ("id", rb'"id":', rb'"[^"\\\x00-\x1f\x7f-\xff]*"', _ANY_STRING),
    ("created", rb'"created":', _ID, _ID),
    ("text", rb'"(?:content|text)":', _STRING, _STRING),
    ("ids", rb'"token_ids":', rb"\[[0-9,]*\]", _IDS),
    ("prompt", rb'"prompt_tokens":', _NUMBER, _NUMBER),
    ("total", rb'"total_tokens":', _NUMBER, _NUMBER),
    ("completion", rb'"completion_tokens":', _NUMBER, _NUMBER),
)
_content: Final = re.compile(_CONTENT).fullmatch
_without_escapes: Final = re.compile(rb'[^"\\\x00-\x09\x0b-\x1f]*+').fullmatch
_GROUPED: Final = frozenset({"text", "ids", "prompt", "total", "completion"})


class Content(NamedTuple):
    """What a chunk with one choice says.

    Attributes:
        text: the generated text.
        ids: token ids, None when it has none.
        prompt: prompt tokens of its usage, None without.
        completion: generated tokens of its usage, None without.
    """

    text: str
    ids: list[int] | None
    prompt: int | None
    completion: int | None


class Run(NamedTuple):
    """What consecutive chunks say; see `Content`.

    Attributes:
        texts: of each.
        ids: of each; None when the mould has none.
        prompt: prompt tokens of the last one's usage, None without.
        completions: generated tokens of each one's usage; None when the mould has none.
    """

    texts: list[str]
    ids: list[list[int]] | None
    prompt: int | None
    completions: list[int] | None


class _Shape:
    """One mould."""

    __slots__ = ("_completion", "_ids", "_match", "_prompt", "_single", "_text")

    def __init__(self, pattern: re.Pattern[bytes], names: list[str]) -> None:
        self._match = pattern.fullmatch
        place = {name: number for number, name in enumerate(names)}
        self._single = len(names) == 1
        self._text = place["text"]
        self._ids = place.get("ids")
        self._prompt = place.get("prompt")
        self._completion = place.get("completion")

    def read(self, event: bytes) -> Content | None:
        """The content of an event, or None when it does not fit."""
        run = self.run((event,))
        if run is None:
            return None
        return Content(
            run.texts[0],
            None if run.ids is None else run.ids[0],
            run.prompt,
            None if run.completions is None else run.completions[0],
        )

    def run(self, events: Sequence[bytes]) -> Run | None:
        """What the first events say, as far as they fit; None when not even the first one does."""
        if self._single:
            return self._texts_only(events)
        match, found = self._match, []
        for event in events:
            fits = match(event)
            if fits is None:
                break
            found.append(fits.groups())
        if not found:
            return None
        columns = list(zip(*found, strict=True))
        texts = _texts(columns[self._text])
        if texts is None:
            return None
        ids = None
        if self._ids is not None:
            ids = [
                [int(number) for number in one.split(b",") if number] for one in columns[self._ids]
            ]
        completions = None
        if self._completion is not None:
            completions = list(map(int, columns[self._completion]))
        prompt = None if self._prompt is None else int(columns[self._prompt][-1])
        return Run(texts, ids, prompt, completions)

    def _texts_only(self, events: Sequence[bytes]) -> Run | None:
        """The same where text is all that is looked for: what follows one that fits mostly differs in just that."""
        first = self._match(events[0])
        if first is None:
            return None
        start, end = first.span(1)
        before, after = events[0][:start], events[0][end:]
        least = len(before) + len(after)
        if not (
            all(map(bytes.startswith, events, repeat(before)))
            and all(map(bytes.endswith, events, repeat(after)))
            and min(map(len, events)) >= least
        ):
            events = list(
                takewhile(
                    lambda e: e.startswith(before) and e.endswith(after) and len(e) >= least, events
                )
            )
        tail = -len(after)
        raw = [event[start:tail] for event in events]
        joined = b"\n".join(raw)
        texts: list[str] | None
        if joined.count(b"\n") == len(raw) - 1 and _without_escapes(joined):
            # Decoded at once; no line end is inside of any, so that they can be told apart again.
            try:
                texts = joined.decode().split("\n")
            except UnicodeDecodeError:
                texts = None
        else:
            texts = _texts(list(takewhile(_content, raw)))
        return None if texts is None else Run(texts, None, None, None)


def _texts(raw: Sequence[bytes]) -> list[str] | None:
    """The strings between these quotation marks; None when one of them is not UTF-8."""
    try:
        return [
            str(jsonio.loads(b'"' + one + b'"', error=EngineError))
            if b"\\" in one
            else one.decode()
            for one in raw
        ]
    except (UnicodeDecodeError, EngineError):
        return None


class Shapes:
    """The moulds seen in a phase."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._tries = 0

    def read(self, piece: bytes) -> Content | None:
        """The content of a piece that is exactly one event, if it fits a mould."""
        for shape in self._shapes:
            content = shape.read(piece)
            if content is not None:
                return content
        return None

    def run(self, pieces: Sequence[bytes]) -> Run | None:
        """What the first of these pieces say, as far as they are one event each and fit one mould."""
        for shape in self._shapes:
            run = shape.run(pieces)
            if run is not None:
                return run
        return None

    def learn(self, data: bytes, document: JSONObject) -> None:
        """Keep the mould of a chunk that was read as JSON, if it is a plain one.

        Args:
            data: the chunk's bytes, without ``data:``.
            document: what they say.
        """
        if len(self._shapes) >= MAX_SHAPES or self._tries >= MAX_TRIES:
            return
        event = b"data: " + data + b"\n\n"
        if b"\n" in data or b"\r" in data or self.read(event) is not None:
            # Several lines are several fields, and what is known already is not learned again.
            return
        self._tries += 1
        expected = _plain(document)
        if expected is None:
            return
        found = []
        for name, key, value, general in _PLACES:
            matches = list(
                re.finditer(b"(?<=[{,])" + key + b"(?P<value>" + value + b")(?=[,}])", data)
            )
            if len(matches) > 1:
                return
            if matches:
                found.append((matches[0].start("value"), matches[0].end("value"), name, general))
        shape = _build(data, sorted(found))
        # The proof that the right places were found: the mould reads its own chunk as JSON does.
        if shape is not None and shape.read(event) == expected:
            self._shapes.append(shape)


def _build(data: bytes, found: list[tuple[int, int, str, bytes]]) -> _Shape | None:
    names = [name for _, _, name, _ in found if name in _GROUPED]
    if "text" not in names:
        return None
    pattern, position = [re.escape(b"data: ")], 0
    for start, end, _, general in found:
        if start < position:
            return None
        pattern += [re.escape(data[position:start]), general]
        position = end
    pattern += [re.escape(data[position:]), re.escape(b"\n\n")]
    return _Shape(re.compile(b"".join(pattern)), names)


def _plain(document: JSONObject) -> Content | None:
    """What a chunk says if it holds nothing but text, ids and usage of one choice; else None."""
    choices, usage = document.get("choices"), document.get("usage") or {}
    choice = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
    if not isinstance(choice, dict) or not isinstance(usage, dict) or document.get("error"):
        return None
    delta = choice.get("delta", choice)
    if choice.get("index", 0) != 0 or not isinstance(delta, dict):
        return None
    text = delta.get("content") if delta is not choice else choice.get("text")
    more = choice.get("finish_reason") or delta.get("reasoning_content") or delta.get("reasoning")
    if more or not isinstance(text, str):
        return None
    ids, prompt = choice.get("token_ids"), usage.get("prompt_tokens")
    completion = usage.get("completion_tokens")
    if not (ids is None or isinstance(ids, list)):
        return None
    numbers = None if ids is None else [one for one in ids if isinstance(one, int)]
    return Content(
        text,
        numbers,
        prompt if isinstance(prompt, int) else None,
        completion if isinstance(completion, int) else None,
    )
