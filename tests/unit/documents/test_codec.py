"""Documents to bytes and back: canonical bytes are one, and no stranger's line gets past the strict reader."""

import json
import math

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suite.base import jsonio, yamlio
from suite.base.errors import DeclarationError, EvidenceError
from suite.documents import codec
from suite.documents.event import Event, Footer, Header, Mark, Request, RunError, Usage
from suite.documents.manifest import Manifest, ManifestFile
from suite.documents.taskline import TaskLine
from suite.documents.telemetry import TelemetrySample
from suite.documents.traps import Trap, Traps
from suite.documents.trust import TrustList
from suite.documents.value import Measured, NotMeasured

SHA = "0123456789abcdef" * 4
REQUEST = Request(
    phase="offline",
    repeat=0,
    measured=True,
    index=3,
    task="a",
    t_sched=-5,
    t_send=10,
    chunk_t0=20,
    chunk_dt=(1, 2),
    chunk_tokens=(1, 1, 1),
    merged_reads=0,
    t_end=30,
    outcome="ok",
    status=200,
    error=None,
    finish_reason="stop",
    text="Ein Text",
    token_ids=None,
    usage=Usage(engine_prompt=5),
    prompt_sha256=SHA,
    truncated=False,
)
MARK = Mark(t=1, name="phase.start", phase="offline", repeat=0, measured=True, detail={"x": 1.5})
FOOTER = Footer(
    t=9, ended="failed", requests=1, error=RunError(code="a", message="b"), clock_steps_ns=0
)

PATIENT = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine draws requests slowly."""
texts = st.text(st.characters(blacklist_categories=["Cs"]))
integers = st.integers(-jsonio.MAX_INTEGER, jsonio.MAX_INTEGER)
counts = st.integers(0, jsonio.MAX_INTEGER)
numbers = st.floats(allow_nan=False, allow_infinity=False) | integers


def read(line, kind=Event):
    return codec.Lines(kind, file="x.jsonl").read(line, 7)


@st.composite
def requests(draw):
    lists = st.lists(counts, max_size=4).map(tuple)
    return msgspec.structs.replace(
        REQUEST,
        phase=draw(texts),
        t_sched=draw(integers),
        chunk_dt=draw(lists),
        token_ids=draw(st.none() | lists),
        text=draw(texts),
        error=draw(st.none() | st.text('ab\n"é', max_size=2000)),
        usage=Usage(engine_prompt=draw(counts)) if draw(st.booleans()) else Usage(),
    )


@PATIENT
@given(
    requests()
    | st.builds(
        TaskLine,
        **dict.fromkeys(("id", "lead", "reference"), texts),
        **dict.fromkeys(("record_sha256", "document_sha256"), st.just(SHA)),
        document_words=counts,
    )
)
def test_the_fast_encoder_gives_the_canonical_bytes(document):
    assert document.INTEGERS_ONLY
    assert codec.canonical(document) == jsonio.canonical(codec.plain(document))


@PATIENT
@given(requests())
def test_what_is_written_is_read_again(request):
    line = codec.canonical(request)
    assert read(line) == request
    assert read(b" " + line) == request


@PATIENT
@given(
    st.builds(
        Measured,
        numbers,
        st.just("ms"),
        counts,
        st.none() | numbers,
        st.none() | numbers,
        texts.map(lambda t: t[:300]),
    )
)
def test_numbers_are_kept_as_they_are_written(value):
    data = codec.canonical(value)
    assert data == jsonio.canonical(json.loads(data))
    again = codec.decode(data, Measured)
    assert again == value
    assert codec.canonical(again) == data


@pytest.mark.parametrize("event", [REQUEST, MARK, FOOTER])
def test_every_kind_of_event_is_told_by_its_tag(event):
    line = jsonio.canonical(codec.plain(event))
    assert codec.canonical(event) == line
    again = read(line)
    assert type(again) is type(event)
    assert again == event
    assert codec.pretty(event) == jsonio.pretty(json.loads(line))


def test_nan_is_never_written():
    with pytest.raises(ValueError, match="JSON compliant"):
        codec.canonical(Measured(math.nan, "ms", 1, None, None, ""))


GOOD = jsonio.canonical(codec.plain(REQUEST))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'"index":3', b'"index":3,"index":3', "json-refused"),
        (b'"index":3', b'"index":9007199254740992', "json-refused"),
        (b'"index":3', b'"index":NaN', "json-refused"),
        (b'"index":3', b'"index":1e999', "json-refused"),
        (b'"text":"Ein Text"', b'"text":"\\ud800"', "json-refused"),
        (b'"text":"Ein Text"', b'"text":"\xff"', "json-refused"),
        (b'"truncated":false', b'"truncated":false} {', "json-refused"),
        (b'"index":3', b'"index":3,"odd":[' + b"[" * 70 + b"]" * 71, "json-refused"),
        (b'"index":3', b'"index":3.0', "schema-violation"),
        (b'"index":3', b'"index":-1', "schema-violation"),
        (b'"index":3', b'"index":true', "schema-violation"),
        (b'"index":3', b'"indx":3', "schema-violation"),
        (b'"index":3,', b"", "schema-violation"),
        (b'"type":"request"', b'"type":"requests"', "schema-violation"),
        (b'"outcome":"ok"', b'"outcome":"fine"', "schema-violation"),
        (SHA.encode() + b'"', SHA.encode() + b'\\n"', "schema-violation"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_strict_is_refused(old, new, code):
    assert old in GOOD
    with pytest.raises(EvidenceError) as caught:
        read(GOOD.replace(old, new, 1))
    assert caught.value.code == code
    assert caught.value.place.file == "x.jsonl"
    assert caught.value.place.line == 7


def test_a_refused_line_says_what_is_wrong_and_where():
    with pytest.raises(EvidenceError) as caught:
        read(GOOD.replace(b'"index"', b'"indx":0,"index"'))
    assert "line 7: unknown member 'indx'" in caught.value.message
    assert caught.value.place.pointer == "/indx"
    assert "index" in caught.value.hint


@pytest.mark.parametrize("line", [b"[]", b"5", b'"x"', b"null"])
def test_a_line_is_an_object(line):
    with pytest.raises(EvidenceError) as caught:
        read(line)
    assert caught.value.code == "line-wrong"


def test_a_mark_may_not_smuggle_long_integers_in_its_detail():
    line = codec.canonical(msgspec.structs.replace(MARK, detail={"x": 2**60}))
    with pytest.raises(EvidenceError) as caught:
        read(line)
    assert caught.value.code == "json-refused"


def test_a_phase_mark_names_its_phase():
    line = b'{"name":"phase.start","t":1,"type":"mark"}'
    with pytest.raises(EvidenceError) as caught:
        read(line)
    assert "'phase' is a required property" in caught.value.message


@pytest.mark.parametrize("power", ["1e-05", "1e-5", "0.5", "3", "1e16", "10000000000000000.0"])
def test_a_sample_keeps_its_numbers(power):
    line = f'{{"device":"0","power_w":{power},"t":1,"tool":"x"}}'.encode()
    sample = read(line, TelemetrySample)
    assert sample.power_w == float(power)
    assert type(sample.power_w) is type(json.loads(power))


def test_every_mistake_of_a_document_is_told_at_once():
    with pytest.raises(EvidenceError) as caught:
        codec.decode(b'{"manifest_schema":2,"files":[],"x":1}', Manifest, name="manifest.json")
    assert caught.value.code == "schema-violation"
    assert len(caught.value.problems) == 3


def test_what_only_the_type_refuses_has_its_place_too():
    with pytest.raises(EvidenceError) as caught:
        codec.decode(
            b'{"manifest_schema":1,"files":[{"path":"a","bytes":1.0,"sha256":"%s"}]}'
            % SHA.encode(),
            Manifest,
            name="manifest.json",
        )
    assert caught.value.place.pointer == "/files/0/bytes"
    assert caught.value.message == "Expected int, got float"


def test_a_document_that_a_person_wrote_has_its_line():
    document = yamlio.loads(
        b"trust_schema: 1\nkeys:\n  - owner: x\n    role: boss\n", name="t.yaml"
    )
    with pytest.raises(DeclarationError) as caught:
        codec.convert_written(document, TrustList, file="t.yaml")
    assert [problem.place.line for problem in caught.value.problems] == [3, 3, 4]


def test_documents_are_immutable_and_their_members_named():
    manifest = Manifest(manifest_schema=1, files=(ManifestFile(path="a", bytes=1, sha256=SHA),))
    with pytest.raises(AttributeError):
        manifest.files = ()
    with pytest.raises(TypeError):
        ManifestFile("a", 1, SHA)
    assert codec.decode(codec.pretty(manifest), Manifest) == manifest


def test_what_is_absent_stays_absent():
    assert codec.plain(Usage()) == {}
    assert codec.plain(NotMeasured("nothing to measure")) == {"not_measured": "nothing to measure"}
    assert codec.plain(Traps(traps_schema=1, traps=())) == {"traps_schema": 1, "traps": []}
    assert isinstance(
        codec.plain(
            Traps(
                traps_schema=1,
                traps=(
                    Trap(
                        match="x",
                        precision=("fp8",),
                        value=1,
                        why="",
                        why_zh="",
                        right="",
                        source="",
                    ),
                ),
            )
        )["traps"],
        list,
    )


def test_the_header_is_an_event():
    header = Header(
        event_schema=1,
        run_id="r",
        plan_sha256=SHA,
        started_utc="2026-01-31T12:00:00.000000Z",
        clock="CLOCK_MONOTONIC",
        clock_zero_ns=1,
        receive_stamps="kernel",
        send_stamps="user",
        realtime_minus_monotonic_us=5,
    )
    assert read(codec.canonical(header)) == header
