"""Messages between machines: the token is proven without travelling, and what is no message is refused."""

import contextlib
import socket
import threading
import time

import pytest

from suite.base.errors import SetupError
from suite.base.framing import MAX_MESSAGE, Channel, join_address, require_token, split_address

TOKEN = b"0123456789abcdef"


@pytest.fixture
def channels():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    with contextlib.closing(one), contextlib.closing(other):
        yield Channel(one, "the run"), Channel(other, "the agent")


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


def test_another_token_is_refused_at_both_ends(channels):
    assert proven(channels, other=TOKEN + b"x") == ["agent-token-refused"] * 2


def test_the_token_does_not_travel_and_a_proof_serves_once(channels):
    seen = []
    first = Channel(channels[0].socket, "the run")
    first.send = lambda message: (seen.append(message), Channel.send(first, message))[1]
    assert proven((first, channels[1])) == []
    nonce, proof = seen
    assert TOKEN.decode() not in str(seen)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        replayed = Channel(socket.create_connection(listener.getsockname()), "a replay")
        accepted = Channel(listener.accept()[0], "it")
    with contextlib.closing(replayed), contextlib.closing(accepted):
        replayed.send(nonce)
        replayed.send(proof)
        with pytest.raises(SetupError) as caught:
            accepted.prove(TOKEN, accepted=True)
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
def test_what_is_no_message_is_refused(channels, data, code):
    channels[0].socket.sendall(data)
    with pytest.raises(SetupError) as caught:
        channels[1].receive(5.0)
    assert caught.value.code == code


def test_a_long_message_waits_for_the_proof(channels):
    assert proven(channels) == []
    channels[0].socket.sendall((MAX_MESSAGE + 1).to_bytes(4, "big"))
    with pytest.raises(SetupError) as caught:
        channels[1].receive(5.0)
    assert caught.value.code == "agent-message-wrong"


def test_a_message_that_trickles_in_has_no_longer_than_another(channels):
    over = threading.Event()

    def trickle():
        while not over.wait(0.02):
            channels[0].socket.sendall(b"\x00")

    channels[0].socket.sendall(b"\x00\x00\x10\x00")
    thread = threading.Thread(target=trickle)
    thread.start()
    with pytest.raises(TimeoutError):
        channels[1].receive(0.2)
    over.set()
    thread.join()


def test_closing_wakes_whoever_waits(channels):
    raised = []

    def wait():
        try:
            channels[1].receive(None)
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.05)
    channels[1].close()
    thread.join(5.0)
    assert len(raised) == 1


def test_a_machine_that_is_gone_ends_a_wait(channels):
    ends = {
        name: channels[0].socket.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
    }
    assert channels[0].socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert ends["TCP_KEEPIDLE"] + ends["TCP_KEEPINTVL"] * ends["TCP_KEEPCNT"] <= 20


def test_an_end_that_leaves_or_is_silent_is_told_apart(channels):
    with pytest.raises(TimeoutError):
        channels[1].receive(0.01)
    channels[0].socket.sendall(b"\x00\x00\x00\x08{")
    channels[0].close()
    with pytest.raises(ConnectionResetError):
        channels[1].receive(5.0)


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
