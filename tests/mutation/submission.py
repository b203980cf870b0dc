"""A valid submission and its verification, thousands of times over."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from unittest import mock

from suite import evidence
from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.base.language import Language
from suite.documents.codec import plain
from suite.judge.attest import sign, statement, trust, verify
from suite.judge.attest.envelope import bundle_bytes, pae
from suite.judge.attest.page import NOTHING, Carried
from suite.judge.attest.statement import make_statement
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify_run import verify_run
from suite.judge.report import html
from suite.judge.score import score
from tests.cases.bundle_verify.cases import VENDOR_A, entry
from tests.factories import evidence as factory
from tests.mutation import changes
from tests.mutation.changes import Change

LIST = trust.parse(jsonio.pretty({"trust_schema": 1, "keys": [entry(VENDOR_A, "cpu")]}))
DOCUMENTS = ("plan.json", "environment.json", "manifest.json", sign.STATEMENT_FILE)
LOGS = ("events.jsonl", "tasks.jsonl", "telemetry.jsonl")
BUNDLES = (sign.BUNDLE_FILE, sign.TEST_RESULT_FILE)
TEXTS = ("engine.log", "scorecard.html", sign.PUBLIC_KEY_FILE)
SAMPLE = {
    "t": 1_000_000,
    "tool": "nvidia-smi",
    "device": "0",
    "power_w": 10.0,
    "memory_used_bytes": 5,
}
SIGNED_AGAIN = "signed again"


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a change.

    Attributes:
        accepted: the whole was verified, the signer trusted.
        meaning: it says something else than before, and was accepted.
        codes: of the refusals.
    """

    accepted: bool
    meaning: bool
    codes: tuple[str, ...]


class Submission:
    """A run, scored, signed and rendered by the suite; verified by a reviewer with a trust list."""

    def __init__(self, place: Path) -> None:
        parts = factory.document()
        parts["telemetry"] = [SAMPLE, {**SAMPLE, "t": 2_000_000, "power_w": 20.0}]
        self.folder = factory.write(place / "run", parts)
        files = evidence.RunFiles(self.folder)
        self._evidence = evidence.read(self.folder, files)
        self._digests = files.digests()
        self._card = score(self._evidence)
        self._bundle = sign.sign_run(self.folder, self._card, VENDOR_A)
        self._page = html.render(self._bundle, self._card)
        (self.folder / "scorecard.html").write_bytes(self._page)
        (self.folder / "engine.log").touch()
        self._payload = make_statement(
            plain(self._card), self._evidence.manifest_sha256 or "", sign.image_of(self._card)
        )
        self.files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self.sound = self.verify()

    def _is_same(self) -> bool:
        """Whether the evidence is that of the card."""
        here = evidence.RunFiles(self.folder)
        try:
            return all(here.digest(name) == digest for name, digest in self._digests.items())
        except OSError:
            return False

    @staticmethod
    @contextlib.contextmanager
    def quick() -> Iterator[None]:
        """Within it, the same payload is read once: reading it is pure, and takes most of the time."""
        read = functools.lru_cache(8)(statement.parse_statement)
        with (
            mock.patch.object(verify, "parse_statement", read),
            mock.patch.object(statement, "parse_statement", read),
        ):
            yield

    def verify(self, *, whole: bool = False) -> Verification:
        """What a reviewer does; what follows from the very bytes of before is not computed again."""

        def recompute(run: evidence.Evidence) -> object:
            if self._is_same():
                return self._card
            if whole:
                return score(run)
            raise EvidenceError(
                "tasks-empty", "left for later: other evidence is refused without it"
            )

        def render(bundle: bytes, card: object, language: Language, carried: Carried) -> bytes:
            if bundle == self._bundle and carried == NOTHING:
                return self._page
            return html.render(bundle, card, language, carried)

        return verify_run(self.folder, LIST, recompute=recompute, render=render)

    def changes(self, seed: int) -> Iterator[Change]:
        """Changes without end, of all kinds in turn."""
        random = Random(seed)
        kinds = (
            *[(changes.of_line, name) for name in LOGS if self.files.get(name)],
            *[(changes.of_document, name) for name in (*DOCUMENTS, *BUNDLES)],
            *[(changes.of_payload, name) for name in BUNDLES],
            *[(changes.of_bytes, name) for name in TEXTS],
        )
        every = sorted(name for name in self.files)
        while True:
            for make, name in kinds:
                yield make(random, name, self.files[name])
            yield self.signed_again(random)
            yield changes.of_folder(random, random.choice(every), b"")
            name = random.choice(every)
            yield changes.of_bytes(random, name, self.files[name])

    def signed_again(self, random: Random) -> Change:
        """One field of the card, signed by the vendor's own key, with nothing beside it that says otherwise."""
        value, what = changes.changed(random, json.loads(self._payload))
        payload = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        data = payload.encode("utf-8", "surrogatepass")
        # By hand, past everything that the suite's own signing refuses.
        bundle = bundle_bytes(data, VENDOR_A.sign(pae(data)), VENDOR_A.public.id, ())

        def apply(folder: Path) -> None:
            for name in (sign.STATEMENT_FILE, sign.TEST_RESULT_FILE, "scorecard.html"):
                (folder / name).unlink()
            (folder / sign.BUNDLE_FILE).write_bytes(bundle)

        return Change(SIGNED_AGAIN, what, apply)

    def attempt(self, change: Change) -> Result:
        """Apply a change, verify, and put everything back."""
        try:
            change.apply(self.folder)
            result = self.verify()
            if {error.code for error in result.errors} <= {"tasks-empty"} and result.errors:
                result = self.verify(whole=True)
        finally:
            self._restore()
        accepted = result.trusted
        return Result(
            accepted,
            accepted and self._says(result) != self._says(self.sound),
            tuple(sorted({e.code for e in result.errors})),
        )

    @staticmethod
    def _says(result: Verification) -> object:
        """What a reviewer takes from it: the signed bytes, who signed them and when, and the evidence under them."""
        held = result.verified
        assert held is not None
        assert result.evidence is not None
        run = result.evidence
        events = [plain(event) for event in (run.header, *run.marks, *run.requests, run.footer)]
        rest = (plain(run.plan), plain(run.environment), [plain(t) for t in run.tasks.values()])
        return (
            held.statement.payload,
            held.key_id,
            held.owner,
            held.time,
            jsonio.digest([events, rest]),
        )

    def _restore(self) -> None:
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or not path.is_file() or path.name not in self.files:
                path.unlink()
        for name, data in self.files.items():
            path = self.folder / name
            if not path.exists() or path.stat().st_size != len(data) or path.read_bytes() != data:
                path.write_bytes(data)
