"""``python -m tests.mutation``: 10,000 changes of a real run's submission; the status is 1 if one was accepted that means something else.

``--base made`` takes a small run that is signed here, whose card is then also changed and signed again by the vendor's own key.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests.mutation import trials
from tests.mutation.submission import BASES, Submission, harmless_because


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", choices=sorted(BASES), default="released")
    given = parser.parse_args()
    refused: Counter[str] = Counter()
    harmless: dict[str, Counter[str]] = defaultdict(Counter)
    broken, began, cpu, slowest = [], time.monotonic(), time.process_time(), 0.0
    with tempfile.TemporaryDirectory() as place, Submission.quick():
        submission = Submission(BASES[given.base](Path(place)))
        assert submission.sound.trusted, submission.sound.errors
        for change in itertools.islice(submission.changes(given.seed), given.count):
            start = time.monotonic()
            result = submission.attempt(change)
            slowest = max(slowest, time.monotonic() - start)
            why = harmless_because(change)
            if result.meaning or (result.accepted and why is None):
                broken.append(f"{change.file}: {change.what}")
            elif result.accepted:
                harmless[change.file][str(why)] += 1
            else:
                refused[change.file] += 1
    print(f"{'file':32}{'refused':>9}{'harmless':>10}")
    for file in sorted({*refused, *harmless}):
        print(f"{file:32}{refused[file]:9}{harmless[file].total():10}")
    for file, reasons in sorted(harmless.items()):
        for why, number in reasons.items():
            print(f"accepted, {file}: {number} x {why}")
    print(*(f"ACCEPTED with another meaning: {line}" for line in broken[:50]), sep="\n")
    print(
        f"{given.count:,} changes, {refused.total():,} refused, {sum(map(Counter.total, harmless.values())):,} accepted as harmless, "
        f"{len(broken)} with another meaning; {time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU, the slowest {slowest:.2f} s"
    )
    trials.record(
        "mutations",
        f"{given.base}, seed {given.seed}",
        changes=given.count,
        refused=refused.total(),
        harmless=sum(map(Counter.total, harmless.values())),
        broken=len(broken),
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
