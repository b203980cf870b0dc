"""A client's process tree: how it ended, what it cost."""

import sys

from benchmarks.load import child
from benchmarks.load.child import ChildResult


def run(code, **options):
    arguments = {"cores": frozenset(), "timeout_s": 30.0, **options}
    return child.run([sys.executable, "-c", code], **arguments)


def test_output_and_status():
    ended = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert ended.status == 3
    assert ended.output == b"out\n"
    assert "err" in ended.errors
    assert ended.ended > ended.started


def test_the_time_of_descendants_counts():
    inner = "import time\nwhile time.process_time() < 0.2: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    assert run(code).cpu_s > 0.15


def test_memory_is_that_of_the_family():
    inner = "b = bytearray(60 << 20); import time; time.sleep(1.5)"
    code = f"import subprocess, sys; b = bytearray(60 << 20); subprocess.run([sys.executable, '-c', {inner!r}])"
    assert run(code).peak_mb > 120


def test_what_takes_too_long_is_ended_with_its_descendants(tmp_path):
    mark = tmp_path / "alive"
    inner = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    ended = run(code, timeout_s=0.5)
    assert ended.status is None
    assert not mark.exists()


def test_a_program_that_is_not_there_is_an_outcome():
    ended = child.run(["/nothing/there"], cores=frozenset(), timeout_s=5)
    assert ended.status == 127
    assert "/nothing/there" in ended.errors


def test_it_runs_on_the_given_core_and_this_process_is_not_moved():
    import os

    before = os.sched_getaffinity(0)
    core = max(before)
    ended = run("import os; print(os.sched_getaffinity(0))", cores={core}, busy=True)
    assert ended.output.decode().strip() == str({core})
    assert os.sched_getaffinity(0) == before


def test_processor_time_between_two_moments_is_interpolated():
    ended = ChildResult(0, status=0, ended=100, cpu_s=5.0, samples=[(10, 1.0), (20, 3.0)])
    assert ended.cpu_between(10, 20) == 2.0
    assert ended.cpu_between(15, 20) == 1.0
    assert ended.cpu_between(0, 5) == 0.5
    assert ended.cpu_between(20, 60) == 1.0
    assert ended.cpu_between(20, 1000) == 2.0
