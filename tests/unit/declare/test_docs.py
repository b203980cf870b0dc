"""The vendor pages name what exists."""

import re

import pytest

from suite.declare.vendor import template


@pytest.mark.parametrize("name", ["vendors.md", "vendors.zh.md"])
def test_page_names_every_placeholder_and_existing_files(root, name):
    text = (root / "docs" / name).read_text(encoding="utf-8")
    written = set(re.findall(r"`\{([a-z_]+)\}`", text))
    assert written == set(template.PLACEHOLDERS)
    for path in re.findall(r"`((?:tests|schemas|vendors)/[\w./-]+)`", text):
        assert (root / path).exists(), path
