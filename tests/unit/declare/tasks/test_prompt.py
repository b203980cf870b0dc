from __future__ import annotations

import dataclasses
import hashlib

import pytest

from suite.base.errors import DeclarationError
from suite.declare.tasks import prompt
from suite.declare.tasks.prompt import PROMPT_SHA256, PROMPTS, load_prompt


def test_the_wordings_are_the_published_ones():
    closed = "Summarise the article in one sentence.\n\nArticle:\nX {y}\n\nSummary:"
    assert load_prompt("closed-v1").render("X {y}") == closed
    compat = (
        "Please generate a summary about it:XPlease generate a summary after the article content is "
        "finished."
    )
    assert load_prompt("compat-flagperf").render("X") == compat


def test_every_prompt_has_its_locked_digest():
    assert {name: item.sha256 for name, item in PROMPTS.items()} == PROMPT_SHA256
    doc = load_prompt("closed-v1").to_doc()
    assert doc.sha256 == hashlib.sha256(doc.template.encode()).hexdigest()


def test_a_document_that_looks_like_the_placeholder_is_put_in_once():
    assert load_prompt("closed-v1").render("{document}").count("{document}") == 1


def test_an_unknown_prompt_is_refused():
    with pytest.raises(DeclarationError) as caught:
        load_prompt("closed-v2")
    assert caught.value.code == "prompt-unknown"


def test_a_changed_wording_is_refused(monkeypatch):
    changed = dataclasses.replace(PROMPTS["closed-v1"], template="Summarize: {document}")
    monkeypatch.setitem(prompt.PROMPTS, "closed-v1", changed)
    with pytest.raises(DeclarationError) as caught:
        load_prompt("closed-v1")
    assert caught.value.code == "prompt-changed"
