"""The digest of the suite's own files."""

import pytest

from suite.base import harness, resources


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A checkout, and the same as an installed wheel."""
    for root, beside in ((tmp_path / "a", ""), (tmp_path / "b", "suite/_data/")):
        for name in (
            "suite/x.py",
            f"{beside}vendors/cpu/vendor.yaml",
            f"{beside}trust/images.json",
        ):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name.removeprefix(beside))

    def digest(which, beside=""):
        root = tmp_path / which
        place = lambda name: root / (name if name.startswith("suite/") else beside + name)  # noqa: E731
        monkeypatch.setattr(resources, "resource", place)
        harness.file_digests.cache_clear()
        harness.files_sha256.cache_clear()
        return harness.files_sha256()

    yield tmp_path, digest
    harness.file_digests.cache_clear()
    harness.files_sha256.cache_clear()


def test_checkout_and_wheel_have_one_digest(tree):
    _, digest = tree
    assert digest("a") == digest("b", "suite/_data/")


def test_every_file_counts_but_what_python_makes_and_reviewers_keep(tree):
    root, digest = tree
    before = digest("a")
    (root / "a" / "suite" / "__pycache__").mkdir()
    (root / "a" / "suite" / "__pycache__" / "x.cpython-311.pyc").write_text("made")
    (root / "a" / "trust" / "images.json").write_text("another list")
    assert digest("a") == before
    (root / "a" / "vendors" / "cpu" / "vendor.yaml").write_text("another peak")
    assert digest("a") != before
