"""Verification of a run directory, in numbered steps.

::

    The manifest names the evidence           manifest.json by schema, exactly the evidence files
    Every evidence file is unchanged          each re-hashed; missing, extra and changed files are named
    The evidence is readable                  each document and line by its schema, plan digest in the header
    The event log is complete                 footer present, its count of requests right
    A reviewer issued the challenge           where the run was made under one (trust list only)
    The run is signed                         the bundle is there
    (the steps of `suite.judge.attest.verify`)
    The files beside the bundle agree         scorecard.json is what was signed
    The test result follows                   test-result.sigstore.json derived again, same signer
    The numbers follow from the evidence      scorecard rebuilt from the raw events, value by value
    The page shows what was signed            rendered again, byte for byte

A step that fails is recorded and the others still run, as far as they can without it: a reviewer sees
everything that is wrong at once. Where a copy changed the line ends (git on Windows), that is refused first, and the steps
are done on the files as they were. What was not done is listed as skipped and never counts as passed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from typing import TYPE_CHECKING, TypeAlias

from suite import __version__, evidence
from suite.base.errors import EvidenceError, Place, Problem, SuiteError, TrustError
from suite.declare.known import release_of
from suite.documents.codec import plain
from suite.documents.document import given
from suite.documents.test_result import TestResult
from suite.judge.attest import earlier, files, lineends, page
from suite.judge.attest.challenge import verify_challenge, verify_commitment
from suite.judge.attest.compare import differences
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.keys import parse_public
from suite.judge.attest.sign import BUNDLE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import TEST_RESULT_TYPE, make_test_result
from suite.judge.attest.steps import Steps
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify import Examination, examine
from suite.judge.metrics.registry import METRIC_SCHEMA
from suite.judge.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from suite.base.jsonio import JSONValue
    from suite.documents.card import Scorecard
    from suite.documents.known import Release
    from suite.documents.manifest import ManifestFile
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.page import Render
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Note
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.verify import Verified

MAX_FINDINGS = 40
"""Differences that are listed one by one; the rest is counted."""

Recompute: TypeAlias = "Callable[[evidence.Evidence], Scorecard]"
"""Evidence in, the scorecard that follows from it out."""
Read: TypeAlias = "Callable[[evidence.RunFiles], evidence.Evidence]"
"""The files of a run in, each hashed already; what they hold out."""

_NUMBERS = "The numbers follow from the evidence"
_PAGE = "The page shows what was signed"


def _read(files: evidence.RunFiles) -> evidence.Evidence:
    return evidence.read(files.directory, files)


def verify_run(
    directory: Path,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    recompute: Recompute | None,
    render: Render | None,
    expected: Expected | None = None,
    read: Read = _read,
) -> Verification:
    """Verify everything that lies in a run directory.

    Without trust list and key the signature is checked against ``signer.pub.pem`` in the directory itself: that
    shows that nothing was changed since signing, and nothing about who signed; the result's identity is then
    `Identity.UNPROVEN` and its summary says so.

    Args:
        directory: the run directory.
        trust: the reviewers' list.
        key: a key that the caller vouches for, instead of a list.
        recompute: rebuilds the scorecard from evidence; None skips that step.
        render: renders the page; None skips that step.
        expected: nonce and verified time that the caller knows; the evidence digest is filled in here.
        read: reads the evidence.

    Raises:
        EvidenceError: ``run-missing``.
        UsageError: ``trust-ambiguous``.
    """
    if not directory.is_dir():
        raise EvidenceError("run-missing", f"there is no run directory {directory}")
    with lineends.restored(directory) as (place, changed):
        run = _Run(place, trust, key, expected or Expected())
        if changed:
            run.refuse_line_ends(changed)
        run.check_evidence(read)
        bundle = run.check_signature()
        stated = run.stated
        if stated is None or bundle is None:
            for what in (_NUMBERS, _PAGE):
                run.steps.skipped(what, "there is no statement to compare with")
        else:
            run.check_neighbours(stated)
            run.check_numbers(stated, recompute)
            with run.steps.attempt(_PAGE) as note:
                _check_page(place / files.PAGE_FILE, stated, bundle, render, note)
        return run.result(str(directory))


def verify_page(
    html: bytes,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    render: Render | None,
    expected: Expected | None = None,
    name: str = "page",
) -> Verification:
    """Verify a page alone: take its bundle out, verify it, render the page again and compare.

    The key is never taken from the page; without list and key the result is a refusal, and the page is compared all
    the same.
    """
    steps = Steps()
    result = Examination(None, None, None)
    bundle: bytes | None = None
    with contextlib.suppress(TrustError):  # recorded by its step
        with steps.step("The page carries one bundle") as note:
            bundle = page.extract_bundle(html, name=name)
            note.detail = f"{len(bundle):,} bytes"
        result = examine(bundle, trust, key=key, expected=expected, steps=steps, name=name)
        if result.stated is not None:
            steps.skipped(_NUMBERS, "only the page is at hand, not the evidence")
            with steps.step(_PAGE) as note:
                if render is None:
                    note.skip("page-not-checked", "no renderer at hand")
                else:
                    page.check_page(html, result.stated, bundle, render, note)
    return Verification(name, tuple(steps.done), result.verified, tuple(steps.errors), bundle)


def verify_file(
    bundle: bytes,
    trust: TrustList | None = None,
    *,
    key: PublicKey | None = None,
    expected: Expected | None = None,
    name: str = "bundle",
) -> Verification:
    """Verify a bundle alone; what was refused is in the steps."""
    steps = Steps()
    result = examine(bundle, trust, key=key, expected=expected, steps=steps, name=name)
    if result.stated is not None:
        steps.skipped(_NUMBERS, "only the bundle is at hand, not the evidence")
    return Verification(name, tuple(steps.done), result.verified, tuple(steps.errors), bundle)


class _Run:
    """One verification under way."""

    def __init__(
        self, directory: Path, trust: TrustList | None, key: PublicKey | None, expected: Expected
    ) -> None:
        self.directory = directory
        self.trust = trust
        self.key = key
        self.neighbour: PublicKey | None = None
        self.expected = expected
        self.steps = Steps()
        self.bundle: bytes | None = None
        self.evidence: evidence.Evidence | None = None
        self.manifest_sha256: str | None = None
        self.stated: Stated | None = None
        self.verified: Verified | None = None

    def result(self, subject: str) -> Verification:
        steps = self.steps
        done, errors = tuple(steps.done), tuple(steps.errors)
        return Verification(subject, done, self.verified, errors, self.bundle, self.evidence)

    def refuse_line_ends(self, changed: Sequence[str]) -> None:
        """Record that files have other line ends than were written; what follows is about them as they were."""
        with self.steps.attempt("Line ends are as they were written"):
            count = "1 file" if len(changed) == 1 else f"{len(changed)} files"
            problems = [Problem(name) for name in changed]
            hint = "get the run as it was written: an archive, or a clone with core.autocrlf=false"
            message = f"line ends were changed ({count})"
            raise EvidenceError(lineends.CODE, message, None, hint, problems)

    def check_evidence(self, read: Read) -> None:
        run = evidence.RunFiles(self.directory)
        listed: Sequence[ManifestFile] | None = None
        with self.steps.attempt("The manifest names the evidence") as note:
            listed, self.manifest_sha256 = files.read_manifest(run)
            note.detail = f"{len(listed)} files, SHA-256 {self.manifest_sha256}"
        if listed is None:
            self.steps.skipped("Every evidence file is unchanged", "there is no usable manifest")
        else:
            with self.steps.attempt("Every evidence file is unchanged") as note:
                size = files.check_files(run, listed)
                note.detail = f"{len(listed)} files, {size:,} bytes hashed again"
        with self.steps.attempt("The evidence is readable") as note:
            self.evidence = read(run)
            counts = f"{len(self.evidence.requests):,} requests, {len(self.evidence.tasks):,} tasks"
            note.detail = f"every line valid, made under this plan; {counts}"
        if self.evidence is None:
            self.steps.skipped("The event log is complete", "the evidence is not readable")
            return
        with self.steps.attempt("The event log is complete") as note:
            _check_footer(self.evidence, note)
        self._check_challenge(self.evidence)

    def _check_challenge(self, run: evidence.Evidence) -> None:
        basis = run.basis
        under = None if basis is None else given(basis.challenge)
        if under is None:
            return
        with self.steps.attempt("A reviewer issued the challenge") as note:
            name = under.stated.round
            if self.trust is None:
                note.warn(
                    "signer-not-listed",
                    f"round {name}; no trust list says who may issue challenges",
                )
                return
            issued = verify_challenge(under.bundle.encode(), self.trust, f"challenge {name}")
            note.detail = f"round {name}, issued by {issued.owner}"
        bundle = given(under.commitment)
        if bundle is None:
            return
        with self.steps.attempt("The vendor signed the commitment") as note:
            if self.trust is None:
                note.warn("signer-not-listed", "no trust list says whose key signed it")
                return
            made = verify_commitment(bundle.encode(), self.trust, f"commitment of {name}")
            note.detail = f"signed by {made.owner}, before the challenge names it"

    def check_signature(self) -> bytes | None:
        path = self.directory / BUNDLE_FILE
        bundle: bytes | None = None
        with self.steps.attempt("The run is signed") as note:
            if not os.path.lexists(path):
                hint = "sign it with `suite sign`"
                message = "the run directory holds no bundle: nobody signed these results"
                raise TrustError("not-signed", message, Place(str(path)), hint)
            bundle = files.read_limited(path, MAX_BUNDLE_BYTES)
            self.neighbour = self._neighbour_key()
            note.detail = f"{BUNDLE_FILE}, {len(bundle):,} bytes"
        self.bundle = bundle
        if bundle is None:
            return None
        # Without a manifest there is nothing at hand; its own step has failed already.
        want = dataclasses.replace(self.expected, manifest_sha256=self.manifest_sha256)
        result = self._examine(bundle, want, self.steps, path)
        self.stated, self.verified = result.stated, result.verified
        return bundle

    def _neighbour_key(self) -> PublicKey | None:
        path = self.directory / PUBLIC_KEY_FILE
        try:
            return parse_public(files.read_limited(path, 16 * 1024), name=str(path))
        except TrustError:
            # Where the caller knows the key, what lies beside the run only adds to it.
            if not os.path.lexists(path) or self.trust is not None or self.key is not None:
                return None
            raise

    def _examine(self, bundle: bytes, want: Expected, steps: Steps, path: Path) -> Examination:
        return examine(
            bundle,
            self.trust,
            key=self.key,
            neighbour=self.neighbour,
            expected=want,
            steps=steps,
            name=str(path),
        )

    def check_neighbours(self, stated: Stated) -> None:
        with self.steps.attempt("The files beside the bundle agree") as note:
            path = self.directory / STATEMENT_FILE
            if not os.path.lexists(path):
                note.skip("statement-absent", f"there is no {STATEMENT_FILE}")
            elif files.read_limited(path, MAX_BUNDLE_BYTES) != stated.statement.payload:
                message = f"{STATEMENT_FILE} is not what was signed"
                hint = "believe the bundle alone; its payload is the scorecard"
                raise TrustError("statement-differs", message, Place(str(path)), hint)
            else:
                note.detail = f"{STATEMENT_FILE} holds the signed bytes"
        self._check_test_result(stated)

    def _check_test_result(self, stated: Stated) -> None:
        what = "The test result follows from the scorecard"
        path = self.directory / TEST_RESULT_FILE
        if not os.path.lexists(path):
            self.steps.skipped(what, f"there is no {TEST_RESULT_FILE}")
            return
        with self.steps.attempt(what) as note:
            derived = make_test_result(stated.statement.payload)
            # It is signed together with the card: what vouches for the one's time vouches for the other's.
            time = self.verified.time if self.verified else None
            want = Expected(predicate_type=TEST_RESULT_TYPE, time=time)
            bundle = files.read_limited(path, MAX_BUNDLE_BYTES)
            result = self._examine(bundle, want, Steps(), path)
            if result.error is not None and (result.stated is None or self.verified is not None):
                raise result.error
            if result.stated is None or result.stated.statement.payload != derived:
                message = "the test result does not say what the scorecard says"
                raise TrustError("test-result-differs", message, Place(str(path)))
            assert isinstance(result.stated.document, TestResult)
            holds = "its own signature holds" if result.verified else "signed by the same key"
            note.detail = f"derived again: {result.stated.document.result}; {holds}"

    def check_numbers(self, stated: Stated, recompute: Recompute | None) -> None:
        if self.evidence is None:
            self.steps.skipped(_NUMBERS, "the evidence is not readable")
            return
        if recompute is None:
            self.steps.skipped(_NUMBERS, "no way to recompute was given")
            return
        with self.steps.attempt(_NUMBERS) as note:
            note.detail = _check_numbers(self.evidence, stated, recompute)


def _check_footer(run: evidence.Evidence, note: Note) -> None:
    footer = run.footer
    if footer is None:
        note.warn(
            "footer-missing", "the log has no footer: the run was cut, and its card must say so"
        )
        return
    if footer.requests != len(run.requests):
        counts = f"{footer.requests} requests in the footer, {len(run.requests)} in the log"
        place = Place(str(run.directory / "events.jsonl"))
        raise EvidenceError("footer-count", f"the event log is incomplete: {counts}", place)
    note.detail = f"{footer.requests:,} requests, ended: {footer.ended}"


def _check_numbers(run: evidence.Evidence, stated: Stated, recompute: Recompute) -> str:
    signed = stated.statement.predicate
    try:
        again = plain(recompute(run))
    except (TrustError, EvidenceError):
        raise
    except SuiteError as cause:
        message = f"the scorecard cannot be rebuilt: {cause.message}"
        raise EvidenceError("recompute-failed", message, cause.place, cause.hint) from cause
    release = release_of(stated.card.suite)
    if release is None:
        wrong, detail = (
            tuple(differences(signed, again)),
            f"{_count(signed):,} values, all as signed",
        )
    else:
        beside = earlier.compare(signed, again, release, schema=METRIC_SCHEMA)
        wrong, detail = beside.wrong, _earlier(release, beside, _count(signed))
    problems = [
        Problem(f"{item.pointer}: signed {item.left}, recomputed {item.right}") for item in wrong
    ]
    if problems:
        shown = problems[:MAX_FINDINGS]
        if len(problems) > len(shown):
            shown.append(Problem(f"and {len(problems) - len(shown)} more"))
        version = stated.card.suite.version
        other = f"; it was made by version {version}, this is {__version__}"
        hint = "the evidence counts, not the card" + (other if version != __version__ else "")
        count = "one value does" if len(problems) == 1 else f"{len(problems)} values do"
        message = f"{count} not follow from the evidence"
        raise TrustError("numbers-differ", message, None, hint, shown)
    return f"scorecard rebuilt from the raw events: {detail}"


def _earlier(release: Release, beside: earlier.Comparison, values: int) -> str:
    """What a reader has to know of a card of an earlier release."""
    since = [rule.number for rule in RULES if rule.number not in release.rules]
    parts = [f"{values:,} values, of release {release.version}, all as signed but for its words"]
    if beside.older:
        parts.append(
            f"{beside.older:,} of them are of an older definition (metric_schema "
            f"{release.metric_schema}, this is {METRIC_SCHEMA}) and were not verified"
        )
    if since:
        parts.append(f"rules that came since and were not asked: {', '.join(since)}")
    return "; ".join(parts)


def _count(value: JSONValue) -> int:
    if isinstance(value, dict):
        return sum(_count(item) for item in value.values())
    if isinstance(value, list):
        return sum(_count(item) for item in value)
    return 1


def _check_page(
    path: Path, stated: Stated, bundle: bytes, render: Render | None, note: Note
) -> None:
    if not os.path.lexists(path):
        note.skip("page-absent", f"there is no {path.name}")
    elif render is None:
        note.skip("page-not-checked", "no renderer at hand")
    else:
        html = files.read_limited(path, page.MAX_PAGE_BYTES)
        page.check_page(html, stated, bundle, render, note)
