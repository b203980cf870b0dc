"""What limits leave a process of the machine's memory: control groups of both versions, nested; Slurm's; ulimit's."""

import json
import resource
import subprocess
import sys

import pytest

from suite.measure.memory import limits

MIB = 1 << 20


def group(place, limit, used, stat="", *, v1=False):
    """A control group's files, sizes in MiB or the word that stands in their place."""
    place.mkdir(parents=True, exist_ok=True)
    names = (
        ("memory.limit_in_bytes", "memory.usage_in_bytes")
        if v1
        else ("memory.max", "memory.current")
    )
    for name, size in zip(names, (limit, used), strict=True):
        (place / name).write_text(f"{size * MIB if isinstance(size, int) else size}\n")
    (place / "memory.stat").write_text(stat)


def left(root, cgroup, environment=None):
    own = root / "proc" / "self"
    own.mkdir(parents=True)
    (own / "cgroup").write_text(cgroup)
    return [(str(limit.name), limit.left // MIB) for limit in limits(root, environment or {})]


def test_each_group_above_limits_too_and_one_without_a_limit_does_not(tmp_path):
    top = tmp_path / "sys" / "fs" / "cgroup"
    group(top / "slurm" / "job_3", 4000, 1500)
    group(top / "slurm" / "job_3" / "step_0", "max", 1400)
    assert left(tmp_path, "0::/slurm/job_3/step_0\n") == [("control group /slurm/job_3", 2500)]


def test_pages_of_files_are_given_back_before_anything_is_killed(tmp_path):
    stat = f"anon 1\ninactive_file {300 * MIB}\nactive_file {100 * MIB}\nfile_dirty 7\n"
    group(tmp_path / "sys" / "fs" / "cgroup" / "a", 1000, 900, stat)
    assert left(tmp_path, "0::/a\n") == [("control group /a", 500)]


def test_the_first_version_counts_its_descendants(tmp_path):
    place = tmp_path / "sys" / "fs" / "cgroup" / "memory"
    stat = f"inactive_file 1\ntotal_inactive_file {100 * MIB}\ntotal_active_file 0\n"
    group(place / "job", 1000, 900, stat, v1=True)
    group(place, (1 << 43) - 1, 9000, v1=True)
    found = left(tmp_path, "9:name=systemd:/\n4:memory:/job\n0::/\n")
    assert found[0] == ("control group /job", 200)
    assert found[1][1] > 1 << 40


@pytest.mark.parametrize("path", ["/", "/docker/abc"])
def test_in_a_container_the_mount_is_the_group(tmp_path, path):
    group(tmp_path / "sys" / "fs" / "cgroup", 100, 300)
    assert left(tmp_path, f"0::{path}\n") == [("control group /", 0)]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"SLURM_MEM_PER_NODE": "3000"}, [("SLURM_MEM_PER_NODE", 3000)]),
        ({"SLURM_MEM_PER_NODE": "0"}, []),
        ({"SLURM_MEM_PER_CPU": "500", "SLURM_CPUS_ON_NODE": "4"}, [("SLURM_MEM_PER_CPU", 2000)]),
        ({"SLURM_MEM_PER_GPU": "500", "SLURM_GPUS_ON_NODE": "2"}, [("SLURM_MEM_PER_GPU", 1000)]),
        ({"SLURM_MEM_PER_NODE": "much"}, []),
    ],
)
def test_slurm_says_what_a_job_was_given(tmp_path, environment, wanted):
    assert left(tmp_path, "", environment) == wanted


def test_a_limit_of_the_address_space_counts():
    code = "import json; from suite.measure.memory import limits; print(json.dumps([l.left for l in limits() if l.name == 'ulimit -v']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
    )
    assert json.loads(done.stdout) == [8 << 30]
