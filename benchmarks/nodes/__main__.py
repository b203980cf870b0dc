"""``make bench-nodes``: vLLM for CPUs over two containers of this machine, by each split, and every way to lose a node.

``one``, ``tensor``, ``pipeline`` and ``data`` are whole runs, verified, whose texts are held against those of ``one``; ``agents`` is
``tensor`` by two agents that are programs, reached by IPv6. A fault is
named with the split in which it comes, in the middle of the first measured phase. Needs Docker and the engine's image; ``other-image``
root and ``dockerd`` too. Without names everything runs, some 25 minutes on two cores.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.nodes import faults, splits

NAMES = (*splits.SPLITS, *faults.NAMES)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nodes", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument(
        "--keep",
        type=Path,
        help="directory to leave the runs in, and to find those of earlier calls",
    )
    words = parser.parse_args()
    if strange := set(words.names) - set(NAMES):
        parser.error(f"unknown: {', '.join(sorted(strange))}")
    with tempfile.TemporaryDirectory(prefix="suite-nodes-") as name:
        directory = (words.keep or Path(name)).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        for each in words.names or NAMES:
            (splits.main if each in splits.SPLITS else faults.main)(directory, each)


if __name__ == "__main__":
    main()
