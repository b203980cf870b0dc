"""Writes the pages under ``docs/`` and ``vendors/`` that follow from records: ``python -m suite.cli.pages [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base import errorpage, markdown
from suite.cli import trialspage
from suite.declare.tasks.formats import registry as formats
from suite.declare.vendor import page as vendors
from suite.declare.vendor.load import VENDOR_DIRECTORY, list_vendors, load_vendor
from suite.judge.pages import metrics, rules
from suite.judge.report.formats import registry as reports
from suite.measure.engine import sim_page
from suite.measure.telemetry import page as telemetry

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
"""In a checkout; an installed suite has no pages."""


def pages() -> dict[Path, str]:
    """Every generated page, or page with a generated part, as the records say."""
    return {
        DOCS / "errors.md": errorpage.page(),
        **_with_parts("data.md", {"formats": formats.table()}),
        **_with_parts("data.zh.md", {"formats": formats.table(chinese=True)}),
        **_with_parts("exports.md", {"report formats": reports.table()}),
        **_with_parts("vendors.md", _vendors(chinese=False)),
        **_with_parts("vendors.zh.md", _vendors(chinese=True)),
        **_readmes(),
        **_with_parts("rules.md", {"rules": rules.tables("en")}),
        **_with_parts("rules.zh.md", {"rules": rules.tables("zh")}),
        **_with_parts(
            "threat-model.md", {"cheats": sim_page.table("en"), "trials": trialspage.table("en")}
        ),
        **_with_parts(
            "threat-model.zh.md", {"cheats": sim_page.table("zh"), "trials": trialspage.table("zh")}
        ),
        **_with_parts("metrics.md", _metrics("en")),
        **_with_parts("metrics.zh.md", _metrics("zh") | {"statistics": metrics.statistics("zh")}),
    }


def _vendors(*, chinese: bool) -> dict[str, str]:
    return {
        "vendors": vendors.vendors_table(chinese=chinese),
        "executed": vendors.executed_table(chinese=chinese),
        "telemetry": telemetry.table(chinese=chinese),
    }


def _readmes() -> dict[Path, str]:
    result: dict[Path, str] = {}
    for name in list_vendors():
        path = VENDOR_DIRECTORY / name / "README.md"
        result |= _with_parts(str(path), vendors.parts(load_vendor(name).doc))
    return result


def _metrics(language: str) -> dict[str, str]:
    return {
        "latencies": metrics.latencies(language),
        "metrics of a phase": metrics.of_a_phase(language),
        "metrics of a run": metrics.of_a_run(language),
    }


def _with_parts(name: str, parts: dict[str, str]) -> dict[Path, str]:
    """A page of which the named parts are generated."""
    path = DOCS / name
    text = path.read_text("utf-8")
    for part, generated in parts.items():
        text = markdown.replaced(text, part, generated)
    return {path: text}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with ``--check`` name those that are stale; 1 when there are any."""
    parser = argparse.ArgumentParser(description="Write the generated pages under docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    check = parser.parse_args(arguments).check
    stale = {
        path: text
        for path, text in pages().items()
        if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if check:
            print(f"{path}: not what the records say; run python -m suite.cli.pages")
        else:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
