"""Writes ``schemas/*.schema.json`` from the documents' types: ``python -m suite.documents.schemas [--check]``."""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from typing import TYPE_CHECKING, Any, cast

import msgspec

from suite.base import jsonio, schema
from suite.documents import (
    attempt,
    audit,
    basis,
    bundle,
    card,
    challenge,
    check,
    commitment,
    comparison,
    container,
    deviceevidence,
    enginesample,
    environment,
    event,
    fleet,
    foreign,
    history,
    known,
    logstamp,
    manifest,
    nodes,
    offline,
    plan,
    profile,
    provenance,
    receipt,
    reference,
    reproduction,
    review,
    site,
    spread,
    statement,
    submission,
    taskline,
    tasks,
    telemetry,
    test_result,
    traps,
    trust,
    vendor,
    witness,
)
from suite.documents.value import Measured, NotMeasured, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.base.jsonio import JSONObject
    from suite.documents.document import Document

ROOTS: dict[str, tuple[object, str]] = {
    "attempt": (attempt.Attempt, "One line of attempts.jsonl"),
    "audit": (audit.Audit, "Audit of the answers"),
    "basis": (basis.Basis, "basis.json"),
    "bundle": (bundle.Bundle, "Bundle"),
    "card-status": (review.CardStatus, "Withdrawal or supersession"),
    "challenge": (challenge.Challenge, "Challenge"),
    "check": (check.CheckReport, "Check of submissions"),
    "commitment": (commitment.Commitment, "Commitment"),
    "compare": (comparison.ManyComparison, "Comparison of cards"),
    "consensus": (reproduction.Consensus, "Consensus of reproductions"),
    "container": (container.ContainerRecord, "container.json"),
    "device-evidence": (deviceevidence.DeviceEvidence, "One line of device-evidence.jsonl"),
    "diff": (comparison.Comparison, "Comparison"),
    "engine-sample": (enginesample.EngineSample, "One line of engine-metrics.jsonl"),
    "environment": (environment.Environment, "environment.json"),
    "evidence-reference": (submission.EvidenceReference, "evidence.json"),
    "event": (event.Event, "One line of events.jsonl"),
    "fleet": (fleet.Fleet, "fleet.json"),
    "fleet-inventory": (fleet.Inventory, "Inventory of a fleet"),
    "fleet-journal": (fleet.JournalEntry, "One line of journal.jsonl of a fleet"),
    "fleet-spread": (spread.Spread, "Spread between identical machines"),
    "fleet-statement": (fleet.FleetStatement, "Fleet statement"),
    "images": (known.KnownImages, "trust/images.json"),
    "log-stamp": (logstamp.LogStamp, "One line of stamps.jsonl"),
    "foreign": (foreign.ForeignResult, "Result of another tool"),
    "history": (history.History, "History of the runs of a store"),
    "manifest": (manifest.Manifest, "manifest.json"),
    "nodes": (nodes.Nodes, "nodes.json"),
    "offline-bundle": (offline.OfflineBundle, "bundle.json of a bundle for a closed network"),
    "plan": (plan.Plan, "Plan"),
    "profile": (profile.Profile, "Profile"),
    "provenance": (provenance.Provenance, "provenance.json"),
    "receipt": (receipt.Receipt, "Receipt"),
    "reference": (reference.Reference, "Reference run"),
    "releases": (known.Releases, "trust/releases.json"),
    "regressions": (history.Regressions, "Whether the newest runs are worse"),
    "review": (review.Review, "Review"),
    "scorecard": (card.Scorecard, "Scorecard"),
    "site": (site.Site, "cards.json of the site"),
    "statement": (statement.Statement, "Statement"),
    "taskline": (taskline.TaskLine, "One line of tasks.jsonl"),
    "tasks": (tasks.TaskFileHeader, "Header of a canonical task file"),
    "telemetry": (telemetry.TelemetrySample, "One line of telemetry.jsonl"),
    "test-result": (test_result.TestResult, "Test result"),
    "traps": (traps.Traps, "Known wrong figures"),
    "trust": (trust.TrustList, "Trust list"),
    "vendor": (vendor.Vendor, "Vendor declaration"),
    "verification-summary": (
        reproduction.VerificationSummary,
        "Verification summary of a reproduction",
    ),
    "waivers": (submission.Waivers, "waivers.json"),
    "witness": (witness.WitnessReport, "What a witness saw"),
}
"""Each schema's root and title."""

ALSO: dict[str, tuple[type[Document], ...]] = {"tasks": (tasks.TaskRecord,)}
"""Parts that a root does not refer to and its file holds all the same."""

_VALUE: JSONObject = {
    "description": "A measured value, or why there is none.",
    "oneOf": [{"$ref": "#/$defs/Measured"}, {"$ref": "#/$defs/NotMeasured"}],
}


def _custom(kind: type) -> JSONObject:
    if kind is object:
        return {"description": "Any value."}
    assert kind is Value
    return {"$ref": "#/$defs/Value"}


def _structs(kind: Any, structs: dict[str, type[Document]]) -> None:  # noqa: ANN401 - inspect's nodes
    """Collect every Struct below a node of `msgspec.inspect`, by name."""
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls.__name__ in structs:
            return
        structs[kind.cls.__name__] = cast("type[Document]", kind.cls)  # there are no others
        for member in kind.fields:
            _structs(member.type, structs)
    elif isinstance(kind, msgspec.inspect.CustomType):
        if kind.cls is Value:
            _structs(msgspec.inspect.type_info(Measured), structs)
            _structs(msgspec.inspect.type_info(NotMeasured), structs)
    else:
        parts = [getattr(kind, name, None) for name in ("type", "item_type", "value_type")]
        for part in (*parts, *getattr(kind, "types", ()), *getattr(kind, "item_types", ())):
            if part is not None:
                _structs(part, structs)


def _simple(alternatives: list[JSONObject]) -> JSONObject:
    """One node for an integer or a float, and for a plain type or null."""
    names = [node.get("type") for node in alternatives]
    if "integer" in names and "number" in names:
        # The integer's bound of 2**53 - 1 is the JSON reader's own.
        alternatives = [node for node in alternatives if node.get("type") != "integer"]
        names.remove("integer")
    if len(alternatives) == 1:
        return alternatives[0]
    rest = [node for node in alternatives if node != {"type": "null"}]
    if len(rest) == 1 and len(alternatives) == 2 and "$ref" not in rest[0]:
        node = rest[0]
        if "enum" in node or "const" in node:
            values = cast("list[str]", node.get("enum", [node.get("const")]))  # by JSON Schema
            return {"enum": [*values, None]}
        if isinstance(node.get("type"), str):
            return {**node, "type": [node["type"], "null"]}
    return {"anyOf": list(alternatives)}


def _tidy(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A node of msgspec in the form that people read."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {name: _tidy(value) for name, value in node.items()}
    if "anyOf" in tidy and "type" not in tidy:
        alternatives = _simple(tidy.pop("anyOf"))
        tidy = {**tidy, **alternatives}
    if isinstance(tidy.get("enum"), list) and len(tidy["enum"]) == 1:
        tidy["const"] = tidy.pop("enum")[0]
    if isinstance(tidy.get("maximum"), int) and tidy["maximum"] == jsonio.MAX_INTEGER:
        del tidy["maximum"]
        if tidy.get("minimum") == -jsonio.MAX_INTEGER:
            del tidy["minimum"]
    tidy.pop("default", None)
    return tidy


def _definition(node: JSONObject, kind: type[Document]) -> JSONObject:
    # msgspec's schema of a Struct, and what a Struct adds to it, are JSON objects.
    members = {
        name: _tidy(member) for name, member in cast("JSONObject", node["properties"]).items()
    }
    tag = kind.__struct_config__.tag_field
    if tag is not None:
        members[tag]["description"] = "Kind of event."
    return {
        "description": " ".join(inspect.cleandoc(kind.__doc__ or "").replace("``", "`").split()),
        "type": "object",
        "additionalProperties": False,
        "required": node["required"],
        "properties": members,
        **cast("JSONObject", kind.SCHEMA_EXTRA),
    }


def _tagged(kinds: list[type[Document]]) -> JSONObject:
    """A union of tagged documents: the tag chooses, so that errors are those of the chosen one."""
    tag = str(kinds[0].__struct_config__.tag_field)
    names = {str(kind.__struct_config__.tag): kind.__name__ for kind in kinds}
    return {
        "description": "One event of a run.",
        "type": "object",
        "required": [tag],
        "properties": {tag: {"description": "Kind of event.", "enum": list(names)}},
        "allOf": [
            {"if": {"properties": {tag: {"const": name}}}, "then": {"$ref": f"#/$defs/{kind}"}}
            for name, kind in names.items()
        ],
    }


def generate(name: str) -> JSONObject:
    """The schema of one document, draft 2020-12."""
    root, title = ROOTS[name]
    kinds = [root, *ALSO.get(name, ())]
    structs: dict[str, type[Document]] = {}
    for kind in kinds:
        _structs(msgspec.inspect.type_info(kind), structs)
    (node, *_), parts = msgspec.json.schema_components(
        [*kinds, Measured, NotMeasured], schema_hook=_custom, ref_template="#/$defs/{name}"
    )
    definitions = {
        part: _definition(cast("JSONObject", parts[part]), kind) for part, kind in structs.items()
    }
    if "Measured" in structs:
        definitions["Value"] = _VALUE
    reference = str(node.get("$ref", "")).rpartition("/")[2]
    if reference:
        top = definitions.pop(reference)
    else:
        top = _tagged([kind for kind in structs.values() if issubclass(kind, event.EventBase)])
    result: JSONObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{schema.URN_PREFIX}{name}:1",
        "title": title,
        **top,
    }
    if definitions:
        result["$defs"] = cast("JSONObject", dict(sorted(definitions.items())))
    return result


def stale() -> Iterator[str]:
    """Names of the committed schemas that are not what the types say, or that no type stands behind."""
    committed = set(schema.names())
    for name in sorted(committed | set(ROOTS)):
        if name not in ROOTS or name not in committed or schema.read(name) != generate(name):
            yield name


def write() -> None:
    """Write every schema."""
    for name in ROOTS:
        text = json.dumps(generate(name), ensure_ascii=False, indent=2)
        path = schema.SCHEMA_DIRECTORY / f"{name}.schema.json"
        path.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Write the schemas, or with ``--check`` name those that are stale; 1 when there are any."""
    parser = argparse.ArgumentParser(description="Write schemas/*.schema.json from the documents.")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    if not parser.parse_args().check:
        write()
        return 0
    names = list(stale())
    for name in names:
        sys.stderr.write(f"schemas/{name}.schema.json is stale: run make schemas\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
