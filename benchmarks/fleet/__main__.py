"""``make bench-fleet``: a fleet on real Slurm or Ray with a node killed in the middle, or a controller of 1,000 machines.

``slurm`` needs Debian's slurmctld, slurmd, slurm-client and munge, and root; ``ray`` needs the extra of that name. The machines
are four processes of this one, of two vendors, with scripted engines; controller, scheduler, documents and verification are real.
``scale`` measures the controller alone.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.fleet import scale


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("what", choices=("slurm", "ray", "scale"))
    parser.add_argument("--machines", type=int, default=1000, help="of scale")
    parser.add_argument("--measured", type=int, default=4, help="machines of scale that measure")
    parser.add_argument("--keep", type=Path, help="directory to leave everything in")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="suite-fleet-") as name:
        directory = (words.keep or Path(name)).resolve()
        if words.what == "slurm":
            from benchmarks.fleet import slurm  # noqa: PLC0415 - each needs what the other does not

            slurm.main(directory)
        elif words.what == "ray":
            from benchmarks.fleet import ray  # noqa: PLC0415 - the same

            ray.main(directory)
        else:
            # The locks of 1,000 machines go with everything else.
            os.environ["TMPDIR"] = str(directory)
            scale.main(directory, words.machines, words.measured)


if __name__ == "__main__":
    main()
