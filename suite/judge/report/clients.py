"""The load clients of a run as rows of text: what each sent, how well its clock is known, what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base.bilingual import Sentence
from suite.judge.report.numbers import NARROW, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.card import Scorecard
    from suite.documents.card_clients import CardClients
    from suite.documents.standing import Standing


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        key: phrase of its heading.
        standing: how far what it shows can be trusted.
        cells: by client.
    """

    key: str
    standing: Standing
    cells: Sequence[str]


NONE: Final = Sentence("none", "无")
UNKNOWN: Final = Sentence("unknown", "未知")


def columns(card: Scorecard) -> list[Column]:
    """The table's columns, by the same client in each row; none where the run sent everything itself."""
    clients = card.clients
    if clients is UNSET:
        return []
    number = range(len(clients.number))
    cells: dict[str, tuple[str, Sequence[str]]] = {
        "client-number": ("number", [_client_name(clients, n) for n in number]),
        "client-requests": (
            "requests",
            [f"{plain(clients.requests[n])} ({clients.share[n]:.1%})" for n in number],
        ),
        "client-clock": (
            "clock_least_us",
            [_between(clients.clock_least_us[n], clients.clock_most_us[n]) for n in number],
        ),
        "client-late": (
            "late",
            [f"{plain(clients.late[n])} / {plain(clients.planned[n])}" for n in number],
        ),
        "client-ceiling": ("ceiling", [plain(round(clients.ceiling[n])) for n in number]),
        "client-connections": ("connections", [_connections(clients, n) for n in number]),
        "client-machine": ("machine", [_machine(clients, n) for n in number]),
    }
    if any(clients.lost):
        cells["client-lost"] = ("lost", [why or "–" for why in clients.lost])
    return [
        Column(key, card.standing.get(f"/clients/{member}", "asserted"), texts)
        for key, (member, texts) in cells.items()
    ]


def _client_name(known: CardClients, n: int) -> str:
    """A client's number; in a run of several attempts also in which it joined, from 1."""
    if not any(known.attempt):
        return f"{known.number[n]}"
    attempt = known.attempt[n] + 1
    return Sentence(
        f"{known.number[n]} (attempt {attempt})", f"{known.number[n]}（第 {attempt} 次尝试）"
    )


def _between(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return UNKNOWN
    return f"{low:+.4g}{NARROW}…{NARROW}{high:+.4g}".replace("-", "−")


def _connections(known: CardClients, n: int) -> str:
    low, high = known.connect_least_ms[n], known.connect_most_ms[n]
    if low is None or high is None:
        return NONE
    return f"{known.connections[n]}: {low:.3g}{NARROW}–{NARROW}{high:.3g}"


def _machine(known: CardClients, n: int) -> str:
    cores = known.cores[n]
    words = f"{known.machine[n]}: {known.host[n]}" if known.host[n] else f"{known.machine[n]}"
    if not cores:
        return words
    return Sentence(f"{words}, {cores} cores", f"{words}，{cores} 核")
