"""A tree is listed while it changes."""

from __future__ import annotations

import os

import pytest

from suite.base.errors import EvidenceError
from suite.judge.submissions import folders


def test_a_folder_that_is_taken_away_meanwhile_is_named(tmp_path, monkeypatch):
    (tmp_path / "acme" / "round").mkdir(parents=True)
    scandir = os.scandir

    def gone(path):
        if str(path).endswith("round"):
            raise FileNotFoundError(2, "No such file or directory")
        return scandir(path)

    monkeypatch.setattr(folders.os, "scandir", gone)
    found, stray = folders.submissions(tmp_path)
    assert found == []
    assert [(error.code, error.place.file) for error in stray] == [
        ("file-unreadable", str(tmp_path / "acme" / "round"))
    ]


def test_statements_that_differ_in_letter_case_alone_are_refused(tmp_path):
    """On a file system that holds one of them, a rejection could vanish behind an acceptance."""
    mine = folders.Submission(tmp_path, "acme", "round", "run")
    (mine.folder / folders.STATEMENTS).mkdir(parents=True)
    for name in ("a.sigstore.json", "A.sigstore.json", "b.sigstore.json"):
        (mine.folder / folders.STATEMENTS / name).write_bytes(b"{}")
    with pytest.raises(EvidenceError) as caught:
        folders.check_files(mine)
    said = [str(problem) for problem in caught.value.problems]
    unlike = [text for text in said if "letter case" in text]
    assert len(unlike) == 2
    assert all("b.sigstore.json" not in text for text in unlike)
