from __future__ import annotations

import hashlib
import random

import pytest

from suite.base import jsonio
from suite.base.errors import DataError
from suite.declare.tasks import selection
from suite.declare.tasks.records import joined_sha256
from suite.declare.tasks.selection import compute_locks, locked_sets, order

IDS = [str(number) for number in range(20000000, 20012000)]


def test_the_rule_sorts_by_the_hash_of_seed_and_id():
    def rank(item):
        return hashlib.sha256(b"7\n" + item.encode()).hexdigest()

    assert order(["c", "a", "b"], seed=7) == sorted(["a", "b", "c"], key=rank)


def test_the_order_of_the_input_does_not_matter():
    shuffled = IDS[:]
    random.Random(1).shuffle(shuffled)
    assert order(shuffled) == order(IDS)


def test_another_seed_gives_other_tasks():
    assert set(order(IDS, 1)[:50]) != set(order(IDS, 2)[:50])


def test_a_list_digest_is_the_digest_of_its_lines():
    assert joined_sha256(["a", "b"]) == hashlib.sha256(b"a\nb").hexdigest()


@pytest.fixture
def _own_locks(monkeypatch):
    monkeypatch.setattr(selection, "locks", lambda: compute_locks(IDS, "0" * 64))


@pytest.mark.usefixtures("_own_locks")
def test_a_file_holds_every_locked_set_that_it_can():
    assert [item.name for item in locked_sets(IDS)] == [
        "xsum-256",
        "xsum-1000",
        "xsum-5000",
        "xsum-full",
    ]
    smaller = locked_sets(reversed(order(IDS)[:1000]))
    assert [item.name for item in smaller] == ["xsum-256", "xsum-1000"]
    assert smaller[1].ids == tuple(order(IDS)[:1000])


@pytest.mark.usefixtures("_own_locks")
def test_one_other_id_unlocks():
    ids = order(IDS)[:256]
    assert [item.name for item in locked_sets(ids)] == ["xsum-256"]
    assert locked_sets([*ids[:-1], "99999999"]) == ()
    assert locked_sets(ids[:-1]) == ()


def test_the_shipped_locks_name_the_official_split_and_its_sizes():
    locks = selection.locks()
    assert locks.seed == selection.SELECTION_SEED
    assert locks.rule == selection.SELECTION_RULE
    sizes = {name: lock.size for name, lock in locks.sets.items()}
    assert sizes == {"xsum-256": 256, "xsum-1000": 1000, "xsum-5000": 5000, "xsum-full": 11334}
    assert locked_sets(IDS) == ()


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"test": [], "train": []},
        {"test": ["1"], "train": [], "validation": [], "more": []},
        {"test": [1], "train": [], "validation": []},
        {"test": ["1", "1"], "train": [], "validation": []},
        {"test": "1", "train": [], "validation": []},
    ],
)
def test_a_wrong_split_file_is_refused(tmp_path, value):
    path = tmp_path / "split.json"
    path.write_bytes(jsonio.canonical(value))
    with pytest.raises(DataError) as caught:
        selection.official_split(path)
    assert caught.value.code == "split-wrong"
