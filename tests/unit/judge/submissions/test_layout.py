"""Submissions as OCI image layouts: out, in, as where evidence lies; and layouts that lie."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from suite.base import jsonio
from suite.base.errors import EvidenceError, SetupError, UsageError
from suite.cli.submitting import pushed
from suite.judge.submissions import artifact, folders, layout, pull, source, submit
from suite.judge.submissions.source import Elsewhere
from suite.judge.submissions.stores import Layout
from tests.factories import submissions as factory


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> factory.Tree:
    """One submission with a review, and the run that it was."""
    made = factory.Tree(tmp_path_factory.mktemp("sound"))
    made.add()
    made.op_review("alice", "accept", 1)
    return made


def put(made: factory.Tree, place: Path) -> Layout:
    store = Layout(place)
    (item,), _ = folders.submissions(made.tree)
    names = (item.vendor, item.round, item.run)
    submit.put(store, artifact.artifacts(item.folder, names, None, folders.statements(item)))
    return store


def files(place: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_out_and_in_again(sound: factory.Tree, tmp_path: Path) -> None:
    store = put(sound, tmp_path / "layout")
    (made,) = pull.pull(store, "", tmp_path / "tree")
    assert made == pull.Pulled(sound.path, new=True, statements=1)
    assert files(tmp_path / "tree") == files(sound.tree)
    (again,) = pull.pull(store, "", tmp_path / "tree")
    assert again == pull.Pulled(sound.path, new=False, statements=0)


def test_what_is_there_is_not_written_again(sound: factory.Tree, tmp_path: Path) -> None:
    before = files(put(sound, tmp_path / "layout").path)
    times = {name: (tmp_path / "layout" / name).stat().st_mtime_ns for name in before}
    put(sound, tmp_path / "layout")
    assert files(tmp_path / "layout") == before
    assert times == {name: (tmp_path / "layout" / name).stat().st_mtime_ns for name in before}


def test_the_form_is_that_of_the_specification(sound: factory.Tree, tmp_path: Path) -> None:
    store = put(sound, tmp_path / "layout")
    assert json.loads((store.path / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((store.path / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    card, statement = index["manifests"]
    assert card["artifactType"] == artifact.ARTIFACT_TYPE
    assert statement["artifactType"] == artifact.STATEMENT_TYPE
    for path in (store.path / "blobs" / "sha256").iterdir():
        assert jsonio.sha256_hex(path.read_bytes()) == path.name
    manifests = [
        json.loads(store.place(entry["digest"][7:]).read_bytes()) for entry in index["manifests"]
    ]
    assert manifests[1]["subject"]["digest"] == card["digest"]
    for manifest in manifests:
        for blob in (manifest["config"], *manifest["layers"]):
            assert store.place(blob["digest"][7:]).stat().st_size == blob["size"]


def test_a_statement_that_came_later_is_brought(sound: factory.Tree, tmp_path: Path) -> None:
    shutil.copytree(sound.root, tmp_path / "w")
    made = dataclasses.replace(sound, root=tmp_path / "w")
    statement = next((made.folder / folders.STATEMENTS).iterdir())
    aside = statement.rename(tmp_path / "aside")
    store = put(made, tmp_path / "layout")
    assert [item.statements for item in pull.pull(store, "", tmp_path / "tree")] == [0]
    aside.rename(statement)
    put(made, store.path)
    (later,) = pull.pull(store, "", tmp_path / "tree")
    assert (later.new, later.statements) == (False, 1)
    assert files(tmp_path / "tree") == files(made.tree)


def test_evidence_that_lies_in_a_layout(sound: factory.Tree, tmp_path: Path) -> None:
    card = factory.run(tmp_path / "run", name="another", keep=0.0)
    store = Layout(tmp_path / "layout")
    handed = submit.lay_out(tmp_path / "run", card, tmp_path / "tree", store=store)
    folder = handed.submission.folder
    assert sorted(path.name for path in folder.iterdir())[1] == folders.REFERENCE_FILE
    with source.opened(folder, Elsewhere(store)) as packed:
        assert jsonio.sha256_hex(packed.read()) == handed.packed.sha256
    (taken,) = pull.pull(store, "", tmp_path / "pulled")
    assert files(tmp_path / "pulled") == files(tmp_path / "tree")
    with source.as_run(tmp_path / "pulled" / taken.path, Elsewhere(store)) as place:
        assert (place / "events.jsonl").read_bytes() == (
            tmp_path / "run" / "events.jsonl"
        ).read_bytes()


def test_other_artifacts_of_a_layout_stay(sound: factory.Tree, tmp_path: Path) -> None:
    store = Layout(tmp_path / "layout")
    store.path.mkdir()
    (store.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    other = {
        "mediaType": artifact.MANIFEST_TYPE,
        "digest": f"sha256:{'0' * 64}",
        "size": 5,
        "artifactType": "application/x-another",
        "annotations": {layout.REF_NAME: "latest"},
    }
    document = {"schemaVersion": 2, "manifests": [other], "annotations": {"of": "somebody"}}
    (store.path / "index.json").write_text(json.dumps(document))
    put(sound, store.path)
    index = json.loads((store.path / "index.json").read_bytes())
    assert index["manifests"][0] == other
    assert index["annotations"] == {"of": "somebody"}
    assert len(list(pull.pull(store, "", tmp_path / "tree"))) == 1


def test_a_folder_of_something_else_is_left_alone(sound: factory.Tree, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(EvidenceError) as caught:
        put(sound, tmp_path)
    assert caught.value.code == "layout-wrong"
    assert files(tmp_path) == {"notes.txt": b"mine"}


def index_of(store: Layout) -> dict:
    return json.loads((store.path / "index.json").read_bytes())


def rewrite(store: Layout, change: Callable[[dict], None]) -> None:
    """Change the submission's manifest, and the index with it, so that every digest is right."""
    index = index_of(store)
    entry = index["manifests"][0]
    manifest = json.loads(store.place(entry["digest"][7:]).read_bytes())
    change(manifest)
    data = json.dumps(manifest).encode()
    entry |= {"digest": f"sha256:{jsonio.sha256_hex(data)}", "size": len(data)}
    store.place(jsonio.sha256_hex(data)).write_bytes(data)
    (store.path / "index.json").write_text(json.dumps(index))


def blob_of(store: Layout, number: int) -> Path:
    entry = index_of(store)["manifests"][0]
    manifest = json.loads(store.place(entry["digest"][7:]).read_bytes())
    return store.place(manifest["layers"][number]["digest"][7:])


def title(text: str) -> Callable[[Layout], None]:
    return lambda store: rewrite(
        store, lambda made: made["layers"][0]["annotations"].update({artifact.TITLE: text})
    )


def linked(store: Layout) -> None:
    blob = blob_of(store, 0)
    blob.rename(store.path / "aside")
    blob.symlink_to(store.path / "aside")


def piped(store: Layout) -> None:
    blob = blob_of(store, 2)
    blob.unlink()
    os.mkfifo(blob)


HOSTILE: dict[str, tuple[Callable[[Layout], object], set[str]]] = {
    "no index": (lambda s: (s.path / "index.json").unlink(), {"layout-wrong"}),
    "garbage": (lambda s: (s.path / "index.json").write_bytes(b"\0\xff"), {"json-refused"}),
    "deep": (lambda s: (s.path / "index.json").write_bytes(b"[" * 100_000), {"json-refused"}),
    "a list": (lambda s: (s.path / "index.json").write_text("[]"), {"layout-wrong"}),
    "no list": (
        lambda s: (s.path / "index.json").write_text('{"manifests": 7}'),
        {"layout-wrong"},
    ),
    "numbers": (
        lambda s: (s.path / "index.json").write_text('{"manifests": [1, null]}'),
        {"layout-wrong"},
    ),
    "a folder": (
        lambda s: ((s.path / "index.json").unlink(), (s.path / "index.json").mkdir()),
        {"file-unreadable"},
    ),
    "a huge size": (
        lambda s: rewrite(s, lambda made: made["layers"][2].update(size=1 << 50)),
        {"layout-wrong"},
    ),
    "a negative size": (
        lambda s: rewrite(s, lambda made: made["layers"][0].update(size=-1)),
        {"layout-wrong"},
    ),
    "another size": (
        lambda s: rewrite(s, lambda made: made["layers"][0].update(size=17)),
        {"evidence-differs"},
    ),
    "a path as digest": (
        lambda s: rewrite(s, lambda made: made["layers"][0].update(digest="sha256:../../x")),
        {"layout-wrong"},
    ),
    "no layers": (lambda s: rewrite(s, lambda made: made.update(layers=[])), {"layout-wrong"}),
    "layers in words": (
        lambda s: rewrite(s, lambda made: made.update(layers="many")),
        {"layout-wrong"},
    ),
    "a title that climbs": (title("../../../etc/cron.d/x"), {"layout-wrong"}),
    "a page as card": (title("scorecard.html"), {"layout-wrong"}),
    "an altered blob": (
        lambda s: blob_of(s, 0).write_bytes(b"x" + blob_of(s, 0).read_bytes()[1:]),
        {"evidence-differs"},
    ),
    "a blob that is gone": (lambda s: blob_of(s, 2).unlink(), {"evidence-elsewhere"}),
    "a blob that is a link": (linked, {"file-unreadable"}),
    "a blob that is a pipe": (piped, {"file-unreadable"}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_layout_that_lies_is_refused(sound: factory.Tree, tmp_path: Path, name: str) -> None:
    change, codes = HOSTILE[name]
    store = put(sound, tmp_path / "layout")
    change(store)
    with pytest.raises((EvidenceError, SetupError)) as caught:
        list(pull.pull(store, "", tmp_path / "tree"))
    assert caught.value.code in codes
    # Nothing half, and nothing beside the tree.
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".part"] == []
    assert files(tmp_path / "tree") == {}
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "tree") == ["layout"]


def test_statements_of_another_card_of_the_same_name_are_not_let_in(
    sound: factory.Tree, tmp_path: Path
) -> None:
    store = put(sound, tmp_path / "layout")
    other = factory.Tree(tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.add(keep=0.0, apart_ns=4001)
    assert other.path == sound.path
    before = files(other.tree)
    with pytest.raises(UsageError) as caught:
        list(pull.pull(store, "", other.tree))
    assert caught.value.code == "submission-exists"
    assert files(other.tree) == before


def test_a_tag_that_is_not_there(sound: factory.Tree, tmp_path: Path) -> None:
    store = put(sound, tmp_path / "layout")
    tag = index_of(store)["manifests"][0]["annotations"][layout.REF_NAME]
    assert len(list(pull.pull(store, tag, tmp_path / "tree"))) == 1
    with pytest.raises(EvidenceError) as caught:
        list(pull.pull(store, "latest", tmp_path / "tree"))
    assert caught.value.code == "layout-wrong"


def test_evidence_that_lies_there_already_is_no_hindrance(
    sound: factory.Tree, tmp_path: Path
) -> None:
    shutil.copytree(sound.root, tmp_path / "w")
    made = dataclasses.replace(sound, root=tmp_path / "w")
    place, words = f"oci-layout:{tmp_path / 'layout'}", [made.tree]
    assert pushed(words, place, Elsewhere()) == 1
    made.op_elsewhere()
    assert pushed(words, place, Elsewhere()) == 1
    with pytest.raises(EvidenceError) as refused:
        pushed(words, f"oci-layout:{tmp_path / 'other'}", Elsewhere())
    assert refused.value.code == "evidence-elsewhere"
