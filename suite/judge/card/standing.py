"""How far each fact of a card can be trusted: what its type says of an ordinary run, and what this run saw or did not.

A member's type says it in its metadata (`suite.documents.document.about`); its parts inherit it. A fact that the suite
could see in this run is observed; one that it could not is asserted, whatever the type says.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Final, get_args, get_origin, get_type_hints

from msgspec import Meta

from suite.declare.tasks.reference import known_weights
from suite.documents.card import Scorecard
from suite.documents.card_clients import CardClients
from suite.documents.document import STANDING, Document, given
from suite.judge.rules.devices import declared_accelerator
from suite.judge.rules.reported import RESOLVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suite.documents.standing import Standing
    from suite.evidence import Evidence

_DEVICES: Final = ("/devices/count", "/devices/accelerator", "/devices/name")
_RESOLVED: Final = tuple(
    f"/engine/{name}"
    for name in (
        "dtype",
        "tensor_parallel",
        "max_model_len",
        "prefix_caching",
        "quantisation",
        "speculative_decoding",
    )
)
"""What an engine that prints its configuration says itself; see rule R075."""


@functools.cache
def of_types() -> dict[str, Standing]:
    """The standing of every fact in an ordinary run, by JSON pointer, from the types' metadata."""
    return dict(_members(Scorecard, "", None))


def _members(
    kind: type[Document], above: str, inherited: Standing | None
) -> Iterator[tuple[str, Standing]]:
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is not Annotated:
            continue
        inner, *metas = get_args(hint)
        stated = [m.extra[STANDING] for m in metas if isinstance(m, Meta) and m.extra is not None]
        standing = stated[0] if stated else inherited
        if standing is None:
            continue
        if isinstance(inner, type) and issubclass(inner, Document) and not above:
            yield from _members(inner, f"/{name}", standing)
        else:
            yield f"{above}/{name}", standing


def standings(evidence: Evidence) -> dict[str, Standing]:
    """The standing of every fact of a run's card, by JSON pointer."""
    result = of_types() | dict.fromkeys(_observed(evidence), _OBSERVED)
    if evidence.farm is not None and evidence.farm.clients:
        result |= dict(_members(CardClients, "/clients", _OBSERVED))
    return result | dict.fromkeys(_unseen(evidence, result), _ASSERTED)


_OBSERVED: Final[Standing] = "observed"
_ASSERTED: Final[Standing] = "asserted"


def _observed(evidence: Evidence) -> Iterator[str]:
    """Facts that rest on a word in general, and that this run saw."""
    plan, facts = evidence.plan, evidence.environment.facts
    carried = None if evidence.basis is None else given(evidence.basis.reference)
    if plan.runtime in {"container", "process"} and known_weights(plan.model.files, carried):
        yield from ("/model/id", "/model/revision")
    if plan.runtime not in {"container", "process"}:
        return
    if "engine.version" in facts and given(facts["engine.version"].value) is not None:
        yield from ("/engine/id", "/engine/title")
    if RESOLVED in facts and given(facts[RESOLVED].value) is not None:
        yield from _RESOLVED
    accelerator = declared_accelerator(evidence)
    is_host = accelerator is not None and accelerator.topology.device == "host"
    if (given(evidence.environment.devices, ()) or is_host) and not plan.vendor.emulated:
        yield from _DEVICES


def _unseen(evidence: Evidence, standings: dict[str, Standing]) -> Iterator[str]:
    """Facts that the suite sees in general, and could not in this run."""
    runtime = evidence.plan.runtime
    if runtime == "endpoint":  # somebody else's server: only its answers were seen
        seen = {"/engine/served", "/engine/version"}
        yield from (name for name in standings if name.startswith("/engine/") and name not in seen)
    if runtime in {"endpoint", "sim"} or evidence.basis is None:
        yield from (name for name in standings if name.startswith("/model/"))
    if runtime == "container" and evidence.container is None:
        yield from ("/engine/image_reference", "/engine/image_digest")
