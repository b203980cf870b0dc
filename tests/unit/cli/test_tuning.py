"""Configurations of an engine: which are made, which are left out, and what they come to."""

import pytest

from suite.base.errors import UsageError
from suite.cli import tuning
from suite.declare.vendor.load import load_vendor
from tests.factories import runs


@pytest.fixture(scope="module")
def engine():
    return load_vendor("cpu").engine("transformers")


def test_the_declaration_lists_what_can_be_varied(engine):
    assert tuning.varied(engine, ()) == {
        "continuous-batching": ("off", "on"),
        "attn-implementation": ("off", "eager", "sdpa", "flex_attention"),
        "compile": ("off", "on"),
    }


def test_values_are_split_at_commas_but_not_in_json():
    vllm = load_vendor("cpu").engine("vllm")
    modes = ('compilation-config={"mode": 0, "level": 1}', 'compilation-config={"mode": 3}')
    assert tuning.varied(vllm, ("--max-num-seqs=8,16", *modes)) == {
        "max-num-seqs": ("8", "16"),
        "compilation-config": ('{"mode": 0, "level": 1}', '{"mode": 3}'),
    }


@pytest.mark.parametrize("word", ["compile", "=on", "compile=", "compile=on,,off"])
def test_what_names_no_values_is_refused(engine, word):
    with pytest.raises(UsageError) as caught:
        tuning.varied(engine, (word,))
    assert caught.value.code == "engine-arg-wrong"


def test_combinations_are_all_or_one_change_at_a_time():
    values = {"a": ("off", "1", "2"), "b": ("off", "on")}
    crossed = [(), ("b",), ("a=1",), ("a=1", "b"), ("a=2",), ("a=2", "b")]
    assert list(tuning.combinations(values, cross=True)) == crossed
    single = [(), ("a=1",), ("a=2",), ("b",)]
    assert list(tuning.combinations(values, cross=False)) == single


def sim(tmp_path, *vary):
    words = ["tune", "--runtime", "sim", "--profile", runs.profile(tmp_path), "--cross", "--quiet"]
    words += ["--out", tmp_path / "out", "--key", runs.key(tmp_path / "key.pem")]
    return runs.suite(*words, *(part for word in vary for part in ("--vary", word)))


@pytest.mark.slow
def test_valid_configurations_are_measured_and_the_others_named(tmp_path):
    done = sim(tmp_path, "max-num-seqs=8,0,8")
    # A scripted server summarises nothing: measured, and not conformant.
    assert done.returncode == 1, done.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["01"]
    assert (tmp_path / "out" / "01" / "scorecard.sigstore.json").is_file()
    table = done.stdout[done.stdout.index("outcome") :]
    assert "measured, not conformant: 01" in table
    assert "not valid: max-num-seqs: 0 is not allowed for vllm" in table
    assert "skipped: the plan of configuration 1" in table


@pytest.mark.slow
def test_a_configuration_that_fails_is_named_and_nothing_was_judged(tmp_path):
    (tmp_path / "out" / "01-validity").mkdir(parents=True)
    (tmp_path / "out" / "01-validity" / "there").touch()
    done = sim(tmp_path, "max-num-seqs=8")
    assert done.returncode == 4, done.stderr
    assert done.stdout.count("does not run: ") == 1
    assert done.stderr.count("error[run-exists]") == 1
