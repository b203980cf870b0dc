import pytest
from huggingface_hub import constants

from suite.base.errors import DataError, UsageError
from suite.measure.fetch import model as modelsource

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_the_shipped_model_is_the_default():
    source = modelsource.find(None)
    assert (source.id, source.revision) == ("mini", None)
    assert (source.directory / "config.json").is_file()


def test_a_directory_has_its_own_name_and_no_revision(tmp_path):
    source = modelsource.find(str(tmp_path))
    assert (source.id, source.revision, source.directory) == (tmp_path.name, None, tmp_path)


def test_what_is_neither_is_refused():
    with pytest.raises(UsageError) as caught:
        modelsource.find("/no/such/directory")
    assert caught.value.code == "model-unknown"


def test_a_copy_can_be_named(tmp_path):
    source = modelsource.named(modelsource.find(str(tmp_path)), f"owner/name@{COMMIT}")
    assert (source.id, source.revision) == ("owner/name", COMMIT)
    assert source.directory == tmp_path


def test_no_claim_changes_nothing(tmp_path):
    source = modelsource.find(str(tmp_path))
    assert modelsource.named(source, None) is source


@pytest.mark.parametrize("claim", ["", "name@" + COMMIT, "a/b", "a/b@main", f"a/b@{COMMIT[:-1]}"])
def test_a_claim_without_a_full_commit_is_refused(tmp_path, claim):
    with pytest.raises(UsageError) as caught:
        modelsource.named(modelsource.find(str(tmp_path)), claim)
    assert caught.value.code == "model-id-wrong"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A machine without a network whose Hub cache holds one model."""
    snapshot = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    refs = snapshot.parents[1] / "refs"
    refs.mkdir()
    (refs / "main").write_text(COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return snapshot


@pytest.mark.parametrize("name", ["owner/name", f"owner/name@{COMMIT}"])
def test_a_cached_model_of_the_hub_needs_no_network(hub, name):
    source = modelsource.find(name)
    assert (source.id, source.revision, source.directory) == ("owner/name", COMMIT, hub)


def test_a_model_that_the_hub_does_not_give_is_refused(hub):
    with pytest.raises(DataError) as caught:
        modelsource.find("owner/other")
    assert caught.value.code == "model-unavailable"
