"""Every folder of ``tests/cases/submissions``: a sound tree, changed as the case says, against `check_tree`."""

from __future__ import annotations

import dataclasses
import os
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from suite.base import jsonio, schema
from suite.base.errors import EvidenceError, TrustError, UsageError
from suite.base.language import Language
from suite.cli.main import main
from suite.documents.codec import plain
from suite.judge.report.formats import registry
from suite.judge.submissions import (
    changes,
    folders,
    formats,
    index,
    pack,
    replay,
    stores,
    submit,
    tree,
    waivers,
)
from suite.judge.submissions.check import Setting
from tests.factories import submissions as factory

CASES = Path(__file__).resolve().parents[3] / "cases" / "submissions"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> factory.Tree:
    made = factory.Tree(tmp_path_factory.mktemp("sound"))
    made.add()
    return made


@pytest.fixture
def made(sound: factory.Tree, tmp_path: Path) -> factory.Tree:
    shutil.copytree(sound.root, tmp_path / "w")
    return dataclasses.replace(sound, root=tmp_path / "w", options={})


def check(made: factory.Tree, **more: object):
    path = made.tree / folders.WAIVERS_FILE
    known = waivers.load(path) if path.exists() else ()
    commit = more.pop("commit", "")
    jobs = more.pop("jobs", 1)
    options = {"trust": factory.TRUST, "today": "2026-02-01", "waivers": known}
    setting = Setting(**(options | made.options | more))
    return tree.check_tree([made.tree], setting, commit=commit, jobs=jobs)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_case(folder: Path, made: factory.Tree) -> None:
    assert (folder / "README").read_text().strip()
    case = jsonio.load(folder / "case.json")
    for change in case["changes"]:
        made.apply(**change)
    report = check(made)
    assert schema.problems(plain(report), "check") == []
    mine = next(item for item in report.submissions if item.path == made.path)
    assert list(mine.codes) == case["codes"]
    assert (mine.verdict == "refused") == folder.name.endswith("_fail")
    assert (tree.exit_status(report) != 0) == folder.name.endswith("_fail")
    for name in registry.names(formats):
        data = registry.record(formats, name).render(report, Language.EN)
        assert all(code.encode() in data for code in case["codes"]), name


def test_the_same_run_gives_the_same_submission(made: factory.Tree, tmp_path: Path) -> None:
    card = factory.run(tmp_path / "again")
    again = submit.lay_out(tmp_path / "again", card, tmp_path / "submissions")
    for path in made.folder.iterdir():
        assert path.read_bytes() == (again.submission.folder / path.name).read_bytes()
    with pytest.raises(UsageError) as caught:
        submit.lay_out(tmp_path / "again", card, tmp_path / "submissions")
    assert caught.value.code == "submission-exists"


def test_a_submission_is_put_into_no_run(tmp_path: Path) -> None:
    """The run would hold what its manifest does not list, and be refused from then on."""
    card = factory.run(tmp_path / "run")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    inside = stores.Directory(tmp_path / "run/store")
    before = sorted((tmp_path / "run").iterdir())
    for place, store in (("run/submissions", None), ("link/sub", None), ("submissions", inside)):
        with pytest.raises(UsageError) as caught:
            submit.lay_out(tmp_path / "run", card, tmp_path / place, store=store)
        assert "in the run itself" in caught.value.message
    assert sorted((tmp_path / "run").iterdir()) == before


def test_evidence_that_is_too_large_needs_a_store(made, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(pack, "MAX_PACKED_BYTES", 100)
    card = factory.run(tmp_path / "large", name="large")
    with pytest.raises(EvidenceError) as caught:
        submit.lay_out(tmp_path / "large", card, made.tree)
    assert caught.value.code == "submission-too-large"
    assert not (made.tree / "cpu/no-round/large").exists()
    handed = submit.lay_out(
        tmp_path / "large", card, made.tree, store=stores.Directory(tmp_path / "store")
    )
    assert handed.store is not None
    kept = handed.store.place(handed.packed.sha256)
    assert jsonio.sha256_hex(kept.read_bytes()) == handed.packed.sha256


def test_a_small_frame_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    import zstandard

    bomb = tmp_path / "bomb"
    header = pack._header("engine.log", pack.MAX_EVIDENCE_BYTES + 1)
    bomb.write_bytes(zstandard.ZstdCompressor().compress(header + bytes(1 << 24)))
    with bomb.open("rb") as packed, pytest.raises(EvidenceError) as caught:
        pack.unpack(packed, tmp_path, "bomb")
    assert caught.value.code == "pack-too-large"


@pytest.mark.parametrize(("at", "codes"), [("2026-01-15", ["waiver-approver"]), ("2026-02-02", [])])
def test_a_reviewer_whose_key_was_revoked_waives_nothing(made, at: str, codes: list[str]) -> None:
    made.apply(op="run", name="cut", ended="interrupted")
    made.apply(op="waiver", rules=["R001"], expires="2999-01-01")
    known = jsonio.loads(factory.TRUST)
    known["keys"][1]["revoked"] = {"at": f"{at}T00:00:00Z", "reason": "the key was lost"}
    report = check(made, trust=jsonio.pretty(known))
    mine = next(item for item in report.submissions if item.path == made.path)
    assert list(mine.codes) == codes


def test_what_lies_astray_is_refused(made: factory.Tree) -> None:
    (made.tree / "cpu" / "notes.txt").write_text("x")
    (made.tree / "link").symlink_to(made.tree / "cpu")
    report = check(made)
    assert {step.code for step in report.stray} == {"submission-stray"}
    assert len(report.stray) == 2
    assert tree.exit_status(report) == 4


def test_nothing_to_check_is_no_yes(tmp_path: Path) -> None:
    (tmp_path / "submissions").mkdir()
    with pytest.raises(UsageError) as caught:
        tree.check_tree([tmp_path / "submissions"], Setting(today="2026-02-01"))
    assert caught.value.code == "submissions-none"


def git(tree_: Path, *words: str) -> str:
    import subprocess

    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(tree_), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_only_what_changed_since_a_commit(made: factory.Tree) -> None:
    git(made.root, "init", "-q")
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "one")
    base = git(made.root, "rev-parse", "HEAD")
    assert check(made, commit=base).submissions == ()
    trust = made.root / "keys.json"
    trust.write_bytes(factory.TRUST)
    words = ["check", str(made.tree), "--trust", str(trust), "--since"]
    assert main([*words, base]) == 4, "nothing was judged"
    first = made.path
    made.add(name="factory-run-2", keep=0, shift_ns=5)
    report = check(made, commit=base)
    assert [item.path for item in report.submissions] == [made.path]
    assert report.submissions[0].verdict == "accepted"
    assert report.compared == 2
    page = made.tree / first / "scorecard.html"
    page.write_bytes(page.read_bytes() + b"\n")
    edited = next(item for item in check(made, commit=base).submissions if item.path == first)
    assert edited.codes == ("page-differs", "submission-edited")
    shutil.rmtree(made.tree / first)
    assert [step.code for step in check(made, commit=base).stray] == ["submission-removed"]
    with pytest.raises(UsageError) as caught:
        check(made, commit="no-such-commit")
    assert caught.value.code == "commit-unknown"


def test_a_branch_removed_nothing_that_came_to_its_base_later(made: factory.Tree) -> None:
    """It is held against what came there, though."""
    git(made.root, "init", "-q", "-b", "main")
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "one")
    git(made.root, "branch", "later")
    made.add(name="added", keep=0, shift_ns=5)
    added = made.path
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "added")
    git(made.root, "checkout", "-q", "later")
    made.add(name="again", keep=0, shift_ns=9)
    report = check(made, commit="main")
    assert [(item.path, item.codes) for item in report.submissions] == [
        (made.path, ("submission-replayed",))
    ]
    assert report.stray == ()
    assert report.compared == 3
    assert not (made.tree / added).exists()


def test_a_submission_that_is_another_repository_is_looked_at(made: factory.Tree) -> None:
    """Git names the folder and none of its files."""
    made.add(name="other", keep=0, shift_ns=5)
    git(made.root, "init", "-q")
    git(made.tree / made.path, "init", "-q")
    git(made.tree / made.path, "add", ".")
    git(made.tree / made.path, "commit", "-qm", "inner")
    git(made.root, "commit", "-qm", "one", "--allow-empty")
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "two")
    report = check(made, commit="HEAD~1")
    codes = {item.path: item.codes for item in report.submissions}
    assert codes[made.path] == ("submission-files",)
    assert len(codes) == 2


def test_a_replay_of_what_stood_at_a_commit_is_found_whatever_became_of_it(
    made: factory.Tree, monkeypatch
) -> None:
    """From git's own copy, the second time from the index alone; neither an edit nor a removal makes it pass."""
    first = made.path
    made.add(name="another", keep=0)
    git(made.root, "init", "-q")
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "one")
    base = git(made.root, "rev-parse", "HEAD")
    made.add(name="again", shift_ns=5)  # the first one's log, at another time
    again = made.path

    def codes() -> tuple[str, ...]:
        return next(
            item.codes for item in check(made, commit=base).submissions if item.path == again
        )

    assert codes() == ("submission-replayed",)
    kept = (made.root / ".git" / index.FILE).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(changes, "Blobs", None)  # nothing that stood there is read again
        assert codes() == ("submission-replayed",)
        evidence_ = made.tree / first / pack.PACK_FILE
        whole = evidence_.read_bytes()
        evidence_.write_bytes(whole[:-1])
        assert codes() == ("submission-replayed",)
        shutil.rmtree(made.tree / first)
        assert codes() == ("submission-replayed",)
        assert check(made, commit=base).compared == 3
    git(made.root, "checkout", "-q", "submissions")
    # Another version's index is none, and so is one that is broken.
    for data in (kept.replace(kept[7:71], b"0" * 64), b"broken", b""):
        (made.root / ".git" / index.FILE).write_bytes(data)
        assert codes() == ("submission-replayed",)
        assert (made.root / ".git" / index.FILE).read_bytes() == kept


def test_where_git_has_a_pointer_alone_the_unchanged_file_is_read(made: factory.Tree) -> None:
    """As with large files that a filter keeps elsewhere."""
    git(made.root, "init", "-q")
    git(made.root, "config", "filter.far.clean", "sha256sum")
    git(made.root, "config", "filter.far.smudge", "cat")
    (made.root / ".git/info/attributes").write_text("*.zst filter=far\n")
    git(made.root, "add", "submissions")
    git(made.root, "commit", "-qm", "one")
    assert (
        len(git(made.root, "cat-file", "blob", f"HEAD:./submissions/{made.path}/{pack.PACK_FILE}"))
        < 100
    )
    made.add(name="again", shift_ns=5)
    report = check(made, commit="HEAD")
    assert [item.codes for item in report.submissions] == [("submission-replayed",)]


def test_formats_can_be_read(made: factory.Tree) -> None:
    made.apply("write", path="a|b`*.txt", text="x")
    report = check(made)
    junit = ET.fromstring(registry.record(formats, "junit").render(report, Language.EN))
    assert [suite.get("failures") for suite in junit] == ["1"]
    sarif = jsonio.loads(registry.record(formats, "sarif").render(report, Language.EN))
    assert [item["ruleId"] for item in sarif["runs"][0]["results"]] == ["submission-files"]
    assert b"a\\|b\\`\\*" in registry.record(formats, "markdown").render(report, Language.EN)


@pytest.mark.slow
def test_several_processes_say_the_same(made: factory.Tree) -> None:
    made.add(name="factory-run-2")
    assert check(made, jobs=2) == check(made)


def test_each_is_held_against_those_alone_that_it_shares_something_with() -> None:
    """What travels to each check must not grow with the tree."""

    def trace(number: int, *more: int) -> replay.Trace:
        marks = more or range(1000 * number, 1000 * number + 20)
        sample = b"".join(sorted(mark.to_bytes(12, "big")[::-1] for mark in marks))
        return replay.Trace(f"v/r/{number}", f"payload-{number}", sample)

    traces = [trace(number) for number in range(50)]
    assert replay.related(traces) == {}
    assert replay.related([]) == {}
    copied = trace(50, *range(7000, 7020), 999_999)
    near = replay.related([*traces, copied])
    assert sorted(near) == ["v/r/50", "v/r/7"]
    for path in near:
        mine = next(item for item in near[path] if item.path == path)
        with pytest.raises(TrustError) as caught:
            replay.compare(mine, near[path], 50)
        assert caught.value.code == "submission-replayed"
    alike = [dataclasses.replace(traces[0], path=f"v/r/{number}") for number in range(200)]
    near = replay.related(alike)
    assert len(near) == 200
    assert max(map(len, near.values())) < 20
    for path, others in near.items():
        with pytest.raises(TrustError) as caught:
            replay.compare(next(item for item in others if item.path == path), others)
        assert caught.value.code == "submission-duplicate"


@pytest.mark.parametrize(("member", "value"), [("devices", ["h200"]), ("vendor", "nvidia")])
def test_a_waiver_for_others_does_not_count_and_is_named(
    made: factory.Tree, member: str, value: object
) -> None:
    made.apply("run", name="cut", ended="interrupted")
    made.apply("waiver", rules=["R001"], expires="2999-01-01")
    path = made.tree / folders.WAIVERS_FILE
    stated = jsonio.load(path)
    stated["waivers"][0][member] = value
    path.write_bytes(jsonio.pretty(stated))
    (result,) = check(made).submissions
    assert result.codes == ("not-conformant",)
    (step,) = (step for step in result.steps if step.code == "not-conformant")
    assert step.findings[-1].startswith("R001: w-1 waives it for ")
    assert step.findings[-1].zh.startswith("R001：w-1 仅豁免 ")


def test_a_waiver_ends_on_a_day_that_there_is(made: factory.Tree) -> None:
    made.apply("waiver", rules=["R001"], expires="2026-02-30")
    with pytest.raises(TrustError) as refused:
        check(made)
    assert refused.value.code == "waiver-date"


def test_a_statement_larger_than_any_is_refused_unread(made: factory.Tree) -> None:
    statements = made.folder / "statements"
    statements.mkdir()
    with (statements / "audit.sigstore.json").open("wb") as file:
        file.truncate(1 << 40)
    (result,) = check(made).submissions
    assert set(result.codes) == {"submission-files", "file-unreadable"}


def test_a_name_that_is_no_utf_8_can_be_reported(made: factory.Tree) -> None:
    (made.tree / "cpu" / os.fsdecode(b"\xff")).mkdir()
    (step,) = check(made).stray
    assert step.code == "submission-stray"
    assert "<U+DCFF>" in step.detail.encode().decode()


@pytest.mark.parametrize(
    "place", ["cpu/no-round/Factory-Run", "CPU/no-round/other", "cpu/No-Round/other"]
)
def test_names_that_differ_in_letter_case_alone_are_refused(made: factory.Tree, place: str) -> None:
    """On a file system that folds case a checkout of such a tree has one of the two."""
    shutil.copytree(made.folder, made.tree / place)
    report = check(made)
    assert [step.code for step in report.stray] == ["submission-stray"] * 2
    assert "letter case alone" in report.stray[0].detail
    assert tree.exit_status(report) >= 4


def test_a_changed_file_is_said_in_both_languages_and_of_the_submission(made: factory.Tree) -> None:
    """The evidence is unpacked for a moment into a folder whose name says nothing to a reader."""
    made.apply("repack", replace="events.jsonl")
    (result,) = check(made).submissions
    step = next(step for step in result.steps if step.outcome == "fail")
    assert all("清单所列为" in finding.zh for finding in step.findings)
    assert step.findings
    assert [item for item in result.steps if "/tmp" in item.detail] == []
    assert any(result.path in item.detail for item in result.steps)
