"""MTTransformer's grid file, read as its manual writes it."""

import json

import pytest

from suite.base.errors import DeclarationError
from suite.declare.profiles.expand import expand_phases
from suite.declare.profiles.load import load_profile

MANUAL = """[
    {
        "model_name": "llama2-7b",   # a name // of one's own
        "path": "/data/models/llama2-7b#1",
        "batchs": [1, 4, 4],
        "prefill_token_lens": [128, 1024],
        "decode_token_lens": [32]
    }
]"""


def test_the_manuals_file_is_a_grid_in_lockstep(tmp_path):
    path = tmp_path / "perf_config.json"
    path.write_text(MANUAL)
    profile = load_profile(str(path))
    assert (profile.name, profile.shipped) == ("perf-config", False)
    measured = [phase for phase in expand_phases(profile, 256) if phase.measured]
    result = {
        (p.concurrency, p.lengths.input_tokens[0], p.lengths.output_tokens[0]) for p in measured
    }
    assert result == {(batch, into, 32) for batch in (1, 4) for into in (128, 1024)}
    assert all(phase.lockstep for phase in measured)


def test_what_an_editor_leaves_in_the_file_does_no_harm(tmp_path):
    plain, edited = tmp_path / "plain" / "grid.json", tmp_path / "edited" / "grid.json"
    for path in (plain, edited):
        path.parent.mkdir()
    plain.write_text(MANUAL)
    text = MANUAL.replace("[32]", "[32,],").replace("\n", "\r\n\r\n")
    edited.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load_profile(str(edited)).doc == load_profile(str(plain)).doc


@pytest.mark.parametrize(
    "change",
    [
        {"batchs": []},
        {"batchs": [0]},
        {"prefill_token_lens": [1.5]},
        {"decode_token_lens": "32"},
        {"batchs": list(range(1, 18))},
        {"prefill_token_lens": None},
    ],
)
def test_what_is_no_grid_is_refused_with_its_place(tmp_path, change):
    path = tmp_path / "grid.json"
    entry = {"batchs": [1], "prefill_token_lens": [8], "decode_token_lens": [8]} | change
    for value in ([entry], [entry, entry], [], {}):
        path.write_text(json.dumps(value))
        with pytest.raises(DeclarationError) as refused:
            load_profile(str(path))
        assert refused.value.code == "profile-inconsistent"
        assert refused.value.place.file == str(path)
    path.write_text("[{")
    with pytest.raises(DeclarationError):
        load_profile(str(path))


def test_a_list_that_the_entry_lacks_is_named(tmp_path):
    path = tmp_path / "grid.json"
    path.write_text(json.dumps([{"batchs": [1], "prefill_token_lens": [8]}]))
    with pytest.raises(DeclarationError, match="no decode_token_lens"):
        load_profile(str(path))
