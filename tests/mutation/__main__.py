"""``python -m tests.mutation [COUNT] [SEED]``: 10,000 changes by default; the status is 1 if one was accepted that means something else."""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from tests.mutation.submission import Submission


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    refused: dict[str, Counter[str]] = defaultdict(Counter)
    harmless: dict[str, Counter[str]] = defaultdict(Counter)
    broken, began, cpu, slowest = [], time.monotonic(), time.process_time(), 0.0
    with tempfile.TemporaryDirectory() as place, Submission.quick():
        submission = Submission(Path(place))
        assert submission.sound.trusted, submission.sound.errors
        for change in itertools.islice(submission.changes(seed), count):
            start = time.monotonic()
            result = submission.attempt(change)
            if sys.stderr.isatty() or len(sys.argv) > 3:
                print(change.file, change.what, file=sys.stderr)
            slowest = max(slowest, time.monotonic() - start)
            if result.meaning:
                broken.append(f"{change.file}: {change.what}")
            elif result.accepted:
                harmless[change.file][change.what.split(":")[-1].strip()] += 1
            else:
                refused[change.file][" ".join(result.codes)] += 1
    print(f"{'file':32}{'refused':>9}{'harmless':>10}")
    for file in sorted({*refused, *harmless}):
        print(f"{file:32}{refused[file].total():9}{harmless[file].total():10}")
    for file, kinds in sorted(harmless.items()):
        print(f"harmless in {file}: {dict(kinds.most_common(6))}")
    print(*(f"ACCEPTED with another meaning: {line}" for line in broken[:50]), sep="\n")
    print(
        f"{count:,} changes, {len(broken)} accepted with another meaning, {time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU, the slowest {slowest:.2f} s"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
