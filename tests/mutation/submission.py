"""A valid submission and its verification, thousands of times over."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from unittest import mock

from suite import evidence
from suite.base import jsonio
from suite.base.errors import EvidenceError
from suite.base.language import Language
from suite.documents.card import Scorecard
from suite.documents.codec import plain
from suite.judge.attest import keys, sign, statement, trust, verify
from suite.judge.attest.envelope import bundle_bytes, pae
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import NOTHING, Carried
from suite.judge.attest.statement import make_statement
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify_run import verify_run
from suite.judge.report import html
from suite.judge.score import score
from suite.judge.submissions import pack
from tests.cases.bundle_verify.cases import VENDOR_A, entry
from tests.factories import evidence as factory
from tests.mutation import changes
from tests.mutation.changes import Change

RELEASED = (
    Path(__file__)
    .parents[1]
    .joinpath(*("cases", "releases", "0.2.0", "submissions", "cpu", "no-round", "vllm-cpu"))
)
BUNDLES = (sign.BUNDLE_FILE, sign.TEST_RESULT_FILE)
SAMPLE = {
    "t": 1_000_000,
    "tool": "nvidia-smi",
    "device": "0",
    "power_w": 10.0,
    "memory_used_bytes": 5,
}
SIGNED_AGAIN = "signed again"
Make = Callable[[Random, str, bytes], Change]


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


@dataclasses.dataclass(frozen=True)
class Base:
    """A submission as a reviewer gets it.

    Attributes:
        folder: the run directory.
        trust: the reviewer's list.
        card: what its evidence comes to.
        key: the vendor's own; None where it is not here.
    """

    folder: Path
    trust: trust.TrustList
    card: Scorecard
    key: keys.PrivateKey | None


def made(place: Path) -> Base:
    """A small run, scored, signed and rendered here."""
    parts = factory.document()
    parts["telemetry"] = [SAMPLE, {**SAMPLE, "t": 2_000_000, "power_w": 20.0}]
    folder = factory.write(place / "run", parts)
    card = score(evidence.read(folder))
    bundle = sign.sign_run(folder, card, VENDOR_A)
    (folder / PAGE_FILE).write_bytes(html.render(bundle, card))
    (folder / "engine.log").touch()
    listed = jsonio.pretty({"trust_schema": 1, "keys": [entry(VENDOR_A, "cpu")]})
    return Base(folder, trust.parse(listed), card, VENDOR_A)


def released(place: Path) -> Base:
    """A run of a real engine, as a release of the suite keeps it: every file that a run leaves."""
    folder = place / "run"
    folder.mkdir()
    with (RELEASED / pack.PACK_FILE).open("rb") as packed:
        pack.unpack(packed, folder)
    for name in (sign.BUNDLE_FILE, PAGE_FILE):
        shutil.copyfile(RELEASED / name, folder / name)
    listed = trust.parse((RELEASED.parents[3] / "keys.json").read_bytes())
    return Base(folder, listed, score(evidence.read(folder)), None)


class Submission:
    """A submission, changed and verified by a reviewer with a trust list over and over."""

    def __init__(self, base: Base) -> None:
        self.folder, self._trust, self._card, self._key = (
            *(base.folder, base.trust),
            *(base.card, base.key),
        )
        read = evidence.RunFiles(self.folder)
        self._run = evidence.read(self.folder, read)
        self._digests = read.digests()
        self.files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        self._bundle, self._page = self.files[sign.BUNDLE_FILE], self.files[PAGE_FILE]
        self._payload = make_statement(
            plain(self._card), self._run.manifest_sha256 or "", sign.image_of(self._card)
        )
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

        return verify_run(self.folder, self._trust, recompute=recompute, render=render)

    def changes(self, seed: int) -> Iterator[Change]:
        """Changes without end, of all kinds in turn."""
        random = Random(seed)
        every = sorted(self.files)
        kinds = [(make, name) for name in every for make in _makers(name, self.files[name])]
        while True:
            for make, name in kinds:
                yield make(random, name, self.files[name])
            if self._key is not None:
                yield self.signed_again(random, self._key)
            yield changes.of_folder(random, random.choice(every), b"")
            name = random.choice(every)
            yield changes.of_bytes(random, name, self.files[name])
            yield changes.swapped(random, name, every)
            name = random.choice([name for name in every if name.endswith(".json")])
            yield changes.reordered(random, name, self.files[name])

    def signed_again(self, random: Random, key: keys.PrivateKey) -> Change:
        """One field of the card, signed by the vendor's own key, with nothing beside it that says otherwise."""
        value, what = changes.changed(random, json.loads(self._payload))
        payload = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        data = payload.encode("utf-8", "surrogatepass")
        # By hand, past everything that the suite's own signing refuses.
        bundle = bundle_bytes(data, key.sign(pae(data)), key.public.id, ())

        def apply(folder: Path) -> None:
            for name in (sign.STATEMENT_FILE, sign.TEST_RESULT_FILE, PAGE_FILE):
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


def _makers(name: str, data: bytes) -> list[Make]:
    """How a file is changed, by what it is."""
    if name in BUNDLES:
        return [changes.of_document, changes.of_payload]
    if name.endswith(".jsonl") and data:
        return [changes.of_line]
    return [changes.of_document if name.endswith(".json") else changes.of_bytes]


HARMLESS = {
    "^scorecard.html: removed": "the page is made of the signed card; `suite check` asks a submission for it",
    "^.gitattributes: removed": "it keeps git from changing line ends, and is no evidence",
    "^signer.pub.pem: ": "with a trust list nobody reads the key that lies beside a run",
    "^test-result.sigstore.json: order of members": "the signed bytes are the same, in an envelope whose members stand in another order",
}
"""Changes that may be accepted, by file and place, and why they say nothing else."""
BASES = {"made": made, "released": released}


def harmless_because(change: Change) -> str | None:
    """Why a change may be accepted: it says nothing else to a reviewer; None where nothing explains it."""
    return next(
        (
            why
            for where, why in HARMLESS.items()
            if re.search(where, f"{change.file}: {change.what}")
        ),
        None,
    )
