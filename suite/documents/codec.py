"""Documents to bytes and back, strictly.

Every document that somebody else made passes the strict JSON reader (`suite.base.jsonio`) before it becomes a
Struct; `Lines` does the same for long files of small documents at a hundredth of the cost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, overload

import msgspec

from suite.base import jsonio, schema
from suite.base.bilingual import Sentence, english
from suite.base.errors import DeclarationError, EvidenceError, Place, SuiteError
from suite.documents.value import Measured, NotMeasured, Value

if TYPE_CHECKING:
    from types import UnionType

    from suite.base.jsonio import JSONObject
    from suite.base.yamlio import YAMLDocument
    from suite.documents.document import Document

T = TypeVar("T")

_PATH = re.compile(
    r"^(?P<message>.*?)(?: - at (?:`key` in |key in )?`\$(?P<path>.*)`)?$", re.DOTALL
)


_SORTED = msgspec.json.Encoder(order="sorted", enc_hook=english)


def _custom(kind: type, value: object) -> object:
    """Read a metric's value, which its members tell apart."""
    if kind is object:
        return value
    if kind is not Value or not isinstance(value, dict):
        message = Sentence(
            f"Expected `object`, got `{type(value).__name__}`",
            f"应为 `object`，而非 `{type(value).__name__}`",
        )
        raise msgspec.ValidationError(message)
    return msgspec.convert(value, NotMeasured if "not_measured" in value else Measured)


@overload
def convert(
    value: object, kind: type[T], *, file: str = "<data>", error: type[SuiteError] = EvidenceError
) -> T: ...
@overload
def convert(
    value: object, kind: UnionType, *, file: str = "<data>", error: type[SuiteError] = EvidenceError
) -> Any: ...  # noqa: ANN401 - one of the union's classes
def convert(
    value: object,
    kind: type[T] | UnionType,
    *,
    file: str = "<data>",
    error: type[SuiteError] = EvidenceError,
) -> Any:
    """Make a document of a strict JSON value.

    Args:
        value: what `suite.base.jsonio.loads` returned.
        kind: the document's class, or a union of tagged ones.
        file: what to call the document in an error.
        error: the class to raise.

    Raises:
        SuiteError: of the class `error`, code ``schema-violation``, with every problem that the document's
            schema finds; with the first one where the class alone finds any.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=_custom)
    except msgspec.ValidationError as cause:
        name = schema_name(kind)
        if name:
            schema.require(value, name, file=file, error=error)
        message, place = _first(str(cause), file)
        raise error("schema-violation", message, place) from cause


def convert_written(
    document: YAMLDocument,
    kind: type[T],
    *,
    file: str,
    error: type[SuiteError] = DeclarationError,
) -> T:
    """Make a document of what a person wrote: all mistakes at once, each with its line.

    Raises:
        SuiteError: of the class `error`, code ``schema-violation``.
    """
    name = schema_name(kind)
    schema.require(document.value, name, file=file, lines=document.lines, error=error)
    return convert(document.value, kind, file=file, error=error)


def decode(
    data: bytes, kind: type[T], *, name: str = "<data>", error: type[SuiteError] = EvidenceError
) -> T:
    """Read a document from strict JSON.

    Raises:
        SuiteError: of the class `error`, code ``json-refused`` or ``schema-violation``.
    """
    return convert(jsonio.loads(data, name=name, error=error), kind, file=name, error=error)


def plain(document: Document | Value) -> JSONObject:
    """The JSON value of a document: objects, arrays, numbers and texts."""
    # A Struct is an object; `to_builtins` does not say so.
    return cast("JSONObject", _listed(msgspec.to_builtins(document, enc_hook=english)))


def _listed(value: object) -> object:
    """Arrays as lists: `msgspec.to_builtins` keeps tuples, and jsonschema takes only lists for arrays."""
    if isinstance(value, dict):
        return {name: _listed(member) for name, member in value.items()}
    if isinstance(value, tuple | list):
        return [_listed(item) for item in value]
    return value


def canonical(document: Document) -> bytes:
    """The canonical bytes, the same as `suite.base.jsonio.canonical` gives for the document's JSON value.

    Raises:
        ValueError: for NaN or an infinity, which no document holds.
    """
    if document.INTEGERS_ONLY:
        return _SORTED.encode(document)
    return jsonio.canonical(msgspec.to_builtins(document, enc_hook=english))


def pretty(document: Document) -> bytes:
    """The document for people, the same as `suite.base.jsonio.pretty` gives for its JSON value."""
    return jsonio.pretty(msgspec.to_builtins(document, enc_hook=english))


def digest(document: Document) -> str:
    """SHA-256 of the canonical bytes."""
    return jsonio.sha256_hex(canonical(document))


def schema_name(kind: object) -> str:
    """Name of the schema that a class, or the first class of a union, is the root of; "" for a part."""
    first: Any = (get_args(kind) or (kind,))[0]
    return str(getattr(first, "SCHEMA", ""))


def _first(message: str, file: str) -> tuple[str, Place]:
    """The sentence of msgspec and its path as a JSON pointer."""
    match = _PATH.match(message)
    assert match  # every text matches
    path = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", match["path"] or "")
    return match["message"].replace("`", ""), Place(file, None, path.replace(".", "/") or "/")


class Lines:
    """Reads the lines of a JSON Lines file that somebody else made.

    A line that is canonical is decoded by msgspec alone. That is strict by construction: the document's
    canonical bytes equal the line, so no member occurs twice, none is unknown, and no number is lost. Any other
    line passes the strict reader, which takes what is strict though not canonical and refuses the rest with
    its usual codes.
    """

    def __init__(self, kind: object, *, file: str, error: type[SuiteError] = EvidenceError) -> None:
        """Prepare for lines of one kind: a class, or a union of tagged ones, without members of any type.

        Args:
            kind: the class of every line. A class with members of any type (a mark's detail) is always read
                the slow way, since such a member may hold numbers beyond 2**53.
            file: path for errors.
            error: the class to raise.
        """
        self._kind = cast("Any", kind)  # msgspec takes unions as well
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._kind)
        self.file = file
        self.error = error

    def read(self, line: bytes, number: int) -> Any:  # noqa: ANN401 - of the kind given
        """Read one line without its line feed.

        Args:
            line: the bytes.
            number: 1-based, for errors.

        Raises:
            SuiteError: ``json-refused``, ``line-wrong`` (not an object) or ``schema-violation``.
        """
        try:
            document = self._decoder.decode(line)
            if not document.OPEN and _SORTED.encode(document) == line:
                return document
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass  # the strict reader says what is wrong
        return self._slowly(line, number)

    def _slowly(self, line: bytes, number: int) -> Any:  # noqa: ANN401 - of the kind given
        value = jsonio.loads(line, name=self.file, error=self.error, first_line=number)
        if not isinstance(value, dict):
            raise self.error(
                "line-wrong", Sentence("not an object", "不是对象"), Place(self.file, number)
            )
        try:
            return convert(value, self._kind, file=self.file, error=self.error)
        except SuiteError as cause:
            problem = cause.problems[0] if cause.problems else None
            message = problem.message if problem else cause.message
            pointer = cause.place.pointer if cause.place else None
            place = Place(self.file, number, pointer)
            sentence = Sentence(f"line {number}: {message}", f"第 {number} 行：{message}")
            problems = cause.problems
            raise self.error("schema-violation", sentence, place, cause.hint, problems) from cause
