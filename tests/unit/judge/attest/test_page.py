"""Every folder of ``tests/cases/page_verify``: a page of a real scorecard, edited as the case says."""

from __future__ import annotations

import html as html_module
import re
from pathlib import Path

import pytest

from suite import evidence
from suite.base import jsonio
from suite.base.errors import TrustError
from suite.base.language import Language
from suite.judge.attest import page, sign, trust
from suite.judge.attest.envelope import MEDIA_TYPE
from suite.judge.attest.verification import Verification
from suite.judge.attest.verify_run import verify_page, verify_run
from suite.judge.report import html
from suite.judge.score import score
from tests.cases.bundle_verify.cases import GOOD, STRANGER, VENDOR_A, entry
from tests.factories import evidence as factory

CASES = Path(__file__).resolve().parents[3] / "cases" / "page_verify"
FOLDERS = sorted(path for path in CASES.iterdir() if path.is_dir())
LIST = trust.parse(jsonio.pretty({"trust_schema": 1, "keys": [entry(VENDOR_A, "cpu")]}))
LAST = "The page shows what was signed"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = factory.write(tmp_path_factory.mktemp("runs") / "one")
    card = score(evidence.read(directory))
    bundle = sign.sign_run(directory, card, VENDOR_A)
    (directory / "scorecard.html").write_bytes(html.render(bundle, card))
    return directory


def edited(data: bytes, edit: dict | None) -> bytes:
    if edit is None:
        return data
    text, count = re.subn(
        edit["find"], edit["replace"], data.decode("utf-8"), count=0 if edit.get("all") else 1
    )
    assert count >= 1, "the case does not fit the page any more"
    assert text.encode("utf-8") != data
    return text.encode("utf-8")


def last(result: Verification) -> tuple[str, str]:
    return result.steps[-1].outcome.value, result.steps[-1].code


def beside(run: Path, data: bytes) -> Verification:
    """Verify the run with another page in it."""
    kept = (run / "scorecard.html").read_bytes()
    try:
        (run / "scorecard.html").write_bytes(data)
        return verify_run(run, LIST, recompute=None, render=html.render)
    finally:
        (run / "scorecard.html").write_bytes(kept)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_case(folder: Path, run: Path) -> None:
    case = jsonio.load(folder / "case.json")
    data = edited((run / "scorecard.html").read_bytes(), case["edit"])
    alone = verify_page(data, LIST, render=html.render)
    inside = beside(run, data)
    match folder.name.rsplit("_", 1)[1]:
        case "ok":
            assert alone.trusted
            assert inside.trusted
            assert last(alone) == last(inside) == ("pass", "")
        case "skip":
            assert last(alone) == last(inside) == ("skipped", case["code"])
            assert LAST in alone.summary()
            assert "page not checked, bundle verified" in alone.steps[-1].detail
        case "fail":
            assert last(alone) == ("fail", case["code"])
            assert (alone.intact, alone.exit_status) == (False, 5)
            assert not inside.intact
            if folder.name == "line_endings_fail":  # the run is looked at as it was written
                assert [error.code for error in inside.errors] == ["line-ends-changed"]
                return
            assert inside.steps[-1].outcome.value == "fail"
            # In a run the embedded bundle is compared before it is read.
            assert inside.steps[-1].code in (case["code"], "page-bundle-differs")
        case other:
            pytest.fail(other)


def test_another_bundle_in_the_page(run: Path, tmp_path: Path) -> None:
    card = score(evidence.read(run))
    payload = jsonio.load(run / sign.STATEMENT_FILE)
    other = sign.sign(jsonio.canonical(payload), STRANGER)
    data = html.render(other, card)
    result = beside(run, data)
    assert last(result) == ("fail", "page-bundle-differs")
    alone = verify_page(data, LIST, render=html.render)
    assert [step.code for step in alone.steps if step.outcome.value == "fail"] == ["key-unknown"]
    assert (last(alone), alone.exit_status) == (("pass", ""), 5)


def test_a_page_in_chinese_is_compared_in_chinese(run: Path) -> None:
    bundle = (run / sign.BUNDLE_FILE).read_bytes()
    data = html.render(bundle, score(evidence.read(run)), Language.ZH)
    assert data != (run / "scorecard.html").read_bytes()
    assert last(verify_page(data, LIST, render=html.render)) == ("pass", "")
    assert last(beside(run, data)) == ("pass", "")
    # A page that only says that it is in another language is none that was signed.
    for tag in (b"en", b"fr", b""):
        mixed = data.replace(b'<html lang="zh-CN">', b'<html lang="' + tag + b'">')
        assert last(beside(run, mixed)) == ("fail", "page-differs")


def test_a_page_brings_no_key_along(run: Path) -> None:
    result = verify_page((run / "scorecard.html").read_bytes(), render=html.render)
    assert [step.code for step in result.steps if step.outcome.value == "fail"] == ["key-missing"]
    assert (result.verified, result.exit_status) == (None, 5)
    assert "--key FILE" in result.text()
    assert "--trust FILE" in result.text()
    # The page is held against what it carries all the same.
    assert last(result) == ("pass", "")


def test_without_renderer_the_page_is_not_checked(run: Path) -> None:
    result = verify_page((run / "scorecard.html").read_bytes(), LIST, render=None)
    assert last(result) == ("skipped", "page-not-checked")


def test_the_first_difference_is_named(run: Path) -> None:
    data = (run / "scorecard.html").read_bytes().replace(b"<title>Conf", b"<title>Xonf")
    result = verify_page(data, LIST, render=html.render)
    assert "line 10 has" in result.steps[-1].detail
    assert "<title>Xonf" in result.steps[-1].detail


def test_the_block_is_the_bundle_byte_for_byte(run: Path) -> None:
    bundle = (run / sign.BUNDLE_FILE).read_bytes()
    assert page.extract_bundle((run / "scorecard.html").read_bytes()) == bundle
    assert page.extract_bundle(f"<html>{page.embed_bundle(bundle)}</html>".encode()) == bundle


def test_nothing_in_a_bundle_can_end_its_block() -> None:
    evil = jsonio.canonical({"x": "</script><script>&\u2028\u2029"}) + b"\n"
    block = page.embed_bundle(evil)
    inner = block.removeprefix(f'<script type="{MEDIA_TYPE}">').removesuffix("</script>")
    assert not set(inner) & set("<>&\u2028\u2029")
    assert html_module.unescape(inner) == inner
    assert jsonio.loads(inner.encode()) == jsonio.loads(evil)
    # What an HTML parser sees as the block's content reads back as the same document.
    assert jsonio.loads(page.extract_bundle(block.encode())) == jsonio.loads(evil)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "page-no-bundle"),
        (b"<html></html>", "page-no-bundle"),
        (page.BLOCK_START.encode() + GOOD, "page-script"),
        (page.BLOCK_START.encode() + GOOD + b"</SCRIPT>", "page-script"),
        (b"</script>" + page.BLOCK_START.encode(), "page-script"),
        (page.embed_bundle(GOOD).encode() + b"< script>", "page-script"),
        (b" " * (page.MAX_PAGE_BYTES + 1), "page-too-large"),
    ],
)
def test_what_is_no_page(data: bytes, code: str) -> None:
    with pytest.raises(TrustError) as caught:
        page.extract_bundle(data)
    assert caught.value.code == code
