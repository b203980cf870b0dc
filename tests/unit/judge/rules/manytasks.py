"""Sound runs over 24 tasks: enough of them for rules that compare loads task by task."""

from __future__ import annotations

from suite.base import jsonio
from tests.factories import evidence as factory
from tests.factories import loads

TASKS = 24


def _subjects(number: int) -> tuple[str, str]:
    """The subject of the factory's task that this one is like, and its own."""
    count = len(factory.SUBJECTS)
    return factory.SUBJECTS[number % count], factory.SUBJECTS[(number + number // count) % count]


def answer(number: int) -> str:
    """The factory's answer about another subject, so that it has as many words."""
    return factory.answer(number % len(factory.SUBJECTS)).replace(*_subjects(number))


def _tasks() -> dict:
    known = list(factory.tasks().values())
    lines = {}
    for number in range(TASKS):
        line = known[number % len(known)]
        reference = line["reference"].replace(*_subjects(number))
        document = jsonio.sha256_hex(f"{line['lead']} {reference}".encode())
        record = {"document_sha256": document, "id": f"t{number}", "summary": reference}
        lines[f"t{number}"] = line | {
            "id": f"t{number}",
            "record_sha256": jsonio.digest(record),
            "document_sha256": document,
            "reference": reference,
        }
    return lines


def _widened(parts: dict) -> dict:
    """The run with 24 tasks in place of 8; the first 8 are the same."""
    parts["tasks"] = lines = _tasks()
    records = "\n".join(line["record_sha256"] for line in lines.values())
    parts["plan"]["workload"]["taskset"] |= {
        "size": TASKS,
        "ids_sha256": jsonio.sha256_hex("\n".join(lines).encode()),
        "records_sha256": jsonio.sha256_hex(records.encode()),
    }
    for event in parts["requests"]:
        number = event["index"] % TASKS
        event["task"] = f"t{number}"
        event["prompt_sha256"] = jsonio.sha256_hex(f"prompt {number}".encode())
        if event["outcome"] == "ok":
            event["text"] = answer(number)
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return parts


def _point(concurrency: int) -> dict:
    doc = loads.phase(f"sweep-c{concurrency}", "concurrency", concurrency=concurrency, tasks=TASKS)
    doc["group"] = {"name": "sweep", "axes": {"concurrency": concurrency}}
    events = loads.closed_loop(doc, loads.even())
    whole = {"ended_by": "all-sent", "sent": TASKS, "seen": TASKS, "workers": 1}
    return loads.run(doc, events, loads.marks(doc, events, whole))


def sweep() -> dict:
    """A single stream of 8 tasks, then all 24 at 1, 4 and 16 streams."""
    parts = _point(1)
    for concurrency in (4, 16):
        append(parts, _point(concurrency), f"sweep-c{concurrency}")
    parts["header"]["plan_sha256"] = jsonio.digest(parts["plan"])
    return _widened(parts)


def append(parts: dict, more: dict, name: str) -> None:
    """Put one phase of another run behind the phases of this one."""
    phases = parts["plan"]["workload"]["phases"]
    phases += [doc for doc in more["plan"]["workload"]["phases"] if doc["name"] == name]
    stops = [mark for mark in parts["marks"] if mark["name"].startswith("engine.stop")]
    kept = [mark for mark in parts["marks"] if mark not in stops]
    mine = [mark for mark in more["marks"] if mark.get("phase") == name]
    shift = kept[-1]["t"] + loads.S - mine[0]["t"]
    grown = shift + mine[-1]["t"] - kept[-1]["t"]
    for event in more["requests"]:
        if event["phase"] == name:
            times = {
                time: event[time] + shift for time in ("t_sched", "t_send", "chunk_t0", "t_end")
            }
            parts["requests"].append(event | times)
    moved = [mark | {"t": mark["t"] + shift} for mark in mine]
    parts["marks"] = [*kept, *moved, *(mark | {"t": mark["t"] + grown} for mark in stops)]
    footer = parts["footer"]
    footer |= {"t": footer["t"] + grown, "requests": len(parts["requests"])}


def search() -> dict:
    """The search of the other fixtures over 24 tasks."""
    return _widened(loads.search())
