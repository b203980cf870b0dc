"""``make desk``: what a reviewer sees of real runs, from the submission to the pictures in the documents.

Each run is submitted into one tree by `suite submit`, the tree is checked, five spoilt copies of one submission must be refused,
each for another reason, then the site, a comparison and the history are made, and Chromium takes pictures of them: desktop,
phone, dark, Chinese. A run in its middle is a run whose log ends in the middle of its last phase.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.live.server import Runs, Server
from suite.judge.submissions.pack import PACK_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = Path(__file__).parent
PACKAGES = ["puppeteer-core@23.11.1"]
DESKTOP, PHONE = (1280, 900), (390, 844)


def _suite(*words: object, record: Path | None = None) -> tuple[int, str]:
    """One command of the suite: its exit status and what it printed."""
    command = [sys.executable, "-m", "suite", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if record is not None:
        record.write_text(text)
    print(f"suite {words[0]}: exit status {done.returncode}", flush=True)
    return done.returncode, text


def _signed(runs: Sequence[Path]) -> Iterator[Path]:
    for place in runs:
        inner = [place] if (place / BUNDLE_FILE).exists() else sorted(place.iterdir())
        yield from (path for path in inner if (path / BUNDLE_FILE).exists())


def _name(run: Path) -> str:
    with (run / "events.jsonl").open("rb") as log:
        return str(json.loads(log.readline())["run_id"])


def _flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _otherwise_signed(folder: Path) -> None:
    bundle = json.loads((folder / BUNDLE_FILE).read_text())
    (signature,) = bundle["dsseEnvelope"]["signatures"]
    signature["sig"] = signature["sig"][::-1].replace("=", "A")[:-2] + "=="
    (folder / BUNDLE_FILE).write_text(json.dumps(bundle))


def _page_edited(folder: Path) -> None:
    page = folder / PAGE_FILE
    page.write_text(page.read_text().replace("CONFORMANT", "EXCELLENT"))


SPOILT: dict[str, Callable[[Path], object]] = {
    "a file too many": lambda folder: (folder / "notes.txt").write_text("fast!"),
    "evidence with one bit changed": lambda folder: _flip(folder / PACK_FILE),
    "another signature": _otherwise_signed,
    "a page that says something else": _page_edited,
    "the same run under another name": lambda folder: shutil.copytree(
        folder, folder.with_name("another-run")
    ),
}


def refusals(tree: Path, place: Path, run: str) -> dict[str, list[str]]:
    """What `suite check` says of each spoilt copy of one submission, by what was spoilt."""
    said = {}
    for number, (name, spoil) in enumerate(SPOILT.items()):
        copy = place / f"spoilt-{number}"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tree / run, copy / run)
        spoil(copy / run)
        report = copy.with_suffix(".json")
        status, _ = _suite("check", copy, "--format", "json", "--out", f"json={report}")
        assert status in (4, 5), f"{name}: accepted"
        checked = json.loads(report.read_text())["submissions"]
        said[name] = sorted({code for item in checked for code in item["codes"]})
    assert len({tuple(codes) for codes in said.values()}) == len(said), said
    return said


def in_the_middle(run: Path, place: Path) -> Path:
    """The run as it stood in the middle of its last phase."""
    half = place / run.name
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(run, half)
    for path in half.glob("scorecard.*"):
        path.unlink()
    log = half / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    asked = [at for at, line in enumerate(lines) if b'"event":"request"' in line]
    log.write_bytes(b"".join(lines[: asked[-len(asked) // 12]]))
    return half


def pictures(
    site: Path, comparison: Path, served: str, cards: Sequence[str], out: Path
) -> list[dict[str, object]]:
    """Every picture: which page, how wide, in which colours and language."""
    chosen = f"cards={','.join(cards)}"
    leaderboard = (site / "index.html").as_uri()
    chart = comparison.as_uri()
    pages = {
        "leaderboard": (leaderboard, "#board tbody input"),
        "charts": (leaderboard, "#charts svg"),
        "chosen": (f"{(site / 'compare.html').as_uri()}#{chosen}", "#comparison section"),
        "comparison": (chart, "table"),
        "card": (f"{(site / 'cards' / cards[0] / 'index.html').as_uri()}", "dl"),
        "serve": (served, "#phases tr"),
    }
    looks = {
        "desktop": (DESKTOP, "light", False),
        "phone": (PHONE, "light", False),
        "dark": (DESKTOP, "dark", False),
        "chinese": (DESKTOP, "light", True),
    }
    return [
        {
            "name": f"{page}-{look}",
            "address": address,
            "wait": wait,
            "at": {"charts": "#charts", "card": "#history"}.get(page),
            "width": size[0],
            "height": size[1],
            "scheme": scheme,
            "chinese": chinese,
            "picture": str(out / f"{page}-{look}.webp"),
        }
        for page, (address, wait) in pages.items()
        for look, (size, scheme, chinese) in looks.items()
    ]


def main() -> None:
    """Make everything below --place, and the pictures in --out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk")
    parser.add_argument("runs", nargs="+", type=Path, help="signed runs, or folders of such")
    parser.add_argument("--place", type=Path, default=Path("build/desk"))
    parser.add_argument("--out", type=Path, default=Path("docs/desk"))
    parser.add_argument("--compare", nargs="+", help="names of runs (default: the first three)")
    order = parser.parse_args()
    tree, place = order.place / "submissions", order.place.resolve()
    for folder in (tree, order.out):
        folder.mkdir(parents=True, exist_ok=True)
    runs = list(_signed(order.runs))
    for run in runs:
        if not list(tree.glob(f"*/*/{_name(run)}")):
            _suite("submit", run, "--to", tree, record=place / f"submit-{run.name}.txt")
    _suite("check", tree, record=place / "check.txt")
    _suite("site", tree, "--out", place / "site", record=place / "site.txt")
    cards = {
        row["run"]: row for row in json.loads((place / "site/cards.json").read_text())["cards"]
    }
    print(f"{len(cards)} cards of {len(runs)} runs")
    names = order.compare or list(cards)[:3]
    least = min(cards, key=lambda name: (tree / cards[name]["path"] / PACK_FILE).stat().st_size)
    said = refusals(tree, place, cards[least]["path"])
    (place / "refused.json").write_text(json.dumps(said, indent=2))
    print(json.dumps(said, indent=2))
    sides = [tree / cards[name]["path"] for name in names]
    comparison = place / "comparison.html"
    _suite("compare", *sides, "--format", "html", "--out", comparison)
    store = f"sqlite:///{place / 'store.sqlite'}"
    _suite("db", "ingest", tree, "--db", store)
    _suite("regress", "--db", store, record=place / "regress.txt")
    by_name = {_name(run): run for run in runs}
    half = in_the_middle(by_name[names[0]], place / "served")
    _photograph(half, comparison, [cards[name]["id"] for name in names], order.out.resolve(), place)


def _photograph(half: Path, comparison: Path, cards: Sequence[str], out: Path, place: Path) -> None:
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    assert chromium, "Chromium is not installed"
    node = place / "node"
    node.mkdir(exist_ok=True)
    (node / "package.json").write_text('{"private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    if not (node / "node_modules").exists():
        subprocess.run(install, cwd=node, check=True, capture_output=True)
    shutil.copy(HERE / "pictures.mjs", node)
    with Server(Runs([half.parent]), 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        jobs = pictures(
            place / "site", comparison, f"{server.address}runs/{half.name}/", cards, out
        )
        (node / "jobs.json").write_text(json.dumps(jobs))
        environment = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        done = subprocess.run(
            ["node", "pictures.mjs", chromium, "jobs.json"],
            cwd=node,
            check=True,
            capture_output=True,
            text=True,
            env=environment,
        )
        server.shutdown()
    for name, found in json.loads(done.stdout).items():
        if found["outside"] or found["trouble"]:
            print(name, found)


if __name__ == "__main__":
    main()
