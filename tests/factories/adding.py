"""The diffs of docs/adding.md, applied to copies of the tree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def diffs() -> dict[str, str]:
    """Each diff of the page by the kind of thing that it adds."""
    text = (ROOT / "docs" / "adding.md").read_text("utf-8")
    return dict(
        re.findall(r"^<!-- diff: (\w+) -->\n```diff\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    )


def grow(tree: Path, *kinds: str, others: tuple[str, ...] = ()) -> None:
    """Copy what is shipped, the documents and `others` to `tree`, and apply the diffs of these kinds."""
    for name in ("suite", "schemas", "vendors", "images", "trust", "references", "docs", *others):
        ignored = shutil.ignore_patterns(
            "*.pyc.*", "mini_model", "samples"
        )  # half-written: what is compiled comes along
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    (tree / "suite/assets/mini_model").symlink_to(ROOT / "suite/assets/mini_model")
    for kind in kinds:
        subprocess.run(["git", "apply", "-"], input=diffs()[kind].encode(), cwd=tree, check=True)


def python(tree: Path, *arguments: str) -> str:
    """What Python prints in that tree."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True)
    return done.stdout
