"""A tree is listed while it changes."""

from __future__ import annotations

import os

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
