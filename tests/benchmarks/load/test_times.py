"""Files of times: what the C programs, the scripted server and the suite's client write."""

import json
import struct
from array import array

import pytest

from benchmarks.load.errors import ClientError
from benchmarks.load.times import MAGIC, Timed, read_binary, read_events, read_sim


def binary(*requests):
    return MAGIC + b"".join(
        struct.pack("=4q", index, planned, started, len(tokens)) + array("q", tokens).tobytes()
        for index, planned, started, tokens in requests
    )


def test_a_file_of_the_c_programs(tmp_path):
    path = tmp_path / "times"
    path.write_bytes(binary((3, 10, 11, [100, 200]), (-1, 5, 6, [])))
    assert read_binary(path) == [
        Timed(3, 10, 11, array("q", [100, 200])),
        Timed(-1, 5, 6, array("q", [])),
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"something else", binary((1, 2, 3, [4]))[:-1], binary((1, 2, 3, []))[:-8]],
    ids=["empty", "other", "cut in the tokens", "cut in the head"],
)
def test_a_broken_file_is_refused(tmp_path, data):
    path = tmp_path / "times"
    path.write_bytes(data)
    with pytest.raises(ClientError, match=r"is cut|no file of times"):
        read_binary(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ClientError):
        read_binary(tmp_path / "nothing")


def test_a_negative_count_is_refused(tmp_path):
    path = tmp_path / "times"
    path.write_bytes(MAGIC + struct.pack("=4q", 0, 0, 0, -1))
    with pytest.raises(ClientError):
        read_binary(path)


def test_the_scripted_servers_truth(tmp_path):
    path = tmp_path / "truth"
    line = {"arrived": 7, "read": 9, "writes": [20, 30], "prompt_sha256": "aa"}
    other = line | {"prompt_sha256": "bb"}
    path.write_text(f"{json.dumps(line)}\n{json.dumps(other)}\n")
    first, second = read_sim(path, {"aa": 4})
    assert first == Timed(4, 7, 9, array("q", [20, 30]))
    assert second.index == -1


def test_event_lines_of_successes(tmp_path):
    path = tmp_path / "events.jsonl"
    line = {
        "index": 2,
        "outcome": "ok",
        "chunk_t0": 50,
        "chunk_dt": [10, 5],
        "t_sched": 1,
        "t_send": 3,
    }
    failed = {"index": 3, "outcome": "reset", "chunk_t0": None, "chunk_dt": []}
    path.write_text(f"{json.dumps(line)}\n{json.dumps(failed)}\n")
    assert read_events(path) == [Timed(2, 1, 3, array("q", [50, 60, 65]))]
