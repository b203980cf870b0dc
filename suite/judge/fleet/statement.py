"""The fleet statement: every machine of the inventory and every attempt of the journal, with the digests of the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import jsonio
from suite.documents.codec import plain, pretty
from suite.documents.fleet import FLEET_TYPE, FleetStatement
from suite.evidence import fleetstate
from suite.judge.attest.predicate import card_subject
from suite.judge.attest.statement import FLEET_SUBJECTS, payload_of, subject
from suite.judge.attest.times import format_time

if TYPE_CHECKING:
    import datetime as dt

    from suite.documents.fleet import Fleet
    from suite.evidence.fleetstate import State

STATEMENT_FILE: Final = "fleet.sigstore.json"


def make_statement(fleet: Fleet, now: State, journal_sha256: str, at: dt.datetime) -> bytes:
    """The payload of a fleet statement.

    Args:
        fleet: its fleet.json.
        now: what the journal says.
        journal_sha256: digest of its file.
        at: when it was collected, aware.

    Raises:
        TrustError: as `suite.judge.attest.statement.payload_of`.
    """
    stated = stated_of(fleet, now, format_time(at))
    plan, journal = FLEET_SUBJECTS
    subjects = [subject(plan, jsonio.sha256_hex(pretty(fleet))), subject(journal, journal_sha256)]
    subjects += [
        subject(card_subject(machine, attempt), attempt.card_sha256)
        for machine in stated.machines
        for attempt in machine.attempts
        if attempt.card_sha256 is not UNSET
    ]
    return payload_of(subjects, FLEET_TYPE, plain(stated))


def stated_of(fleet: Fleet, now: State, collected: str) -> FleetStatement:
    """The predicate that follows from fleet and journal alone."""
    return FleetStatement(
        fleet=fleet.name,
        collected=collected,
        vendors=tuple(sorted({machine.vendor for machine in fleet.machines})),
        cells=fleet.cells,
        machines=tuple(fleetstate.machines(fleet, now)),
    )
