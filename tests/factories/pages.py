"""Signed bundles and rendered pages of the factory's scorecards."""

from __future__ import annotations

import functools
import html.parser
import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from suite.documents.codec import plain
from suite.judge.attest import envelope, keys, sign, statement
from suite.judge.report import html as page
from tests.factories.scorecard import document

if TYPE_CHECKING:
    from collections.abc import Callable

    from suite.documents.card import Scorecard

MANIFEST_SHA256 = "5" * 64


@functools.cache
def key() -> keys.PrivateKey:
    """A key for tests; its scalar is fixed, so that bundles are the same in every run."""
    return keys.private_key(ec.derive_private_key(20260131, ec.SECP256R1()))


def bundle(
    card: Scorecard, signer: keys.SigningKey | None = None, manifest: str = MANIFEST_SHA256
) -> bytes:
    """A signed bundle of a scorecard, without the checks that signing makes."""
    signer = signer or key()
    payload = statement.make_statement(plain(card), manifest, sign.image_of(card))
    return envelope.bundle_bytes(payload, signer.sign(envelope.pae(payload)), signer.public.id)


def rendered(card: dict) -> bytes:
    """The page of a card that is plain data."""
    stated = document(card)
    return page.render(bundle(stated), stated)


@functools.cache
def page_of(make: Callable[[], dict]) -> bytes:
    """The page of a factory's card, rendered once for all tests of a process."""
    return rendered(make())


@functools.cache
def outline_of(make: Callable[[], dict]) -> Outline:
    """The same, read."""
    return Outline(page_of(make))


class Outline(html.parser.HTMLParser):
    """What a page is made of, read strictly: every element must be closed in its place."""

    VOID = frozenset({"meta", "link", "input", "wbr", "br"})

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.visible: list[str] = []
        self.feed(data.decode("utf-8"))
        self.close()
        assert self.stack == [], f"left open: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1] == tag, f"</{tag}> closes <{self.stack[-1]}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if not {"script", "style"} & set(self.stack):
            self.visible.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @functools.cached_property
    def text(self) -> str:
        """Everything that a reader can see, in both languages, white space made single."""
        return re.sub(r"[ \n\t]+", " ", " ".join(self.visible))
