"""Refusals as results of a static analysis (SARIF 2.1.0), which code hosts show at the files of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite import __version__
from suite.base import jsonio
from suite.base.bilingual import Bilingual
from suite.base.errorcodes import error_codes
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.submissions.folders import TREE
from suite.judge.submissions.formats.format import Format, refusals

if TYPE_CHECKING:
    from suite.base.jsonio import JSONObject, JSONValue
    from suite.base.language import Language
    from suite.documents.check import CheckReport, CheckStep

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _result(path: str, step: CheckStep) -> JSONObject:
    text = "\n".join([f"{step.what}: {step.detail}", *(f"- {line}" for line in step.findings)])
    place = f"{TREE}/{path}/{BUNDLE_FILE}" if path else TREE
    location: JSONObject = {"physicalLocation": {"artifactLocation": {"uri": place}}}
    return {
        "ruleId": step.code,
        "level": "error",
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"step/v1": jsonio.sha256_hex(f"{path} {step.code}".encode())},
    }


def render(report: CheckReport, language: Language) -> bytes:
    """One result for each step that failed, at the submission's bundle; a rule for each code."""
    del language
    failed = list(refusals(report))
    codes = error_codes()
    rules: list[JSONValue] = []
    for name in sorted({step.code for _, step in failed}):
        known = codes.get(name)
        text = known.means if known else name
        advice = known.advice if known else name
        rules.append({"id": name, "shortDescription": {"text": text}, "help": {"text": advice}})
    driver: JSONObject = {"name": "suite check", "version": __version__, "rules": rules}
    results: list[JSONValue] = [_result(path, step) for path, step in failed]
    run: JSONObject = {
        "tool": {"driver": driver},
        "results": results,
        "columnKind": "unicodeCodePoints",
    }
    return jsonio.pretty({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


FORMAT = Format(
    Bilingual("refusals as static analysis results (SARIF)", "SARIF 格式的拒绝项"), ".sarif", render
)
