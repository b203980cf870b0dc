"""``make bench-site``: how long the site takes to make, how large its index is, how soon its table is sorted and filtered.

Each submission is sound, with a run of its own that was scored, signed and rendered, so that ``made`` is all that a first build does:
check, hold against all others, write. For ``again`` the pages come from another renderer: each is checked and rendered anew.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.base import jsonio
from suite.judge.report import html
from suite.judge.submissions import submit
from tests.factories import site as factory
from tests.factories import submissions

if TYPE_CHECKING:
    from suite.documents.site import SiteCard

HERE = Path(__file__).parent
CORES = 2
BARS = {
    "made": 60.0,
    "again": 60.0,
    "added": 2.0,
    "index, MB compressed": 2.0,
    "sort and filter, ms": 100.0,
}
PACKAGES = ["puppeteer-core@23.11.1"]
MODELS = 40
DEVICES = ("H200", "MI355X", "Gaudi 3", "Ascend 910C", "S5000", "MLU590", "Kunlun P800", "BR166")


def _submission(work: tuple[Path, int, int]) -> None:
    """Measure, sign and lay out one run with a name, day, model and log of its own."""
    place, number, models = work
    made = submissions.Tree(place)
    with tempfile.TemporaryDirectory(prefix="bench-site-") as name:
        directory = Path(name) / "run"
        card = submissions.run(
            directory,
            name=f"run-{number:05}",
            keep=0.0,
            apart_ns=1000 + number,
            started=f"20{20 + number // 336 % 80:02}-{1 + number // 28 % 12:02}-{1 + number % 28:02}T12:00:00.000000Z",
            model=f"model-{number % models}",
        )
        submit.lay_out(directory, card, made.tree)


def _pinned(words: list[str]) -> tuple[float, float, float]:
    """Wall and CPU seconds of a command of the suite on two cores, and the memory of its largest process in MiB."""
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:CORES]))
    environment = dict(os.environ)
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # modules are loaded from bytecode, as installed
    started = time.monotonic()
    command = ["taskset", "-c", cores, sys.executable, "-m", "suite", *words]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        out.seek(0)
        errors.seek(0)
        if child.returncode:
            sys.exit(errors.read())
        lines = [*out.read().splitlines()[-1:], *errors.read().splitlines()[:2]]
        print(f"    {'; '.join(lines)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _git(tree: Path, *words: str) -> None:
    command = ["git", "-C", str(tree), "-c", "gc.auto=0", "-c", "core.compression=1", *words]
    subprocess.run(command, check=True, capture_output=True)


def made_submissions(place: Path, count: int, models: int = MODELS) -> submissions.Tree:
    """A tree of many sound submissions."""
    (place / "keys.json").write_bytes(submissions.TRUST)
    started = time.monotonic()
    with ProcessPoolExecutor(CORES) as pool:
        list(
            pool.map(
                _submission, [(place, number, models) for number in range(count)], chunksize=20
            )
        )
    print(f"  laid out in {time.monotonic() - started:.1f} s", flush=True)
    return submissions.Tree(place)


def _builds(place: Path, count: int, *, again: bool) -> dict[str, float]:
    """Make the site of many cards from nothing, with nothing changed, with one card more, by another renderer; check and store them."""
    made = made_submissions(place, count)
    tree, out = made.tree, place / "site"
    trust = ["--trust", str(place / "keys.json")]
    jobs = ["--jobs", str(CORES)]
    words = ["site", str(tree), *trust, "--out", str(out), *jobs]
    ingest = ["db", "ingest", str(tree), *trust, "--db", f"sqlite:///{place / 'store.sqlite'}"]
    since = ["check", str(tree), *trust, "--since", "HEAD", *jobs]
    seconds = {}

    def timed(name: str, words: list[str] = words) -> None:
        wall, cpu, memory = _pinned(words)
        seconds[name] = wall
        print(f"  {name:<24}{wall:8.2f} s wall{cpu:8.2f} s CPU{memory:8.0f} MiB", flush=True)

    timed("made")
    timed("unchanged")
    _git(place, "init", "--quiet", "submissions")
    _git(tree, "add", ".")
    _git(tree, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "all")
    made.add(name="added", keep=0.0, apart_ns=977)
    timed("added")
    timed("checked since, first", since)
    timed("checked since, again", since)
    timed("ingested", ingest)
    timed("ingested again", ingest)
    if again:
        other = html.renderer_version().encode(), b"another renderer"
        for page in tree.glob("*/*/*/scorecard.html"):
            page.write_bytes(page.read_bytes().replace(*other))
        shutil.rmtree(out)
        timed("again")
    return seconds


def _factor(number: int) -> float:
    """From 1 to 2, all different: equal numbers would be compressed away."""
    return 1 + int(jsonio.sha256_hex(str(number).encode())[:8], 16) / 2**32


def _row(base: SiteCard, number: int) -> SiteCard:
    """A row of its own."""
    results = tuple(
        replace(
            result,
            metrics={
                name: replace(value, value=value.value * _factor(100 * number + 20 * place + at))
                for at, (name, value) in enumerate(result.metrics.items())
            },
        )
        for place, result in enumerate(base.results)
    )
    digest = jsonio.sha256_hex(str(number).encode())
    return replace(
        base,
        id=digest[:32],
        payload_sha256=digest,
        run=f"run-{number:05}",
        results=results,
        started_utc=f"20{20 + number // 336 % 80:02}-{1 + number // 28 % 12:02}-{1 + number % 28:02}T12:00:00Z",
        model=f"model-{number % MODELS}",
        devices=f"{1 << number % 4} x {DEVICES[number % len(DEVICES)]}",
        vendor_name=f"Vendor {number % len(DEVICES)}",
        division=("closed", "optimised", "open")[number % 3],
        engine=f"vLLM 0.{number % 60}.0",
    )


def _table(place: Path, count: int) -> dict[str, float]:
    """The index of many cards: its size, and the table in Chromium."""
    base = factory.row(factory.card(0))
    started = time.process_time()
    factory.write(place / "site", factory.site([_row(base, number) for number in range(count)]))
    print(
        f"  index, feed, downloads of {count:,} cards in {time.process_time() - started:.1f} s CPU"
    )
    size = len(gzip.compress((place / "site/index.js").read_bytes(), 9)) / 1e6
    print(f"  index.js                {size:8.2f} MB compressed (gzip -9)")
    (place / "package.json").write_text('{"private": true}')
    install = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    subprocess.run(install, cwd=place, check=True, capture_output=True)
    shutil.copy(HERE / "timed.mjs", place)
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    command = ["node", str(place / "timed.mjs"), chromium, str(place / "site/index.html")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    times = json.loads(done.stdout)
    for name, (script, painted, thread, charts) in times.items():
        print(
            f"  {name:<24}{script:8.1f} ms script{painted:8.1f} ms until painted{thread:8.1f} ms CPU{charts:8.1f} ms CPU charts"
        )
    return {
        "index, MB compressed": size,
        "sort and filter, ms": max(
            painted + charts for name, (_, painted, _, charts) in times.items() if name != "opened"
        ),
    }


def main() -> int:
    """Print what was measured beside its bars; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--place", type=Path, default=Path("build/bench-site"), help="working folder"
    )
    parser.add_argument("--cards", type=int, default=1000, help="cards of the builds; 0 for none")
    parser.add_argument(
        "--again",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="render every scorecard anew, too",
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the table; 0 for none")
    chosen = parser.parse_args()
    seconds: dict[str, float] = {}
    shutil.rmtree(chosen.place, ignore_errors=True)
    builds = functools.partial(_builds, again=chosen.again)
    for name, count, measure in (("builds", chosen.cards, builds), ("table", chosen.rows, _table)):
        if count:
            place = chosen.place.absolute() / name
            place.mkdir(parents=True)
            print(f"{name}, {count:,} cards, {CORES} cores, load {os.getloadavg()[0]:.1f}")
            seconds |= measure(place, count)
    missed = [name for name, bar in BARS.items() if seconds.get(name, 0) > bar]
    for name in missed:
        print(f"MISSED: {name}: {seconds[name]:.2f}, at most {BARS[name]:g}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
