"""The certificates of a time stamp in DER's order, where an authority sent them in another.

DER orders the members of a set by their bytes, and the reader of stamps insists on it. `openssl ts`, and every authority that is
made of it, writes the certificates as they stand in its file. Nobody signed their order: it can be mended without loss.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_CERTIFICATES: Final = 0xA0
"""Tag of the certificates in signed data: [0], in the place of a set's own tag."""
_LONG: Final = 0x80
"""From here on the first byte of a length says in how many bytes the length follows."""


class _Element(NamedTuple):
    """Where an element stands: its tag, its content, its end."""

    at: int
    start: int
    end: int


def ordered(response: bytes) -> bytes:
    """A response of RFC 3161 with its certificates in order; any other bytes as they are."""
    try:
        token = _members(response, _element(response, 0, len(response)))[1]
        content = _members(response, token)[1]
        signed = _members(response, content)[0]
        certificates = next(
            part for part in _members(response, signed) if response[part.at] == _CERTIFICATES
        )
        members = [response[each.at : each.end] for each in _members(response, certificates)]
    except (IndexError, StopIteration):
        return response
    return response[: certificates.start] + b"".join(sorted(members)) + response[certificates.end :]


def _element(data: bytes, at: int, limit: int) -> _Element:
    """The element that begins at a place.

    Raises:
        IndexError: it ends beyond the limit.
    """
    first, start = data[at + 1], at + 2
    length = first
    if first >= _LONG:
        size = first - _LONG
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    end = start + length
    if end > limit:
        raise IndexError(end)
    return _Element(at, start, end)


def _members(data: bytes, whole: _Element) -> list[_Element]:
    """The elements within another.

    Raises:
        IndexError: one of them ends beyond it.
    """
    members, at = [], whole.start
    while at < whole.end:
        member = _element(data, at, whole.end)
        members.append(member)
        at = member.end
    return members
