"""Write ``predicate.json``, a small believable scorecard: ``python -m tests.cases.bundle_verify.make_predicate``."""

from __future__ import annotations

from pathlib import Path

from suite.base import jsonio, schema
from tests.factories.scorecard import card

METRICS = ("output_throughput", "ttft_p50", "rouge1", "mfu")


def small_card() -> dict[str, object]:
    """The factory's card cut down to one phase, for vendor A in a round."""
    made = card()
    made["vendor"] |= {"id": "vendor-a", "name": "Vendor A"}
    made["run"]["nonce"] = "round-2026-02"
    phase = made["phases"][1]
    phase["metrics"] = {name: phase["metrics"][name] for name in METRICS}
    phase["series"] = {}
    made["phases"] = [phase]
    made["headline"] = [{"phase": phase["name"], "metric": name} for name in METRICS]
    made["metrics"] = {name: made["metrics"][name] for name in METRICS}
    made["quality"]["rows"] = made["quality"]["rows"][:1]
    made["checks"] = made["checks"][:3]
    made["environment"] = dict(list(made["environment"].items())[:1])
    made["startup"] = {}
    made["time_breakdown"] = made["time_breakdown"][:2]
    schema.require(made, "scorecard")
    return dict(made)


if __name__ == "__main__":
    (Path(__file__).parent / "predicate.json").write_bytes(jsonio.pretty(small_card()))
