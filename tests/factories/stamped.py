"""Time stamps of any time over any bytes, for rules that read them: real tokens whose imprint and time were replaced.

Their signature does not hold any more, which only a trust list asks for; real authorities stamp in tests/factories/authority.py.
"""

from __future__ import annotations

import base64
import copy
import datetime as dt
import hashlib
from pathlib import Path

import rfc3161_client

from suite.documents.codec import canonical, convert
from suite.documents.logstamp import LogHash

TEMPLATE = (
    Path(__file__).parents[1] / "cases" / "bundle_verify" / "stamps" / "stamp.tsr"
).read_bytes()
MS = 1_000_000


def token(data: bytes, at: dt.datetime) -> str:
    """A token over these bytes that states that time, base64."""
    known = rfc3161_client.decode_timestamp_response(TEMPLATE).tst_info
    imprint = known.message_imprint.message
    made = TEMPLATE.replace(imprint, hashlib.sha256(data).digest()[: len(imprint)])
    written = f"{known.gen_time:%Y%m%d%H%M%S}Z".encode()
    assert made.count(written) == 1
    return base64.b64encode(made.replace(written, f"{at:%Y%m%d%H%M%S}Z".encode())).decode()


def stamps(parts: dict, rows: list[tuple[bytes, dict]]) -> list[dict]:
    """The lines of stamps.jsonl of a run whose log has these lines."""
    begun = dt.datetime.fromisoformat(parts["header"]["started_utc"])
    made, size, digest = [], 0, hashlib.sha256()
    for row, event in rows:
        size += len(row)
        digest.update(row)
        name = event.get("name", "run.end" if event["type"] == "footer" else "")
        if name not in ("run.start", "phase.end", "run.end"):
            continue
        stated = {"after": name, "bytes": size, "sha256": digest.hexdigest(), "t": event["t"] + MS}
        if name == "phase.end":
            stated |= {"phase": event["phase"], "repeat": event["repeat"]}
        made.append(restamped({"stated": stated, "answered": stated["t"] + 20 * MS}, begun))
    return made


def restamped(stamp: dict, begun: dt.datetime, by: float = 0.0) -> dict:
    """The same with a token of its own time on the run's clock, or so many seconds later."""
    stated = stamp["stated"]
    at = begun + dt.timedelta(seconds=stated["t"] / 1e9 + by)
    over = canonical(convert(stated, LogHash))
    return copy.deepcopy(stamp) | {"token": token(over, at)}
