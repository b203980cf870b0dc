"""Signing: a payload that was checked as strictly as a verifier will, then one signature over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, SetupError, TrustError, unwritable
from suite.base.safe import replace_file
from suite.documents.codec import plain
from suite.evidence import MANIFEST
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES, bundle_bytes, pae
from suite.judge.attest.keyless import KeylessSigner
from suite.judge.attest.predicate import check_predicate
from suite.judge.attest.statement import make_statement, make_test_result, parse_statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.documents.card import Scorecard
    from suite.judge.attest.keys import SigningKey

    Stamp: TypeAlias = Callable[[bytes], bytes]
    """A signature in, a time stamp over it out."""

STATEMENT_FILE = "scorecard.json"
BUNDLE_FILE = "scorecard.sigstore.json"
TEST_RESULT_FILE = "test-result.sigstore.json"
PUBLIC_KEY_FILE = "signer.pub.pem"


def sign(payload: bytes, key: SigningKey | KeylessSigner, stamp: Stamp | None = None) -> bytes:
    """Sign a statement: the bytes of a Sigstore bundle, with a time stamp where there is who makes one.

    The same payload and key of a file give the same bytes, but for the stamp; what is signed without a key of one's own has
    the times of its log.

    Raises:
        TrustError: when a verifier would refuse the payload; see `parse_statement` and
            `check_predicate`. Nothing is signed that cannot be verified.
    """
    check_predicate(parse_statement(payload))
    if isinstance(key, KeylessSigner):
        bundle = key.bundle(payload)
    else:
        signature = key.sign(pae(payload))
        stamps = (stamp(signature),) if stamp is not None else ()
        bundle = bundle_bytes(payload, signature, key.public.id, stamps)
    if len(bundle) > MAX_BUNDLE_BYTES:
        raise TrustError(
            "bundle-too-large",
            Sentence(
                f"the bundle would have {len(bundle):,} bytes", f"签名包将有 {len(bundle):,} 字节"
            ),
        )
    return bundle


def image_of(card: Scorecard) -> tuple[str, str] | None:
    """Reference and digest of the image that a scorecard names, None when none is known."""
    digest = card.engine.image_digest
    return (card.engine.image_reference, digest) if digest else None


def sign_run(
    directory: Path,
    card: Scorecard,
    key: SigningKey | KeylessSigner,
    stamp: Stamp | None = None,
    *,
    manifest_sha256: str | None = None,
) -> bytes:
    """Sign a run's scorecard and write what goes beside its evidence; returns the bundle.

    Writes `STATEMENT_FILE` (the signed bytes), `BUNDLE_FILE`, `TEST_RESULT_FILE` (the verdict once more
    as in-toto ``test-result``) and `PUBLIC_KEY_FILE` (for checks by hand; it proves nobody's identity).

    A link that lies there is replaced and not followed. `manifest_sha256` is the digest of the manifest that the card
    was scored under; None reads it now.

    Raises:
        TrustError: as `sign`, before anything is written.
        SuiteError: whatever `stamp` raises, before anything is written too.
        EvidenceError: ``file-unreadable`` when there is no manifest.
        SetupError: ``run-unwritable``.
    """
    if manifest_sha256 is None:
        manifest = jsonio.read_bytes(directory / MANIFEST, error=EvidenceError, below=directory)
        manifest_sha256 = jsonio.sha256_hex(manifest)
    payload = make_statement(plain(card), manifest_sha256, image_of(card))
    bundle = sign(payload, key, stamp)
    files = {
        STATEMENT_FILE: payload,
        BUNDLE_FILE: bundle,
        TEST_RESULT_FILE: sign(make_test_result(payload), key, stamp),
    }
    if not isinstance(key, KeylessSigner):
        files[PUBLIC_KEY_FILE] = key.public.pem
    try:
        for name, data in files.items():
            replace_file(directory / name, data)
        if PUBLIC_KEY_FILE not in files:
            (directory / PUBLIC_KEY_FILE).unlink(missing_ok=True)
    except OSError as cause:
        message = unwritable(directory, cause)
        raise SetupError("run-unwritable", message, Place(str(directory))) from cause
    return bundle
