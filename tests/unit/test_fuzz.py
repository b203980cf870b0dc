"""Whatever comes in, readers answer with a refusal: no crash, no hang, memory in proportion to the input.

``SUITE_FUZZ=N`` takes N examples each instead of a few.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite import evidence
from suite.base import yamlio
from suite.base.errors import SuiteError
from suite.declare.profiles.trace import read_trace
from suite.judge.attest import envelope, page, trust
from suite.judge.attest.predicate import check_predicate
from suite.judge.attest.statement import parse_statement
from suite.measure.load.decode.answer import AnswerReader
from suite.measure.load.transport.framing import MORE, Framer
from suite.measure.telemetry import tool
from tests.factories import evidence as factory

EXAMPLES = int(os.environ.get("SUITE_FUZZ", "25"))
MEMORY = 16 << 20
"""Bytes that reading one example may take at its peak, and beyond it 60 for each byte of it."""
quick = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


def cut_up(data: bytes) -> st.SearchStrategy[bytes]:
    """The data with stretches of it replaced, left out or doubled."""

    def edit(edits: list[tuple[int, int, bytes]]) -> bytes:
        text = data
        for at, length, put in edits:
            place = at % (len(text) + 1)
            text = text[:place] + put + text[place + length :]
        return text

    pieces = st.binary(max_size=12) | st.sampled_from(
        [
            b"[" * 200,
            b'{"a":' * 100,
            b"1e999",
            b"\xff\xfe",
            b"\x00",
            b"\n",
            b"9" * 5000,
            b"\\ud800",
            b'"',
            data[:64],
        ]
    )
    return st.lists(
        st.tuples(st.integers(0, 1 << 20), st.integers(0, 40), pieces), min_size=1, max_size=4
    ).map(edit)


def bounded(read, size: int) -> None:
    tracemalloc.start()
    try:
        read()
    except SuiteError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MEMORY + 60 * size


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return factory.write(tmp_path_factory.mktemp("fuzz") / "run")


@pytest.mark.parametrize(
    "name", ["events.jsonl", "tasks.jsonl", "telemetry.jsonl", "plan.json", "environment.json"]
)
def test_a_run_directory(run, name):
    whole = (run / name).read_bytes() or b'{"t":1,"tool":"x","device":"0"}\n'

    @quick
    @given(cut_up(whole))
    def check(data):
        (run / name).write_bytes(data)
        bounded(lambda: evidence.read(run), len(data))

    try:
        check()
    finally:
        (run / name).write_bytes(whole)


@quick
@given(st.data())
def test_a_bundle_and_what_is_signed(data):
    payload = data.draw(
        st.binary(max_size=200) | values.map(lambda v: json.dumps(v).encode("utf-8", "replace"))
    )
    parts = {
        "mediaType": envelope.MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": "x"}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": "AAAA"}],
        },
    }
    bundle = data.draw(cut_up(json.dumps(parts).encode()) | st.just(json.dumps(parts).encode()))
    bounded(lambda: envelope.parse(bundle), len(bundle))
    bounded(lambda: check_predicate(parse_statement(payload)), len(payload))
    bounded(lambda: trust.parse(bundle), len(bundle))
    bounded(lambda: page.extract_bundle(bundle), len(bundle))


@quick
@given(
    cut_up(b"a: 1\nb: [x, {y: 'z'}]\nc:\n  - d: |\n      text\n  - e\n")
    | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))
    | st.sampled_from(
        [
            b"a: &a [1]\nb: [*a, *a]\n",
            b"[" * 9000,
            b"- " * 9000,
            b"{" * 9000,
            b"? " * 5000,
            b"!!python/object:x {}",
            b"a: " + b"x" * (2 << 20),
        ]
    )
)
def test_yaml(data):
    bounded(lambda: yamlio.loads(data), len(data))


@quick
@given(cut_up(b"seconds,input_tokens,output_tokens\n0,10,5\n1.5,20,6\n"))
def test_csv(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "trace.csv"
    path.write_bytes(data)
    bounded(lambda: read_trace(path), len(data))


@quick
@given(
    st.sampled_from(sorted(tool.TOOLS)),
    st.text(max_size=400)
    | cut_up(b"index, power.draw [W]\n0, 10.0 W\n").map(lambda d: d.decode("utf-8", "replace")),
)
def test_telemetry(name, text):
    bounded(lambda: tool.parse(name, text), len(text))


EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"word"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n'


@quick
@given(
    cut_up(EVENT * 3 + b"data: [DONE]\n\n"),
    st.lists(st.integers(0, 400), max_size=6),
    st.sampled_from(["", "gzip", "br"]),
)
def test_a_stream_cut_anywhere(data, places, encoding):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    reader, framer = AnswerReader(encoding), Framer(1 << 16)
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    def read():
        for stamp, (low, high) in enumerate(itertools.pairwise(edges)):
            if low < high:
                reader.feed(data[low:high], stamp)
        reader.end(9)
        reader.unframed_error()
        wire = head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
        if framer.feed(wire[: len(wire) // 2], 0) == MORE:
            framer.feed(wire[len(wire) // 2 :], 1)
        Framer().feed(data or b"x", 0)

    bounded(read, len(data))
