"""A tree with one sound submission, and the ways in which the cases under ``tests/cases/submissions`` change it."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from suite import evidence
from suite.base import jsonio
from suite.documents.card import Scorecard
from suite.documents.codec import convert, plain
from suite.documents.submission import EVIDENCE_TYPE
from suite.judge.attest import keys, review, sign
from suite.judge.report import html
from suite.judge.score import score
from suite.judge.submissions import folders, pack, submit
from suite.judge.submissions.source import Elsewhere
from suite.judge.submissions.stores import Directory
from tests.cases.bundle_verify.cases import REVIEWER, STRANGER, VENDOR_A, VENDOR_B, entry
from tests.factories import evidence as factory

KEYS = {"cpu": VENDOR_A, "alice": REVIEWER, "bob": VENDOR_B, "stranger": STRANGER}
TRUST = jsonio.pretty(
    {
        "trust_schema": 1,
        "keys": [
            entry(KEYS["cpu"], "cpu"),
            entry(KEYS["alice"], "alice", "reviewer"),
            entry(KEYS["bob"], "bob", "reviewer"),
        ],
    }
)
NOON = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)


def finish(directory: Path, key: keys.PrivateKey, card: Scorecard | None = None) -> Scorecard:
    """Sign and render a run's card, or another one that is put in its place."""
    stated = card or score(evidence.read(directory))
    (directory / "scorecard.html").write_bytes(
        html.render(sign.sign_run(directory, stated, key), stated)
    )
    return stated


@functools.cache
def _document() -> dict:
    return factory.document()


def run(
    directory: Path,
    key: str = "cpu",
    *,
    name: str = "factory-run",
    ended: str = "complete",
    keep: float = 1,
    shift_ns: int = 0,
    emulated: bool = False,
    runtime: str = "",
    apart_ns: int = 977,
    started: str = "",
    model: str = "",
) -> Scorecard:
    """A signed run; `keep` and `shift_ns` take over a part of the log with other times of the clock.

    What is not kept takes `apart_ns` longer: runs with different ones have no request in common.
    """
    parts = copy.deepcopy(_document())
    parts["header"]["run_id"] = name
    parts["header"]["started_utc"] = started or parts["header"]["started_utc"]
    if model:
        parts["plan"]["model"] |= {"id": model, "sha256": jsonio.sha256_hex(model.encode())}
    parts["plan"]["vendor"]["emulated"] = emulated
    parts["plan"]["runtime"] = runtime or parts["plan"]["runtime"]
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    parts["footer"]["ended"] = ended
    if ended != "complete":
        parts["footer"]["error"] = {"code": "interrupted", "message": "interrupted"}
    requests = parts["requests"]
    if keep < 1:
        last = int(len(requests) * keep)
        for request in requests[last:]:
            request["t_end"] += apart_ns
            request["chunk_dt"] = [gap + 31 for gap in request["chunk_dt"]]
    for request in requests:
        for member in ("t_sched", "t_send", "chunk_t0", "t_end"):
            if request[member] is not None:
                request[member] += shift_ns
    return finish(factory.write(directory, parts), KEYS[key])


@dataclass
class Tree:
    """One case under way: where the tree lies, and what the reviewer asks for."""

    root: Path
    path: str = "cpu/no-round/factory-run"
    runs: int = 0
    options: dict = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        return self.root / "submissions"

    @property
    def folder(self) -> Path:
        return self.tree / self.path

    def add(self, **options: object) -> None:
        """Measure, sign and lay out a run."""
        self.runs += 1
        directory = self.root / f"run-{self.runs}"
        card = run(directory, **options)
        handed = submit.lay_out(directory, card, self.tree)
        self.path = handed.submission.path

    def apply(self, op: str, **words: object) -> None:
        getattr(self, f"op_{op}")(**words)

    def op_run(self, name: str, **options: object) -> None:
        shutil.rmtree(self.folder)
        self.add(name=name, **options)

    def op_rerun(self, run: str, **options: object) -> None:
        self.add(name=run, **options)

    def op_write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def op_append(self, path: str, text: str) -> None:
        with (self.folder / path).open("ab") as stream:
            stream.write(text.encode())

    def op_link(self, path: str, target: str) -> None:
        (self.folder / path).unlink()
        (self.folder / path).symlink_to(target)

    def op_page(self) -> None:
        page = self.folder / "scorecard.html"
        page.write_bytes(page.read_bytes().replace(b"failed", b"passed", 1))

    def op_repack(self, without: str = "", replace: str = "") -> None:
        directory = self.root / "unpacked"
        directory.mkdir()
        target = self.folder / pack.PACK_FILE
        with target.open("rb") as packed:
            pack.unpack(packed, directory)
        if replace:
            path = directory / replace
            path.write_bytes(path.read_bytes().replace(b'"t_end":1', b'"t_end":2', 1))
        names = [path.name for path in directory.iterdir() if path.name != without]
        pack.pack(directory, names, target)

    def op_card(self) -> None:
        directory = self.root / f"run-{self.runs}"
        card = plain(score(evidence.read(directory)))
        values = card["phases"][0]["metrics"]
        name = next(name for name, value in values.items() if "value" in value)
        values[name]["value"] *= 1.5
        finish(directory, KEYS["cpu"], convert(card, Scorecard))
        for name in ("scorecard.html", "scorecard.sigstore.json"):
            shutil.copy(directory / name, self.folder / name)

    def op_move(self, to: str) -> None:
        (self.tree / to).parent.mkdir(parents=True, exist_ok=True)
        self.folder.rename(self.tree / to)
        self.path = to

    def op_copy(self, to: str) -> None:
        shutil.copytree(self.folder, self.tree / to)
        self.path = to

    def op_waiver(self, rules: list[str], expires: str, approver: str = "alice") -> None:
        waiver = {
            "id": "w-1",
            "vendor": "cpu",
            "rules": rules,
            "devices": ["cpu"],
            "reason": "a driver defect",
            "link": "https://example.org/issues/1",
            "approver": approver,
            "expires": expires,
        }
        (self.tree / folders.WAIVERS_FILE).write_bytes(
            jsonio.pretty({"waivers_schema": 1, "waivers": [waiver]})
        )

    def op_revoke(self, whose: str) -> None:
        known = jsonio.loads(TRUST)
        (mine,) = (item for item in known["keys"] if item["owner"] == whose)
        mine["revoked"] = {"at": "2026-01-01T00:00:00Z", "reason": "the key was lost"}
        self.options["trust"] = jsonio.pretty(known)

    def op_rename(self, reviewer: str, to: str) -> None:
        """Whom the trust list calls a reviewer."""
        known = jsonio.loads(TRUST)
        (mine,) = (item for item in known["keys"] if item["owner"] == reviewer)
        mine["owner"] = to
        self.options["trust"] = jsonio.pretty(known)

    def op_need(self, **options: object) -> None:
        self.options |= options

    def _payload(self) -> str:
        bundle = (self.folder / "scorecard.sigstore.json").read_bytes()
        return review.payload_digest(bundle, "bundle")

    def _state(self, payload: bytes, by: str) -> None:
        directory = self.folder / folders.STATEMENTS
        directory.mkdir(exist_ok=True)
        name = f"{by}-{len(list(directory.iterdir()))}.sigstore.json"
        (directory / name).write_bytes(sign.sign(payload, KEYS[by]))

    def op_review(self, by: str, decision: str, minute: int, of: str = "") -> None:
        key, at = KEYS[by].public, NOON + dt.timedelta(minutes=minute)
        self._state(review.make_review(of or self._payload(), key, decision, "seen", at), by)

    def op_withdraw(self, by: str = "cpu") -> None:
        self._state(review.make_status(self._payload(), "cpu", "wrong driver", NOON), by)

    def op_supersede(self, by: str = "cpu") -> None:
        """By itself, which the command refuses to sign."""
        payload = self._payload()
        self._state(review.make_status(payload, "cpu", "faster", NOON, payload), by)

    def op_elsewhere(self, *, store: bool = False) -> None:
        packed = (self.folder / pack.PACK_FILE).read_bytes()
        digest = jsonio.sha256_hex(packed)
        (self.folder / pack.PACK_FILE).unlink()
        (self.folder / folders.REFERENCE_FILE).write_bytes(
            jsonio.pretty(
                {
                    "reference_schema": 1,
                    "mediaType": EVIDENCE_TYPE,
                    "digest": f"sha256:{digest}",
                    "size": len(packed),
                    "urls": ["https://example.invalid/pack"],
                }
            )
        )
        if store:
            store = Directory(self.root / "store")
            kept = store.place(digest)
            kept.parent.mkdir(parents=True)
            kept.write_bytes(packed)
            self.options["elsewhere"] = Elsewhere(store)
