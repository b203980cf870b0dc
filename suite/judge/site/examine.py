"""One submission checked for the site, or known from an earlier check: files and everything that decides are the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET

from suite.base import harness, jsonio
from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import SuiteError
from suite.base.safe import read_plain
from suite.documents import codec
from suite.documents.card import Scorecard
from suite.documents.text import Text
from suite.judge.attest import envelope
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.attest.statement import parse_statement
from suite.judge.card.leaves import cut
from suite.judge.site import known
from suite.judge.site.cards import site_card
from suite.judge.site.known import Entry
from suite.judge.submissions import folders, replay
from suite.judge.submissions.check import check

if TYPE_CHECKING:
    from suite.documents.check import CheckStep
    from suite.judge.submissions.check import Setting
    from suite.judge.submissions.folders import Submission

_ELSEWHERE: Final = (
    "suite/cli/",
    "suite/measure/",
    "suite/judge/site/",
    "suite/judge/compare/",
    "images/",
)
"""Parts of the suite that do not decide how a submission is checked."""
_FINDINGS: Final = 3
"""Of what a refusal names, so much is shown beside it."""


def holds(entry: Entry, setting: Setting, rules: str) -> bool:
    """Whether a result still stands for the same files."""
    lasting = not entry.until or setting.today <= entry.until
    return bool(entry.stat) and lasting and entry.key == key_of(entry.files, rules)


def decided_by(setting: Setting) -> str:
    """A digest of what decides a check besides the submission's own files."""
    asked = (
        harness.files_sha256(_ELSEWHERE),
        setting.trust,
        setting.key,
        setting.division,
        setting.reviews,
        [msgspec.json.encode(waiver) for waiver in setting.waivers],
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def key_of(files: dict[str, str], rules: str) -> str:
    """A digest of everything that decides a check."""
    return jsonio.digest({"files": dict(files), "rules": rules})


def examined(work: tuple[Submission, Entry | None], *, setting: Setting, rules: str) -> Entry:
    """Check one submission, or find that its files are those of an earlier check."""
    submission, before = work
    stat = known.stat_of(submission)
    try:
        files = known.files_of(submission)
    except SuiteError as error:
        return _refusal(submission.path, [error.code], error.message)
    except OSError as error:
        return _refusal(
            submission.path,
            ["file-unreadable"],
            Sentence(f"cannot read: {error.strerror}", f"无法读取：{error.strerror}"),
        )
    if before is not None and before.files == files and holds(before, setting, rules):
        return msgspec.structs.replace(before, stat=stat)
    trace = replay.trace(submission, setting.elsewhere)
    result = check(submission, replace(setting, traces=(trace,), edited=frozenset()))
    if known.stat_of(submission) != stat:
        return _refusal(
            submission.path,
            ["submission-files"],
            Sentence("it was changed while it was checked", "在检查期间被更改"),
        )
    fails = [step for step in result.steps if step.outcome in ("fail", "error")]
    card = None
    if result.verdict != "refused" and result.card is not UNSET:
        data = read_plain(
            submission.folder / BUNDLE_FILE, MAX_BUNDLE_BYTES, below=submission.folder
        )
        card = site_card(card_of(data), result)
    return Entry(
        path=submission.path,
        # What lies elsewhere may be there the next time.
        stat="" if card is None and folders.REFERENCE_FILE in files else stat,
        files=files,
        key=key_of(files, rules),
        payload=trace.payload,
        sample=trace.sample,
        card=card,
        codes=list(result.codes),
        why=_both(_said(fails[0]) if fails else ""),
        until=min(
            (item.expires for item in setting.waivers if item.id in result.waivers), default=""
        ),
    )


def _said(step: CheckStep) -> str:
    """A refusal, and the first of what it names: who rejected and why, which rules failed."""
    detail = step.detail or step.what
    named = [cut(item, 200) for item in step.findings[:_FINDINGS]]
    return placed(detail, joined(named, "; ", "；")) if named else detail


def _refusal(path: str, codes: list[str], why: str) -> Entry:
    return Entry(path, "", {}, "", "", b"", None, codes, _both(why), "")


def _both(text: str) -> Text:
    return Text(en=str(text), zh=chinese(text))


def card_of(bundle: bytes) -> Scorecard:
    """The card in a bundle that was verified."""
    return codec.convert(parse_statement(envelope.parse(bundle).payload).predicate, Scorecard)
