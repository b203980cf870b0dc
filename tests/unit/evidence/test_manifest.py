"""What a run left, each file with its size and digest."""

from suite import evidence
from suite.base import jsonio
from suite.documents.codec import decode
from suite.documents.manifest import Manifest


def test_the_manifest_lists_every_file_with_its_digest(run):
    manifest = decode((run / "manifest.json").read_bytes(), Manifest)
    assert [entry.path for entry in manifest.files] == ["container.json", *evidence.EVIDENCE_FILES]
    for entry in manifest.files:
        data = (run / entry.path).read_bytes()
        assert (entry.bytes, entry.sha256) == (len(data), jsonio.sha256_hex(data))


def test_a_killed_run_gets_its_manifest_and_gives_its_space_back(run):
    (run / "manifest.json").unlink()
    (run / evidence.BALLAST).write_bytes(b"0")
    evidence.finish(run)
    assert not (run / evidence.BALLAST).exists()
    assert evidence.read(run).manifest_sha256 is not None


def test_only_what_lies_there_is_listed(run):
    (run / "telemetry.jsonl").unlink()
    (run / "conversion.log").write_text("converted\n")
    evidence.write_manifest(run)
    manifest = decode((run / "manifest.json").read_bytes(), Manifest)
    names = {entry.path for entry in manifest.files}
    assert names == {*evidence.EVIDENCE_FILES, "container.json", "conversion.log"} - {
        "telemetry.jsonl"
    }
