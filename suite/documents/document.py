"""The base of every document: frozen, keyword-only, closed, with a description at each member.

A document's member has the name of the field; arrays are tuples, so that a document is immutable as a whole.
A member that may be absent has the default `UNSET` and stays absent when it is written.
"""

from typing import Any, ClassVar, Final, TypeVar, dataclass_transform, overload

from msgspec import Meta, Struct, StructMeta, UnsetType, field

from suite.documents.standing import Standing

STANDING: Final = "standing"
"""Name under which a member's metadata keep its standing."""

T = TypeVar("T")
D = TypeVar("D")


class DocumentMeta(StructMeta):
    """Makes the fields of every subclass keyword-only; msgspec's own option holds for one class alone."""

    def __new__(  # noqa: PYI034 - Self may not stand in a metaclass
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        kw_only: bool = True,
        **options: Any,
    ) -> "DocumentMeta":
        """Create the class."""
        return super().__new__(cls, name, bases, namespace, kw_only=kw_only, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Document(Struct, metaclass=DocumentMeta, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of all documents and of their parts.

    No document holds itself, so the garbage collector need not look for cycles (``gc=False``).

    Attributes:
        SCHEMA: name of the schema whose root this is, for example ``plan``; "" for a part.
        SCHEMA_EXTRA: what the schema demands beyond the types of the members.
        INTEGERS_ONLY: no member holds a float or a value of any type, so that msgspec's encoder gives the
            canonical bytes (it writes some floats otherwise than `suite.base.jsonio.canonical`).
        OPEN: a member holds values of any type.
    """

    SCHEMA: ClassVar[str] = ""
    SCHEMA_EXTRA: ClassVar[dict[str, object]] = {}
    INTEGERS_ONLY: ClassVar[bool] = False
    OPEN: ClassVar[bool] = False


def about(
    description: str,
    *,
    standing: Standing | None = None,
    **limits: Any,
) -> Meta:
    """What a member means, with the limits that are its own (`msgspec.Meta`).

    Args:
        description: what it is.
        standing: how far it can be trusted in an ordinary run; its parts inherit it. See `suite.documents.standing`.
        limits: as `msgspec.Meta` takes them.
    """
    if standing is None:
        return Meta(description=description, **limits)
    kept = {STANDING: standing}
    return Meta(
        description=description, extra=kept, extra_json_schema={f"x-{STANDING}": standing}, **limits
    )


@overload
def given(value: T | UnsetType) -> T | None: ...
@overload
def given(value: T | UnsetType, otherwise: D) -> T | D: ...
def given(value: object, otherwise: object = None) -> object:
    """A member that may be absent: its value, or what stands in for it."""
    return otherwise if isinstance(value, UnsetType) else value
