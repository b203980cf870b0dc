"""What is kept from a cold start, when it is given again, and when it is not."""

import pytest
from msgspec import UNSET

from suite.documents import codec
from suite.documents.plan import Plan
from suite.measure.engine import compilecache
from suite.measure.engine.compilecache import tree_digest
from tests.factories import engine as factory
from tests.factories.documents import changed


@pytest.fixture
def plan():
    cache = {"target": "/compiled", "variables": {"CACHE": "graphs"}}
    return changed(factory.plan(runtime="process"), engine={"compile_cache": cache})


def compile_cache(plan, origin, cache):
    return compilecache.compile_cache(codec.convert(plan, Plan), origin, cache)


def cold(plan, cache, content=b"machine code"):
    with compile_cache(plan, "image", cache) as compiled:
        (compiled.directory / "graphs").mkdir()
        (compiled.directory / "graphs" / "one").write_bytes(content)
        compiled.keep()
        return compiled


def test_the_second_start_is_warm_and_gets_a_copy(plan, tmp_path):
    first = cold(plan, tmp_path)
    assert first.start == "cold"
    assert not first.directory.exists()
    with compile_cache(plan, "image", tmp_path) as second:
        assert second.facts() == {
            "engine.compile_cache": "warm",
            "engine.compile_cache_key": first.key,
        }
        assert (second.directory / "graphs" / "one").read_bytes() == b"machine code"
        (second.directory / "graphs" / "one").write_bytes(b"changed by the run")
        second.keep()
    with compile_cache(plan, "image", tmp_path) as third:
        assert (third.directory / "graphs" / "one").read_bytes() == b"machine code"


def test_stored_files_that_were_changed_are_not_used(plan, tmp_path):
    first = cold(plan, tmp_path)
    stored = first.store / "files" / "graphs" / "one"
    stored.write_bytes(b"something else")
    with compile_cache(plan, "image", tmp_path) as again:
        assert again.start == "cold"
        assert list(again.directory.iterdir()) == []
    cold(plan, tmp_path)
    (first.store / "files" / "extra").write_bytes(b"added")
    with compile_cache(plan, "image", tmp_path) as again:
        assert again.start == "cold"


@pytest.mark.parametrize(
    ("image", "changes"),
    [
        ("another", {}),
        ("image", {"model": {"sha256": "0" * 64}}),
        ("image", {"engine": {"command": ["another"]}}),
        ("image", {"engine": {"env": {"MORE": "1"}}}),
        ("image", {"engine": {"compile_cache": {"variables": {"MORE": "kernels"}}}}),
        ("image", {"devices": {"accelerator": "another"}}),
    ],
    ids=["image", "model", "command", "env", "kept", "accelerator"],
)
def test_another_image_model_or_command_starts_cold(plan, tmp_path, image, changes):
    cold(plan, tmp_path)
    with compile_cache(changed(plan, **changes), image, tmp_path) as compiled:
        assert compiled.start == "cold"


def test_what_compiled_nothing_is_not_kept(plan, tmp_path):
    with compile_cache(plan, "image", tmp_path) as compiled:
        compiled.keep()
        assert not compiled.store.exists()


def test_an_engine_that_declares_none_gets_none(plan, tmp_path):
    plan = changed(plan, engine={"compile_cache": UNSET})
    with compile_cache(plan, "image", tmp_path) as compiled:
        assert compiled is None
    assert list(tmp_path.iterdir()) == []


def test_names_and_contents_cannot_be_shifted_against_each_other(tmp_path):
    for name, files in (("a", {"x": b"yz", "w": b""}), ("b", {"xy": b"z", "w": b""})):
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
    assert tree_digest(tmp_path / "a") != tree_digest(tmp_path / "b")
