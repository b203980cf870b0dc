from __future__ import annotations

import base64
import json

import pytest
from msgspec.structs import replace

from suite.base.errors import DeclarationError
from suite.declare.profiles.load import load_profile
from suite.declare.tasks import reference as references
from suite.declare.tasks.reference import MINI_MODEL, known_weights, read_directory, reference_for
from suite.declare.tasks.taskset import mini_set
from suite.documents.model import FileDigest
from tests.factories import referenced

WEIGHTS = "a" * 64
DECODING = load_profile("smoke").doc.decoding
FILES = (
    FileDigest(path="config.json", bytes=1, sha256="b" * 64),
    FileDigest(path="model.safetensors", bytes=1, sha256=WEIGHTS),
)
TASKSET = mini_set().to_doc()
MEANS = {"rouge1": 0.6, "rouge2": 0.3, "rougeL": 0.5, "rougeLsum": 0.5, "generated_tokens": 11}


def _bundle(**changes):
    return referenced.bundle(weights=WEIGHTS, **changes)


def test_weights_tasks_and_decoding_that_agree_give_the_scores():
    held = reference_for(FILES, TASKSET, DECODING, carried=_bundle())
    assert held.scores == MEANS
    assert WEIGHTS[:16] in held.source
    assert "signed with the key" in held.source
    assert known_weights(FILES, _bundle())
    assert not known_weights(FILES)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weights": "c" * 64}, "these weights"),
        ({"records_sha256": "c" * 64, "name": "other"}, "other tasks"),
        ({"max_new_tokens": 32}, "32 new tokens"),
    ],
)
def test_anything_else_gives_none_and_the_reason(changes, why):
    carried = referenced.bundle(**{"weights": WEIGHTS} | changes)
    held = reference_for(FILES, TASKSET, DECODING, carried=carried)
    assert held.scores is None
    assert held.known is None
    assert why in held.source


def test_a_set_drawn_from_it_has_no_means_and_is_held_against_it_all_the_same():
    drawn = replace(TASKSET, records_sha256="c" * 64)
    held = reference_for(FILES, drawn, DECODING, carried=_bundle())
    assert held.scores is None
    assert held.known is not None


def test_sampling_has_no_reference():
    decoding = replace(DECODING, temperature=0.7)
    assert reference_for(FILES, TASKSET, decoding, carried=_bundle()).known is None


def test_the_shipped_one_comes_before_the_one_that_is_carried():
    weights = references.shipped()[0].document.model.weights
    assert any(known.document.model.id == "mini" for known in references.shipped())
    for known in references.shipped():
        own = known.document
        if own.model.id == "mini":
            carried = referenced.bundle(weights=own.model.weights[0].sha256)
            held = reference_for(own.model.weights, TASKSET, DECODING, carried=carried)
            assert held.known is known
            assert "signed with" not in held.source
    assert weights


def test_the_mini_models_reference_is_that_of_its_shipped_weights_and_says_what_its_answers_score():
    weights = (MINI_MODEL / "model.safetensors").read_bytes()
    files = [FileDigest(path="model.safetensors", bytes=len(weights), sha256=_sha256(weights))]
    held = reference_for(files, TASKSET, DECODING)
    assert held.scores is not None
    assert held.scores["rouge1"] == 0.812914
    golden = [json.loads(line) for line in (MINI_MODEL / "golden.jsonl").read_text().splitlines()]
    assert held.known is not None
    lengths = [answer.tokens for answer in held.known.document.answers]
    assert lengths == [len(row["token_ids"]) for row in golden]


def _sha256(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "broken",
    [
        "no json",
        "{}",
        _bundle().replace('"payload":"', '"payload":"AAAA'),
        _bundle()[:-3],
        "é",
    ],
)
def test_what_is_no_reference_is_refused(broken, tmp_path):
    with pytest.raises(DeclarationError):
        reference_for(FILES, TASKSET, DECODING, carried=broken)
    (tmp_path / f"x{references.ENDING}").write_text(broken, "utf-8")
    with pytest.raises(DeclarationError):
        read_directory(tmp_path)


def test_another_statement_is_no_reference():
    document = json.loads(_bundle())
    envelope = document["dsseEnvelope"]
    stated = json.loads(base64.b64decode(envelope["payload"]))
    stated["predicateType"] = "urn:llm-inference-conformance:audit:v1"
    envelope["payload"] = base64.b64encode(json.dumps(stated).encode()).decode()
    with pytest.raises(DeclarationError, match="not a reference run"):
        reference_for(FILES, TASKSET, DECODING, carried=json.dumps(document))


def test_no_directory_is_refused(tmp_path):
    with pytest.raises(DeclarationError, match="no directory"):
        read_directory(tmp_path / "no")
