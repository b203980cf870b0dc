"""One change of one field: of a document, of a line of a log, of a text, or of the folder."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

OUTSIDE = "other"


@dataclass(frozen=True)
class Change:
    """What is done to a file of the submission.

    Attributes:
        file: its name.
        what: in words, with the place.
        apply: takes the folder.
    """

    file: str
    what: str
    apply: Callable[[Path], object]


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Paths of all members and items, the inner ones too."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def _text(random: Random, value: str) -> str:
    place = random.randrange(len(value) + 1)
    return random.choice(
        [
            value[:place] + random.choice("a0 é\u202e\u200b") + value[place:],
            value[:place] + value[place + 1 :],
            value[:place] + random.choice("0a") + value[place + 1 :],
            value.swapcase(),
            value[::-1],
            "",
            value + "\n",
            value.replace("e", "е", 1),  # Cyrillic
        ]
    )


def _number(random: Random, value: float) -> Any:
    return random.choice(
        [
            value + 1,
            value - 1,
            -value,
            value * 2,
            value / 2,
            0,
            float(value),
            str(value),
            value * (1 + 1e-15),
            2**60,
        ]
    )


def _other(random: Random, value: Any) -> Any:
    """Another value in its place, of the same kind or of another."""
    match value:
        case bool():
            return random.choice([not value, None, int(value), str(value).lower()])
        case int() | float():
            return _number(random, value)
        case str():
            return random.choice([_text(random, value), _text(random, value), None, [value]])
        case None:
            return random.choice([False, 0, "", "unknown", {}])
        case list():
            shuffled = value[::-1]
            return random.choice([shuffled, value[:-1], [*value, *value[-1:]], [], None, {}])
        case _:
            return random.choice([{}, None, [value], {**value, "more": 1}])


def changed(random: Random, document: Any) -> tuple[Any, str]:
    """The document with one field changed, and where."""
    while True:
        paths = list(leaves(document))
        path = random.choice(paths)
        copy = json.loads(json.dumps(document))
        node = copy
        for key in path[:-1]:
            node = node[key]
        act = random.choice(["change", "change", "change", "change", "remove", "add"])
        where = "/" + "/".join(map(str, path))
        if act == "remove":
            del node[path[-1]]
        elif act == "add" and isinstance(node, dict):
            node[random.choice(["more", "note", f"{path[-1]}_", str(path[-1]).upper()])] = node[
                path[-1]
            ]
        else:
            act, node[path[-1]] = "change", _other(random, node[path[-1]])
        # 1 and 1.0, True and 1 are equal to Python and not to a reader of the text.
        if json.dumps(copy, sort_keys=True) != json.dumps(document, sort_keys=True):
            return copy, f"{act} {where}"


def _pretty(value: Any) -> bytes:
    return (
        json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2).encode(
            "utf-8", "surrogatepass"
        )
        + b"\n"
    )


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def write(name: str, data: bytes) -> Callable[[Path], object]:
    """Puts these bytes in the place of a file."""
    return lambda folder: (folder / name).write_bytes(data)


def of_document(random: Random, name: str, data: bytes) -> Change:
    """One field of a JSON document."""
    value, what = changed(random, json.loads(data))
    return Change(name, what, write(name, _pretty(value)))


def reordered(_: Random, name: str, data: bytes) -> Change:
    """The same members in another order."""

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in sorted(value, reverse=True)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(turned(json.loads(data)), ensure_ascii=False, indent=2)
    return Change(name, "order of members", write(name, text.encode() + b"\n"))


def of_line(random: Random, name: str, data: bytes) -> Change:
    """One field of one line, or a line left out, doubled or moved."""
    lines = data.split(b"\n")[:-1]
    place = random.randrange(len(lines))
    act = random.choice(["field"] * 8 + ["remove", "double", "move"])
    if act == "field":
        value, what = changed(random, json.loads(lines[place]))
        lines[place] = _line(value)
    else:
        what = f"{act} the line"
        line = lines.pop(place)
        if act == "double":
            lines[place:place] = [line, line]
        elif act == "move":
            lines.insert((place + 1) % (len(lines) + 1), line)
    return Change(name, f"line {place + 1}: {what}", write(name, b"\n".join([*lines, b""])))


def of_payload(random: Random, name: str, data: bytes) -> Change:
    """One field inside the signed payload, under the signature as it was."""
    bundle = json.loads(data)
    envelope = bundle["dsseEnvelope"]
    value, what = changed(random, json.loads(base64.b64decode(envelope["payload"])))
    envelope["payload"] = base64.b64encode(_line(value)).decode()
    return Change(name, f"payload: {what}", write(name, _line(bundle) + b"\n"))


def of_bytes(random: Random, name: str, data: bytes) -> Change:
    """A byte changed, left out, put in; or the file cut."""
    place = random.randrange(len(data)) if data else 0
    act = random.choice(["change", "change", "remove", "insert", "cut"])
    byte = bytes([random.choice([random.randrange(256), ord(random.choice('0123456789 <>"'))])])
    new = {
        "change": data[:place] + byte + data[place + 1 :],
        "remove": data[:place] + data[place + 1 :],
        "insert": data[:place] + byte + data[place:],
        "cut": data[:place],
    }[act]
    return Change(name, f"byte {place}: {act}", write(name, new if new != data else data + b"\n"))


def of_folder(random: Random, name: str, _: bytes) -> Change:
    """A file left out, or something else in its place or beside it."""
    acts: dict[str, Callable[[Path], object]] = {
        "removed": lambda path: path.unlink(),
        "a link to its like": _linked,
        "a folder": lambda path: (path.unlink(), path.mkdir()),
        "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
        "empty": lambda path: path.write_bytes(b""),
        "line ends": lambda path: path.write_bytes(
            path.read_bytes().removesuffix(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
        ),
        "another beside it": lambda path: path.with_name(f"{path.name}.bak").write_bytes(b"1"),
        "a terabyte": lambda path: os.truncate(path, 1 << 40),
    }
    what = random.choice(sorted(acts))
    return Change(name, what, lambda folder: acts[what](folder / name))


def swapped(random: Random, name: str, every: Sequence[str]) -> Change:
    """Another file of the submission in a file's place."""
    other = random.choice([file for file in every if file != name])

    def apply(folder: Path) -> None:
        (folder / name).write_bytes((folder / other).read_bytes())

    return Change(name, f"swapped: {other}", apply)


def _linked(path: Path) -> None:
    elsewhere = path.parent.with_name(OUTSIDE)
    elsewhere.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(elsewhere)
