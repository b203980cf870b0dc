"""Versions compared by their numbers."""

import pytest

from suite.base.versions import at_least


@pytest.mark.parametrize(
    ("version", "wanted", "enough"),
    [
        ("3.4.3", "3.4.3", True),
        ("3.10", "3.9", True),
        ("3.4", "3.4.0", True),
        ("3.4.0", "3.4", True),
        ("v1.16.2", "1.12.0", True),
        ("1.9.9", "1.12.0", False),
        ("1.12.0-rc.1", "1.12.0", False),
        ("1.12.1-rc.1", "1.12.0", True),
        ("575.57.08", "575.57.8", True),
        ("2.0.0ubuntu1", "2.0.0", True),
        ("6.10.5-2125156.24.04", "6.10.5", True),
        ("6.10.5-2125156.24.04", "6.10.6", False),
        ("23.0.rc1", "23.0", False),
        ("23.0.rc1", "22.9.9", True),
        ("23.0.rc2", "23.0.rc1", True),
        ("23.0.RC10", "23.0.rc9", True),
        ("23.0.b9", "23.0.rc1", False),
        ("6.0.0", "6.0.RC3", True),
        ("6.0.RC2", "6.0.RC3", False),
        ("2.3.0", "2.3", True),
        ("2.3.0.dev20260101", "2.3.0", False),
        ("1.20.0-bd47b06", "1.20.0", True),
        ("5.10.13+b2c", "5.10.13", True),
        ("1:1.17.0-1", "1.16", True),
        ("1.0.0.post1", "1.0.0", True),
    ],
)
def test_at_least(version, wanted, enough):
    assert at_least(version, wanted) is enough


@pytest.mark.parametrize("text", ["", "N/A", "unknown", "9" * 70])
def test_what_is_no_version(text):
    with pytest.raises(ValueError, match="no version"):
        at_least(text, "1.0")
