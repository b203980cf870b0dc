"""Messages between machines: encrypted, the token proven without travelling, and what is no message refused."""

import contextlib
import datetime as dt
import socket
import ssl
import threading
import time
from types import SimpleNamespace

import pytest

from suite.base import secured as secured_by
from suite.base.addresses import join_address, split_address
from suite.base.errors import SetupError
from suite.base.framing import MAX_MESSAGE, Channel, require_token

TOKEN = b"0123456789abcdef"


def pair():
    """Two connected sockets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        return one, listener.accept()[0]


@pytest.fixture
def channels():
    one, other = pair()
    with contextlib.closing(one), contextlib.closing(other):
        yield Channel(one, "the run"), Channel(other, "the agent")


@pytest.fixture
def secured(channels):
    """The same after the handshake, before any proof."""
    thread = threading.Thread(target=channels[1].secure, kwargs={"accepted": True})
    thread.start()
    channels[0].secure(accepted=False)
    thread.join()
    return channels


def put(channel, data):
    """Send bytes, encrypted, that need be no message."""
    channel.socket.sendall(channel.seal(data))


def proven(channels, token=TOKEN, other=TOKEN):
    """Both ends prove their token; what each of them raised."""
    raised = []

    def accept():
        try:
            channels[1].prove(other, accepted=True)
        except SetupError as error:
            raised.append(error.code)
            channels[1].close()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        channels[0].prove(token, accepted=False)
    except SetupError as error:
        raised.append(error.code)
    thread.join()
    return raised


def test_a_message_arrives_as_it_was_sent(channels):
    assert proven(channels) == []
    sent = {"text": "é" * 100_000, "number": 2**53 - 1, "list": [None, True]}
    thread = threading.Thread(target=channels[0].send, args=(sent,))
    thread.start()
    assert channels[1].receive(5.0) == sent
    thread.join()


def test_nothing_of_a_message_can_be_read_on_the_way(channels):
    travelled = []

    class Tapped:
        def __init__(self, under):
            self.under = under

        def __getattr__(self, name):
            return getattr(self.under, name)

        def sendall(self, data):
            travelled.append(data)
            self.under.sendall(data)

    channels[0].socket = Tapped(channels[0].socket)
    assert proven(channels) == []
    channels[0].send({"headers": {"Authorization": "Bearer a-key-of-somebody"}})
    assert channels[1].receive(5.0)["headers"]["Authorization"].startswith("Bearer")
    assert len(travelled) >= 4
    assert not any(word in b"".join(travelled) for word in (b"nonce", b"Bearer", b"somebody"))


def test_what_is_changed_on_the_way_ends_the_connection(secured):
    sealed = bytearray(secured[0].seal(b"\x00\x00\x00\x02{}"))
    sealed[-1] ^= 1
    secured[0].socket.sendall(sealed)
    with pytest.raises(OSError, match=r"(?i)bad.?record.?mac"):
        secured[1].receive(5.0)


def test_who_stands_in_between_has_no_proof_to_pass_on(channels, monkeypatch):
    """It speaks TLS with both ends, each by the rules, and passes on every word."""
    own = secured_by._accepting.__wrapped__  # a certificate for each, as each process has its own
    monkeypatch.setattr(secured_by, "_accepting", own)
    near, far = map(Channel, pair(), ("the run", "who stands in between"))
    connected, other = Channel(channels[0].socket, "who stands in between"), channels[1]

    def relay():
        with contextlib.suppress(OSError, SetupError):
            far.secure(accepted=True)
            connected.secure(accepted=False)
            connected.send(far.receive(5.0))
            far.send(connected.receive(5.0))
            connected.send(far.receive(5.0))
            far.send(connected.receive(5.0))
        far.close()

    thread = threading.Thread(target=relay)
    thread.start()
    assert proven((near, other)) == ["agent-token-refused"] * 2
    thread.join()
    near.close()


@pytest.mark.parametrize("years", [-40, 40])
@pytest.mark.parametrize(
    ("token", "raised"), [(TOKEN, []), (TOKEN + b"x", ["agent-token-refused"] * 2)]
)
def test_the_token_decides_and_no_date_of_a_certificate(
    channels, monkeypatch, years, token, raised
):
    """A machine whose calendar is decades off has an expired certificate, or one to come: nothing else hangs on its dates."""

    moment = dt.datetime.now(dt.UTC) + dt.timedelta(days=365 * years)
    calendar = SimpleNamespace(UTC=dt.UTC, datetime=SimpleNamespace(now=lambda _: moment))
    monkeypatch.setattr(secured_by, "_accepting", secured_by._accepting.__wrapped__)
    monkeypatch.setattr(secured_by, "dt", calendar)
    assert proven(channels, other=token) == raised


@pytest.mark.parametrize("data", [b'\x00\x00\x00\x30{"nonce": "', b"GET / HTTP/1.1\r\n", bytes(9)])
@pytest.mark.parametrize("accepted", [True, False])
def test_who_does_not_encrypt_is_refused(channels, data, accepted):
    channels[0].socket.sendall(data)
    with pytest.raises(SetupError) as caught:
        channels[1].prove(TOKEN, accepted=accepted)
    assert caught.value.code == "agent-not-encrypted"


def test_an_older_tls_is_refused(channels):
    def older():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with contextlib.suppress(OSError):
            context.wrap_socket(channels[0].socket)

    thread = threading.Thread(target=older)
    thread.start()
    with pytest.raises(SetupError) as caught:
        channels[1].prove(TOKEN, accepted=True)
    assert caught.value.code == "agent-not-encrypted"
    channels[1].close()
    thread.join()


def test_threads_send_and_receive_at_the_same_time(channels):
    assert proven(channels) == []

    def talk(channel):
        for number in range(200):
            channel.send({"number": number, "text": "x" * (number * 97)})

    threads = [threading.Thread(target=talk, args=(channel,)) for channel in channels]
    for thread in threads:
        thread.start()
    for channel in reversed(channels):
        assert [channel.receive(10.0)["number"] for _ in range(200)] == list(range(200))
    for thread in threads:
        thread.join()


def test_another_token_is_refused_at_both_ends(channels):
    assert proven(channels, other=TOKEN + b"x") == ["agent-token-refused"] * 2


def test_the_token_does_not_travel_and_a_proof_serves_once(channels):
    seen = []
    first = Channel(channels[0].socket, "the run")
    first.send = lambda message: (seen.append(message), Channel.send(first, message))[1]
    assert proven((first, channels[1])) == []
    nonce, proof = seen
    assert TOKEN.decode() not in str(seen)
    replayed, accepted = map(Channel, pair(), ("a replay", "it"))

    def replay():
        replayed.secure(accepted=False)
        replayed.send(nonce)
        replayed.send(proof)

    thread = threading.Thread(target=replay)
    thread.start()
    with contextlib.closing(replayed), contextlib.closing(accepted):
        with pytest.raises(SetupError) as caught:
            accepted.prove(TOKEN, accepted=True)
        thread.join()
    assert caught.value.code == "agent-token-refused"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x00\x00\x02[]", "agent-message-wrong"),
        (b"\x00\x00\x00\x0d" + b'{"a":1,"a":2}', "json-refused"),
        (b"\x00\x00\x00\x08" + b'{"a":NaN'[:8], "json-refused"),
        (b"\x00\x01\x00\x00", "agent-message-wrong"),
    ],
)
def test_what_is_no_message_is_refused(secured, data, code):
    put(secured[0], data)
    with pytest.raises(SetupError) as caught:
        secured[1].receive(5.0)
    assert caught.value.code == code


def test_a_long_message_waits_for_the_proof(channels):
    assert proven(channels) == []
    put(channels[0], (MAX_MESSAGE + 1).to_bytes(4, "big"))
    with pytest.raises(SetupError) as caught:
        channels[1].receive(5.0)
    assert caught.value.code == "agent-message-wrong"


@pytest.mark.parametrize("encrypted", [True, False], ids=["records", "within a record"])
def test_a_message_that_trickles_in_has_no_longer_than_another(secured, encrypted):
    over = threading.Event()
    record = iter(() if encrypted else secured[0].seal(bytes(1000)))

    def trickle():
        while not over.wait(0.02):
            if encrypted:
                put(secured[0], b"\x00")
            else:
                secured[0].socket.sendall(bytes([next(record)]))

    if encrypted:
        put(secured[0], b"\x00\x00\x10\x00")
    thread = threading.Thread(target=trickle)
    thread.start()
    with pytest.raises(TimeoutError):
        secured[1].receive(0.2)
    over.set()
    thread.join()


def test_closing_wakes_whoever_waits(secured):
    channels, raised = secured, []

    def wait():
        try:
            channels[1].receive(None)
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    channels[1].close()
    thread.join(60)
    assert len(raised) == 1


def test_a_machine_that_is_gone_ends_a_wait(channels):
    ends = {
        name: channels[0].socket.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
    }
    assert channels[0].socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert ends["TCP_KEEPIDLE"] + ends["TCP_KEEPINTVL"] * ends["TCP_KEEPCNT"] <= 20


def test_an_end_that_leaves_or_is_silent_is_told_apart(secured):
    with pytest.raises(TimeoutError):
        secured[1].receive(0.01)
    put(secured[0], b"\x00\x00\x00\x08{")
    secured[0].close()
    with pytest.raises(ConnectionResetError):
        secured[1].receive(5.0)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.7:9470", ("10.0.0.7", 9470)),
        ("node-1:65535", ("node-1", 65535)),
        ("[::1]:9470", ("::1", 9470)),
        ("[fe80::1%eth0]:0", ("fe80::1%eth0", 0)),
    ],
)
def test_an_address_is_host_and_port(text, address):
    assert split_address(text) == address
    assert join_address(*address) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        ":9470",
        "host:",
        "host:70000",
        "host:٣",
        f"host:{'9' * 5000}",
        "a..b:80",
        f"{'a' * 64}:80",
        "::1:9470",
        "[::1]",
        "[::1:9470",
        "::1]:9470",
        "[node-1]:9470",
        "[]:9470",
        "fe80::1%eth0:9470",
    ],
)
def test_no_address_is_refused(text):
    with pytest.raises(SetupError) as caught:
        split_address(text)
    assert caught.value.code == "agent-address-wrong"


def test_a_short_token_is_refused():
    assert require_token(" 0123456789abcdef\n", "file") == TOKEN
    with pytest.raises(SetupError) as caught:
        require_token("0123456789abcde", "file")
    assert caught.value.code == "agent-token-weak"
