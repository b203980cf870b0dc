from __future__ import annotations

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import DeclarationError
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.reference import MINI_REFERENCE, reference_for
from suite.declare.tasks.taskset import mini_set
from suite.documents.model import FileDigest

WEIGHTS = "a" * 64
ROUGE = {"rouge1": 0.9, "rouge2": 0.8, "rougeL": 0.85, "rougeLsum": 0.85}
DECODING = load_profile("smoke").doc.decoding
FILES = (
    FileDigest(path="config.json", bytes=1, sha256="b" * 64),
    FileDigest(path="model.safetensors", bytes=1, sha256=WEIGHTS),
)
TASKSET = mini_set().to_doc()


def _reference(tmp_path, **changes):
    value = {
        "records_sha256": TASKSET.records_sha256,
        "weights_sha256": WEIGHTS,
        "decoding": {"greedy": True, "max_new_tokens": 64, "dtype": "float32"},
        "rouge": ROUGE,
        "generated_tokens_mean": 24.5,
    }
    path = tmp_path / "reference.json"
    path.write_bytes(jsonio.pretty(value | changes))
    return path


def test_weights_tasks_and_decoding_that_agree_give_the_scores(tmp_path):
    found = reference_for(FILES, TASKSET, DECODING, file=_reference(tmp_path))
    assert found.scores == ROUGE | {"generated_tokens": 24.5}
    assert WEIGHTS[:16] in found.source


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weights_sha256": "c" * 64}, "these weights"),
        ({"weights_sha256": "b" * 64}, "these weights"),
        ({"records_sha256": "c" * 64}, "other tasks"),
        ({"decoding": {"greedy": True, "max_new_tokens": 32, "dtype": "float32"}}, "32 new tokens"),
    ],
)
def test_anything_else_gives_none_and_the_reason(tmp_path, changes, why):
    found = reference_for(FILES, TASKSET, DECODING, file=_reference(tmp_path, **changes))
    assert found.scores is None
    assert why in found.source


def test_sampling_has_no_reference(tmp_path):
    decoding = replace(DECODING, temperature=0.7)
    assert reference_for(FILES, TASKSET, decoding, file=_reference(tmp_path)).scores is None


def test_without_a_file_there_is_none(tmp_path):
    assert reference_for(FILES, TASKSET, DECODING, file=tmp_path / "no").scores is None


def test_a_wrong_reference_file_is_refused(tmp_path):
    with pytest.raises(DeclarationError):
        reference_for(FILES, TASKSET, DECODING, file=_reference(tmp_path, rouge={"rouge1": 2}))


def test_the_shipped_reference_is_of_the_shipped_model_and_set():
    weights = MINI_REFERENCE.with_name("model.safetensors").read_bytes()
    files = (FileDigest(path="model.safetensors", bytes=1, sha256=jsonio.sha256_hex(weights)),)
    found = reference_for(files, TASKSET, DECODING)
    assert found.scores is not None, found.source
    assert found.scores["rouge1"] > 0.15
