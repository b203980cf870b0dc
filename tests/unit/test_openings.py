"""Rooms that read what others made open files in one way: `suite.base.safe`, which follows no link and waits for nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import suite

PACKAGE = Path(suite.__file__).parent
ROOMS = ("judge", "evidence", "declare", "documents", "base")
OWNERS = {PACKAGE / "base" / "safe.py"}
FORBIDDEN = {
    "open",
    "read_bytes",
    "read_text",
    "write_bytes",
    "write_text",
    "fromfile",
    "copyfile",
    "copy2",
}
"""Names of functions and methods that open a file by its path; `jsonio.read_bytes` goes through `safe` itself."""
STREAMS = {"gzip", "tarfile", "dataclasses", "jsonio"}
"""Modules whose functions of such names take no path: an open stream, or a path that they give to `safe`."""


def openings(source: str) -> list[tuple[int, str]]:
    """Line and words of each call that opens a file past `safe`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [(call.lineno, ast.unparse(call.func)) for call in calls if _opens(call) is not None]


def _opens(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name("open"):
            return "open"
        case ast.Attribute(ast.Name("configuration"), "read_text"):
            return None  # of `suite.declare.model`, through `safe`
        case ast.Attribute(ast.Name(module), name) if module in STREAMS:
            return name if module in ("gzip", "tarfile") and not _of_stream(call) else None
        case ast.Attribute(_, name) if name in FORBIDDEN:
            # A token's session is opened with a PIN, not with a path or a mode.
            return None if any(key.arg == "user_pin" for key in call.keywords) else name
    return None


def _of_stream(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Name) or any(key.arg == "fileobj" for key in call.keywords)


# What writes a new file of its own, or one that an open folder or a temporary one holds.
WRITERS = {
    "evidence/write.py": [
        "os.open",
        "(directory / GIT_ATTRIBUTES).write_bytes",
        "self._ballast.write_bytes",
        "os.open",
    ],
    "evidence/journal.py": ["os.open"],
    "judge/attest/keyfiles.py": ["os.open"],
    "judge/attest/lineends.py": ["(copy / path.name).write_bytes", "(copy / path.name).open"],
    "declare/tasks/formats/canonical.py": ["partial.open"],
    "documents/schemas.py": ["path.write_text"],
    "judge/submissions/submit.py": [
        "(part / GIT_ATTRIBUTES).write_bytes",
        "(part / folders.REFERENCE_FILE).write_bytes",
        "(part / name).write_bytes",
    ],
    # Into and out of a temporary folder of its own, copied through `safe`.
    "judge/submissions/check.py": [
        "(directory / file).write_bytes",
        "bundle.read_bytes",
        "bundle.read_bytes",
    ],
    "judge/submissions/pull.py": [
        "(part / GIT_ATTRIBUTES).write_bytes",
        "(part / BUNDLE_FILE).write_bytes",
        "(part / name).open",
        "(folder / name).write_bytes",
    ],
    "judge/submissions/changes.py": ["target.open"],
    "judge/submissions/source.py": ["path.open", "(place / file).write_bytes"],
    "judge/submissions/pack.py": ["target.open", "target.open", "(directory / entry).open"],
    # Files that the suite ships.
    "declare/plan/recipe.py": [
        "(directory / 'Dockerfile').read_text",
        "(directory / name).read_bytes",
    ],
    "base/harness.py": ["path.open"],
    # Tables of the suite's own, read while it is imported.
    "base/unicode14.py": ["_TABLE.read_text"],
    "base/errorcodes.py": ["Path(__file__).with_name('errors.toml').read_text"],
}


@pytest.mark.parametrize("room", ROOMS)
def test_files_are_opened_through_one_door(room):
    met = {
        str(path.relative_to(PACKAGE)): [words for _, words in sorted(lines)]
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if path not in OWNERS and (lines := openings(path.read_text("utf-8")))
    }
    allowed = {file: calls for file, calls in WRITERS.items() if file.startswith(f"{room}/")}
    assert {file: sorted(calls) for file, calls in met.items()} == {
        file: sorted(calls) for file, calls in allowed.items()
    }


@pytest.mark.parametrize(
    "source",
    ["open(p)", "p.open()", "p.read_text()", "os.open(p, 0)", "gzip.open(str(p))", "io.open(p)"],
)
def test_an_opening_past_it_is_seen(source):
    assert openings(source)
