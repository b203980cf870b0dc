"""Processor time of the host, told apart: the suite's, the engine's, everybody else's."""

import os
import subprocess
import sys
import time

import pytest

from suite.measure import processors
from suite.measure.processors import Reading, quota, read, spent

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root, *, stat="cpu  100 20 30 400 50 6 7 8 0 0\n", pid=None, cgroup=""):
    proc = root / "proc"
    proc.mkdir()
    (proc / "stat").write_text(stat)
    own = os.getpid()
    lines = {
        own: f"{own} (suite) S 1 {'0 ' * 9}10 2 3 4 0",
        7001: f"7001 (a) b) c) S {own} {'0 ' * 9}100 0 0 0 0",
        7002: f"7002 (grandchild) S 7001 {'0 ' * 9}1000 0 0 0 0",
        7003: f"7003 (stranger) S 1 {'0 ' * 9}5000 0 0 0 0",
    }
    for number, text in lines.items():
        (proc / str(number)).mkdir()
        (proc / str(number) / "stat").write_text(text)
    if pid is not None:
        (proc / str(pid) / "cgroup").write_text(cgroup)
    return root


def test_the_suite_is_itself_and_its_descendants(tmp_path):
    reading = read(root=tree(tmp_path))
    assert isinstance(reading, Reading)
    assert reading.suite * TICKS == pytest.approx(10 + 2 + 3 + 4 + 100 + 1000)
    assert reading.busy * TICKS == pytest.approx(150)
    assert reading.stolen * TICKS == pytest.approx(8)
    assert reading.capacity * TICKS == pytest.approx(621)
    assert reading.engine is None


@pytest.mark.parametrize(
    ("cgroup", "file", "text"),
    [
        ("0::/docker/abc\n", "docker/abc/cpu.stat", "nr 1\nusage_usec 2500000\nuser_usec 1\n"),
        ("3:cpu,cpuacct:/docker/abc\n", "cpu,cpuacct/docker/abc/cpuacct.usage", "2500000000\n"),
        ("9:name=x:/\n2:cpuacct:/docker/abc\n", "cpuacct/docker/abc/cpuacct.usage", "2500000000"),
    ],
)
def test_an_engine_in_a_container_is_its_control_group(tmp_path, cgroup, file, text):
    root = tree(tmp_path, pid=7003, cgroup=cgroup)
    path = root / "sys" / "fs" / "cgroup" / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert read(7003, root).engine == 2.5


def test_without_a_control_group_it_is_its_processes(tmp_path):
    root = tree(tmp_path, pid=7003, cgroup="0::/\n")
    assert read(7003, root).engine * TICKS == pytest.approx(5000)


def test_what_cannot_be_read_is_a_reason(tmp_path):
    assert "counts nothing" in read(root=tree(tmp_path, stat="cpu  0 0 0 0 0 0 0 0 0 0\n"))
    assert isinstance(read(4_194_305), str), "no such process on this host"
    unknown = spent(read(), "why")
    assert unknown == {"unknown": "why"}


def test_a_neighbour_is_told_from_a_child():
    burn = "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    before = read()
    started = time.monotonic()
    subprocess.run([sys.executable, "-S", "-c", burn], check=True)
    elapsed = time.monotonic() - started
    used = spent(before, read())
    assert used["suite_ms"] >= 450
    assert used["busy_ms"] >= 0.8 * used["suite_ms"]
    assert used["capacity_ms"] >= 0.8 * 1000 * elapsed
    assert "engine_ms" not in used


def test_differences_are_whole_milliseconds():
    before, after = Reading(10, 5, 1, 2, 3), Reading(12.5, 6.25, 1, 2.5, 3.125)
    assert processors.spent(before, after) == {
        "capacity_ms": 2500,
        "busy_ms": 1250,
        "stolen_ms": 0,
        "suite_ms": 500,
        "engine_ms": 125,
    }


@pytest.mark.parametrize(
    ("cgroup", "written", "wanted"),
    [
        ("0::/a/b\n", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, (1.5, "/a")),
        ("0::/a/b\n", {"a/cpu.max": "150000 100000", "a/b/cpu.max": "50000 100000"}, (0.5, "/a/b")),
        (
            "3:cpu,cpuacct:/j\n",
            {
                "cpu,cpuacct/j/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/j/cpu.cfs_period_us": "100000",
            },
            (2.0, "/j"),
        ),
        (
            "3:cpu:/j\n0::/\n",
            {"cpu/j/cpu.cfs_quota_us": "-1", "cpu/j/cpu.cfs_period_us": "100000"},
            None,
        ),
        ("0::/\n", {}, None),
    ],
)
def test_the_tightest_quota_of_a_group_or_one_above_it_counts(tmp_path, cgroup, written, wanted):
    own = tmp_path / "proc" / "self"
    own.mkdir(parents=True)
    (own / "cgroup").write_text(cgroup)
    for name, text in written.items():
        path = tmp_path / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    found = quota(tmp_path)
    assert (found and (found[0], found[1].removeprefix("control group "))) == wanted
