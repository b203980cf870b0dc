"""What each load client of a run did and can do, as its card has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from suite.documents.card_clients import CardClients
from suite.documents.value import stored
from suite.judge.card.leaves import cut
from suite.judge.log.phases import phase_logs
from suite.judge.rules.clients import mine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msgspec import UnsetType

    from suite.evidence import Evidence
    from suite.evidence.farm import Bound, Client, Deal


def clients(evidence: Evidence) -> CardClients | UnsetType:
    """The load clients; unset where the run sent everything itself."""
    farm = evidence.farm
    if farm is None or not farm.clients:
        return UNSET
    measured = [deal for deal in farm.deals if deal.phase[2]]
    machines = list(farm.crowds())
    parts = [_parts(client, measured) for client in farm.clients]
    sent = [sum(len(mine(deal, number)) for deal, number in own) for own in parts]
    clocks = [_clock(own) for own in parts]
    planned = [_lateness(evidence, own) for own in parts]
    every = sum(sent)
    return CardClients(
        number=tuple(client.number for client in farm.clients),
        attempt=tuple(client.attempt for client in farm.clients),
        machine=tuple(
            sum(attempt == client.attempt for attempt, _ in machines[: machines.index(place)])
            for client in farm.clients
            for place in [(client.attempt, client.mark.boot)]
        ),
        host=tuple(client.mark.host for client in farm.clients),
        cores=tuple(client.mark.cores for client in farm.clients),
        ceiling=tuple(stored(client.mark.ceiling.tokens_s) for client in farm.clients),
        connections=tuple(len(client.reach) for client in farm.clients),
        connect_least_ms=tuple(_ms(min(c.reach, default=None)) for c in farm.clients),
        connect_most_ms=tuple(_ms(max(c.reach, default=None)) for c in farm.clients),
        requests=tuple(sent),
        share=tuple(stored(number / every) if every else 0 for number in sent),
        clock_least_us=tuple(None if c is None else stored(c.low / 1e3) for c in clocks),
        clock_most_us=tuple(None if c is None else stored(c.high / 1e3) for c in clocks),
        planned=tuple(due for due, _ in planned),
        late=tuple(late for _, late in planned),
        lost=tuple(cut(client.lost) for client in farm.clients),
    )


def _parts(client: Client, deals: Sequence[Deal]) -> list[tuple[Deal, int]]:
    """The loads of which a client was dealt a part, and its place in each."""
    return [
        (deal, number)
        for deal in deals
        for number, each in enumerate(deal.clients)
        if each is client
    ]


def _clock(parts: Sequence[tuple[Deal, int]]) -> Bound | None:
    """How far its times may lie from the run's clock in any of some loads; None where that is not known."""
    bounds = [deal.error(number) for deal, number in parts]
    valid = [bound for bound in bounds if bound is not None and bound.low <= bound.high]
    if not valid or len(valid) < len(bounds):
        return None
    return type(valid[0])(min(b.low for b in valid), max(b.high for b in valid))


def _lateness(evidence: Evidence, parts: Sequence[tuple[Deal, int]]) -> tuple[int, int]:
    """Requests with a planned moment and a bound, and those sent later than that."""
    due = late = 0
    for deal, number in parts:
        log = phase_logs(evidence).get(deal.phase)
        if log is None or not log.open_loop or log.doc.lateness_bound_ms is None:
            continue
        events = mine(deal, number)
        bound_ns = log.doc.lateness_bound_ms * 1e6
        due += len(events)
        late += sum(event.t_send - event.t_sched > bound_ns for event in events)
    return due, late


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else stored(nanoseconds / 1e6)
