"""What `suite plan` says for every declared vendor and engine: ``python -m tests.factories.vendorplans`` writes it anew.

The list is the directories' own: a new vendor has a golden plan as soon as the command has run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suite.base.errors import UsageError
from suite.declare.plan.text import render_plan
from suite.declare.vendor.load import list_vendors
from tests.factories.plans import load_vendor, model_input, plan_for

if TYPE_CHECKING:
    from suite.documents.plan import Plan
    from suite.documents.vendor_engine import DeclaredEngine

CASES = Path(__file__).resolve().parents[1] / "cases" / "vendorplans"
NAMED_IMAGE = "registry.example/submitter/engine:1@sha256:" + "c" * 64
"""Given where a declaration knows no public image."""


def engines() -> list[tuple[str, str]]:
    """Every declared vendor with each of its engines."""
    return [
        (name, engine.id) for name in list_vendors() for engine in load_vendor(name).doc.engines
    ]


def architectures(engine: DeclaredEngine) -> list[str]:
    """Every architecture that an engine is declared to run; Llama's where the engine decides."""
    rows = [row.architecture for row in engine.models]
    return list(dict.fromkeys(rows)) or ["LlamaForCausalLM"]


def plan(vendor: str, engine_id: str, devices: int | None = None, **more: object) -> Plan:
    """A plan on two devices where the engine takes two, on one where it does not.

    The image is named where the declaration knows none that anybody could pull.
    """
    engine = load_vendor(vendor).engine(engine_id)
    if engine.images[0].reference == "unknown":
        more.setdefault("image", NAMED_IMAGE)
    for count in (2, 1) if devices is None else (devices,):
        try:
            return plan_for(vendor, engine_id, count, **more)
        except UsageError as refused:
            if refused.code not in ("devices-wrong", "tensor-parallel-wrong") or count == (
                devices or 1
            ):
                raise
    raise AssertionError


def text(vendor: str, engine_id: str) -> str:
    """The plan as a script, without what every vendor has alike: digest, requests."""
    paragraphs = render_plan(plan(vendor, engine_id)).split("\n\n")
    alike = ("# Plan ", "# Requests to")
    kept = (part for part in paragraphs if not part.startswith(alike[1]))
    return "\n\n".join("\n".join(_without(part, alike[0])) for part in kept).strip() + "\n"


def _without(paragraph: str, beginning: str) -> list[str]:
    return [line for line in paragraph.splitlines() if not line.startswith(beginning)]


def main() -> None:
    """Write every golden plan, and remove those of vendors that are gone."""
    CASES.mkdir(exist_ok=True)
    wanted = {f"{vendor}.{engine}.sh": text(vendor, engine) for vendor, engine in engines()}
    for path in CASES.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, golden in wanted.items():
        (CASES / name).write_text(golden, "utf-8")
    print(f"{len(wanted)} plans in {CASES}")


if __name__ == "__main__":
    # The model is one that every engine of every vendor is asked with.
    assert model_input().facts.heads == 40
    main()
