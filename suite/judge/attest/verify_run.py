"""Verification of a run directory, in numbered steps.

::

    The manifest names the evidence           manifest.json by schema, exactly the evidence files
    Every evidence file is unchanged          each re-hashed; missing, extra and changed files are named
    The evidence is readable                  each document and line by its schema, plan digest in the header
    The event log is complete                 footer present, its count of requests right
    A reviewer issued the challenge           where the run was made under one (trust list only)
    A listed authority stamped the log        where stamps of its digests were kept (trust list only)
    Their maker attests the devices           where they signed for the run (trust list only)
    A reviewer signed the reference run       where it carries one (trust list only)
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

from suite import evidence
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EvidenceError, Place, Problem, TrustError
from suite.documents.document import given
from suite.documents.test_result import TestResult
from suite.judge.attest import carried, files, lineends, numbers, page
from suite.judge.attest.challenge import check_challenge
from suite.judge.attest.deviceevidence import check_devices
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.keys import parse_public
from suite.judge.attest.origin import check_stamps
from suite.judge.attest.sign import BUNDLE_FILE, PUBLIC_KEY_FILE, STATEMENT_FILE, TEST_RESULT_FILE
from suite.judge.attest.stated import Expected
from suite.judge.attest.statement import TEST_RESULT_TYPE, make_test_result
from suite.judge.attest.steps import Steps
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify import Examination, examine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from suite.documents.manifest import ManifestFile
    from suite.judge.attest.keys import PublicKey
    from suite.judge.attest.numbers import Recompute
    from suite.judge.attest.page import Render
    from suite.judge.attest.stated import Stated
    from suite.judge.attest.steps import Note
    from suite.judge.attest.trust import TrustList
    from suite.judge.attest.verify import Verified

Read: TypeAlias = "Callable[[evidence.RunFiles], evidence.Evidence]"
"""The files of a run in, each hashed already; what they hold out."""

_UNCHANGED = Sentence("Every evidence file is unchanged", "各证据文件均未改变")
_COMPLETE = Sentence("The event log is complete", "事件日志完整")
_UNREADABLE = Sentence("the evidence is not readable", "证据不可读")
_NUMBERS = Sentence("The numbers follow from the evidence", "数字由证据得出")
_PAGE = Sentence("The page shows what was signed", "页面所示即所签名")


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
        raise EvidenceError(
            "run-missing",
            Sentence(f"there is no run directory {directory}", f"没有运行目录 {directory}"),
        )
    with lineends.restored(directory) as (place, changed):
        run = _Run(place, trust, key, expected or Expected())
        if changed:
            run.refuse_line_ends(changed)
        run.check_evidence(read)
        bundle = run.check_signature()
        stated = run.stated
        if stated is None or bundle is None:
            for what in (_NUMBERS, _PAGE):
                run.steps.skipped(
                    what, Sentence("there is no statement to compare with", "没有可比较的声明")
                )
        else:
            run.check_neighbours(stated)
            run.check_numbers(stated, recompute)
            with run.steps.attempt(_PAGE) as note:
                html = _check_page(place / files.PAGE_FILE, stated, bundle, render, note)
                carried.check_statements(html, trust, stated, run.steps, run.maker)
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
        with steps.step(Sentence("The page carries one bundle", "页面含一个签名包")) as note:
            bundle = page.extract_bundle(html, name=name)
            note.detail = Sentence(f"{len(bundle):,} bytes", f"{len(bundle):,} 字节")
        result = examine(bundle, trust, key=key, expected=expected, steps=steps, name=name)
        if result.stated is not None:
            steps.skipped(
                _NUMBERS,
                Sentence("only the page is at hand, not the evidence", "手头只有页面，没有证据"),
            )
            with steps.step(_PAGE) as note:
                page.check_page(html, result.stated, bundle, render, note)
            carried.check_statements(html, trust, result.stated, steps)
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
        steps.skipped(
            _NUMBERS,
            Sentence("only the bundle is at hand, not the evidence", "手头只有签名包，没有证据"),
        )
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
        self.maker = ""

    def result(self, subject: str) -> Verification:
        steps = self.steps
        done, errors = tuple(steps.done), tuple(steps.errors)
        return Verification(
            subject, done, self.verified, errors, self.bundle, self.evidence, self.maker
        )

    def refuse_line_ends(self, changed: Sequence[str]) -> None:
        """Record that files have other line ends than were written; what follows is about them as they were."""
        what = Sentence("Line ends are as they were written", "换行符与写入时一致")
        with self.steps.attempt(what):
            number = len(changed)
            count = Sentence(f"{number} file{'s' if number != 1 else ''}", f"{number} 个文件")
            problems = [Problem(name) for name in changed]
            hint = Sentence(
                "get the run as it was written: an archive, or a clone with core.autocrlf=false",
                "请取得写入时原样的运行：归档文件，或以 core.autocrlf=false 克隆",
            )
            message = Sentence(
                f"line ends were changed ({count})", f"换行符被更改（{chinese(count)}）"
            )
            raise EvidenceError(lineends.CODE, message, None, hint, problems)

    def check_evidence(self, read: Read) -> None:
        run = evidence.RunFiles(self.directory)
        listed: Sequence[ManifestFile] | None = None
        with self.steps.attempt(
            Sentence("The manifest names the evidence", "清单列出证据文件")
        ) as note:
            listed, self.manifest_sha256 = files.read_manifest(run)
            note.detail = Sentence(
                f"{len(listed)} files, SHA-256 {self.manifest_sha256}",
                f"{len(listed)} 个文件，SHA-256 {self.manifest_sha256}",
            )
        if listed is None:
            self.steps.skipped(
                _UNCHANGED, Sentence("there is no usable manifest", "没有可用的清单")
            )
        else:
            with self.steps.attempt(_UNCHANGED) as note:
                size = files.check_files(run, listed)
                note.detail = Sentence(
                    f"{len(listed)} files, {size:,} bytes hashed again",
                    f"{len(listed)} 个文件，重新计算 {size:,} 字节的摘要",
                )
        with self.steps.attempt(Sentence("The evidence is readable", "证据可读")) as note:
            self.evidence = read(run)
            counts = Sentence(
                f"{len(self.evidence.requests):,} requests, {len(self.evidence.tasks):,} tasks",
                f"{len(self.evidence.requests):,} 个请求，{len(self.evidence.tasks):,} 个任务",
            )
            note.detail = Sentence(
                f"every line valid, made under this plan; {counts}",
                f"每行均有效，且出自本计划；{chinese(counts)}",
            )
        if self.evidence is None:
            self.steps.skipped(_COMPLETE, _UNREADABLE)
            return
        with self.steps.attempt(_COMPLETE) as note:
            files.check_footer(self.evidence, note)
        basis = self.evidence.basis
        under = None if basis is None else given(basis.challenge)
        if under is not None:
            check_challenge(self.steps, under, self.trust)
        check_stamps(self.steps, self.evidence, self.trust)
        self.maker = check_devices(self.steps, self.evidence, self.trust)
        carried.check_reference(self.evidence, self.trust, self.steps)

    def check_signature(self) -> bytes | None:
        path = self.directory / BUNDLE_FILE
        bundle: bytes | None = None
        with self.steps.attempt(Sentence("The run is signed", "运行已签名")) as note:
            if not os.path.lexists(path):
                hint = Sentence("sign it with `suite sign`", "请以 `suite sign` 签名")
                message = Sentence(
                    "the run directory holds no bundle: nobody signed these results",
                    "运行目录没有签名包：这些结果无人签名",
                )
                raise TrustError("not-signed", message, Place(str(path)), hint)
            bundle = files.read_limited(path, MAX_BUNDLE_BYTES)
            self.neighbour = self._neighbour_key()
            note.detail = Sentence(
                f"{BUNDLE_FILE}, {len(bundle):,} bytes", f"{BUNDLE_FILE}，{len(bundle):,} 字节"
            )
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
        with self.steps.attempt(
            Sentence("The files beside the bundle agree", "签名包旁的文件一致")
        ) as note:
            path = self.directory / STATEMENT_FILE
            if not os.path.lexists(path):
                note.skip(
                    "statement-absent",
                    Sentence(f"there is no {STATEMENT_FILE}", f"没有 {STATEMENT_FILE}"),
                )
            elif files.read_limited(path, MAX_BUNDLE_BYTES) != stated.statement.payload:
                message = Sentence(
                    f"{STATEMENT_FILE} is not what was signed", f"{STATEMENT_FILE} 不是所签名的内容"
                )
                hint = Sentence(
                    "believe the bundle alone; its payload is the scorecard",
                    "仅签名包可信；其内容即评分卡",
                )
                raise TrustError("statement-differs", message, Place(str(path)), hint)
            else:
                note.detail = Sentence(
                    f"{STATEMENT_FILE} holds the signed bytes", f"{STATEMENT_FILE} 即签名内容"
                )
        self._check_test_result(stated)

    def _check_test_result(self, stated: Stated) -> None:
        what = Sentence("The test result follows from the scorecard", "测试结果由评分卡得出")
        path = self.directory / TEST_RESULT_FILE
        if not os.path.lexists(path):
            self.steps.skipped(
                what, Sentence(f"there is no {TEST_RESULT_FILE}", f"没有 {TEST_RESULT_FILE}")
            )
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
                message = Sentence(
                    "the test result does not say what the scorecard says", "测试结果与评分卡不符"
                )
                raise TrustError("test-result-differs", message, Place(str(path)))
            assert isinstance(result.stated.document, TestResult)
            holds = (
                Sentence("its own signature holds", "其自身签名有效")
                if result.verified
                else Sentence("signed by the same key", "由同一密钥签名")
            )
            note.detail = Sentence(
                f"derived again: {result.stated.document.result}; {holds}",
                f"重新得出：{result.stated.document.result}；{chinese(holds)}",
            )

    def check_numbers(self, stated: Stated, recompute: Recompute | None) -> None:
        if self.evidence is None:
            self.steps.skipped(_NUMBERS, _UNREADABLE)
            return
        if recompute is None:
            self.steps.skipped(
                _NUMBERS, Sentence("no way to recompute was given", "没有给出重新计算的方法")
            )
            return
        with self.steps.attempt(_NUMBERS) as note:
            note.detail = numbers.check_numbers(self.evidence, stated, recompute)


def _check_page(
    path: Path, stated: Stated, bundle: bytes, render: Render | None, note: Note
) -> bytes:
    if not os.path.lexists(path):
        note.skip("page-absent", Sentence(f"there is no {path.name}", f"没有 {path.name}"))
    else:
        html = files.read_limited(path, page.MAX_PAGE_BYTES)
        page.check_page(html, stated, bundle, render, note)
        return html
    return b""
