"""The report's words: Markdown tables, readable on a terminal as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.load.bars import bars
from benchmarks.load.measurement import typical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.load.bars import Bar
    from benchmarks.load.capacity import Capacity
    from benchmarks.load.measurement import Measurement
    from benchmarks.load.results import Results
    from benchmarks.load.spreads import Spread

BEGIN: Final = "<!-- table: begin -->\n"
END: Final = "<!-- table: end -->"
_BIAS: Final = "TTFT bias ms (median / p99)"


def markdown(results: Results) -> str:
    """Everything, as Markdown."""
    parts = [
        ("Side by side", _side_by_side(results)),
        ("The suite's client, load by load", _loads(results)),
        ("Highest exact token rate per core", _capacities(results)),
        ("What is asked, and whether it is met", _bars(bars(results))),
    ]
    text = "\n\n".join(f"### {title}\n\n{body}" for title, body in parts if body)
    machine = (
        f"Machine: {results.machine.get('cores')} cores, load average "
        f"{results.machine.get('load_average')} before the run."
    )
    notes = "".join(f"- {note}\n" for note in results.notes)
    return f"{machine}\n\n{text}\n" + (f"\nLeft out:\n\n{notes}" if notes else "")


def placed(page: str, text: str) -> str:
    """A page with the tables between its marks; without marks, the tables alone."""
    before, opening, rest = page.partition(BEGIN)
    _, closing, after = rest.partition(END)
    return f"{before}{opening}\n{text}\n{closing}{after}" if opening and closing else text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines) if rows else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _pair(spread: Spread) -> str:
    digits = 3 if abs(spread.p99) < 1 else 1
    return f"{spread.median:.{digits}f} / {spread.p99:.{digits}f}"


def _side_by_side(results: Results) -> str:
    """One line per client: exactness, cost, punctuality, start, memory."""
    streams = sorted(
        {row.load.streams for row in results.peers or results.closed if row.load.streams}
    )
    mine = [*typical(results.closed), *results.opened]
    floor = typical(results.floor)
    groups: list[list[Measurement]] = [mine, results.ordinary, results.floor_stamped, floor]
    names = dict.fromkeys(row.client for row in results.peers)
    groups += [[row for row in typical(results.peers) if row.client == name] for name in names]
    head = ["client"]
    head += [f"{_BIAS}, {count:,} streams" for count in streams]
    head += [f"CPU s per 1,000 tokens at {' / '.join(f'{count:,}' for count in streams)}"]
    head += ["Poisson 200/s: sent late ms (median / p99)", "launch to first request s"]
    head += ["memory MB", "priority"]
    return _table(head, [_client_row(group, streams) for group in groups if group])


def _client_row(group: Sequence[Measurement], streams: Sequence[int]) -> list[str]:
    by_streams = {row.load.streams: row for row in group if not row.load.busy}
    cells = [group[0].client]
    cells += [_bias_cell(by_streams.get(count)) for count in streams]
    cells.append(" / ".join(_cost_cell(by_streams.get(count)) for count in streams))
    cells.append(_open_cell([row for row in group if row.load.rate == 200.0]))
    sound = [row for row in group if not row.failure]
    if not sound:
        return [*cells, "", "", ""]
    low = min(row.first_request_s for row in sound)
    high = max(row.first_request_s for row in sound)
    cells.append(_range(low, high, 2 if high < 1 else 0))
    cells.append(_range(min(o.peak_mb for o in sound), max(o.peak_mb for o in sound), 0))
    cells.append("real-time" if sound[0].real_time else "ordinary")
    return cells


def _range(low: float, high: float, digits: int) -> str:
    first, last = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    return first if first == last else f"{first}–{last}"


def _bias_cell(row: Measurement | None) -> str:
    if row is None:
        return ""
    if row.failure:
        return f"failed: {row.failure}"
    if not row.timed:
        return "takes none"
    held = row.tokens_s < 0.95 * row.load.nominal_tokens_s
    return _pair(row.ttft) + (f", held {row.tokens_s:,.0f} tokens/s" if held else "")


def _cost_cell(row: Measurement | None) -> str:
    return "–" if row is None or row.failure else f"{row.cpu_s_per_1000:.3f}"


def _open_cell(group: Sequence[Measurement]) -> str:
    if not group:
        return ""
    row = group[0]
    if row.failure:
        return f"failed: {row.failure}"
    late = "not kept" if row.lateness is None else _pair(row.lateness)
    held = row.requests_s < 0.95 * row.load.rate
    return late + (f", held {row.requests_s:.0f} requests/s" if held else "")


def _loads(results: Results) -> str:
    head = [
        "client",
        "load",
        "tokens/s",
        _BIAS,
        "ITL bias ms",
        "E2E bias ms",
        "lateness ms",
        "CPU s per 1,000 tokens",
        "MB",
        "merged reads",
        "stamps",
        "priority",
        "server: share of a core, late p99 ms",
    ]
    mine = [*typical(results.closed), *results.ordinary, *results.busy, *results.opened]
    floor = [*results.floor_stamped, *typical(results.floor)]
    return _table(head, [_load_row(row) for row in [*mine, *floor]])


def _load_row(row: Measurement) -> list[str]:
    if row.failure:
        return [row.client, row.load.name, f"failed: {row.failure}", *[""] * 10]
    clock = row.phase.get("clock")
    stamps = clock.get("receive_stamps") if isinstance(clock, dict) else ""
    late = row.server.get("late")
    server = (
        f"{row.server.get('cpu_share')}, {late.get('p99_ms') if isinstance(late, dict) else ''}"
    )
    biases = [_pair(s) if row.timed else "" for s in (row.ttft, row.itl, row.e2e)]
    return [
        row.client,
        row.load.name,
        f"{row.tokens_s:,.0f}",
        *biases,
        "" if row.lateness is None else _pair(row.lateness),
        f"{row.cpu_s_per_1000:.4f}",
        f"{row.peak_mb:.0f}",
        str(row.phase.get("merged_reads", "")),
        str(stamps),
        "real-time" if row.real_time else "ordinary",
        server,
    ]


def _capacities(results: Results) -> str:
    searches = [s for s in (results.capacity, results.floor_capacity) if s is not None]
    head = ["client", "tokens/s", "limited by", "loads tried (tokens/s)"]
    return _table(head, [_capacity_row(search) for search in searches])


def _capacity_row(search: Capacity) -> list[str]:
    tried = ", ".join(
        f"{point.tokens_s:,.0f} {'exact' if point.exact and not point.failure else 'not exact'}"
        for point in search.points
    )
    return [search.client, f"{search.tokens_s:,.0f}", search.limited_by, tried]


def _bars(asked: Sequence[Bar]) -> str:
    words = {True: "met", False: "**not met**", None: "not measured"}
    rows = []
    for bar in asked:
        sign = "≤" if bar.at_most else "≥"
        value = "" if bar.value is None else f"{bar.value:.3f} {bar.unit}"
        bound = f"{sign} {bar.bound:.3g} {bar.unit}"
        rows.append([bar.name, words[bar.met], value, bound, bar.numbers])
    return _table(["bar", "", "value", "bound", "numbers"], rows)
