"""Headers, API key, workers and send stamps on the command line."""

from __future__ import annotations

import click
import pytest

from suite.base.errors import SuiteError, UsageError
from suite.cli.loadoptions import load_options
from suite.cli.main import main
from suite.cli.options import Sending, sending
from suite.measure.load.target import LoadOptions, Target


def given(*words: str, **environment: str) -> LoadOptions:
    taken: list[Sending] = []

    @click.command
    @sending
    def command(sending: Sending) -> int:
        taken.append(sending)
        return 0

    command.main(list(words), standalone_mode=False)
    return load_options(taken[0], environment)


def test_nothing_given():
    assert given() == LoadOptions(headers={}, workers=1, send_stamps="user")


def test_everything_given():
    words = ["--header", "X-Org=a=b", "--header", "X-Empty=", "--api-key-env", "KEY"]
    options = given(*words, "--workers", "2", "--kernel-send-stamps", KEY=" secret\n")
    assert options == LoadOptions(
        headers={"X-Org": "a=b", "X-Empty": "", "Authorization": "Bearer secret"},
        workers=2,
        send_stamps="kernel",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--header", "nonsense"], "header-malformed"),
        (["--header", "=x"], "header-malformed"),
        (["--header", "A B=x"], "header-malformed"),
        (["--header", "A=x\r\nB: y"], "header-malformed"),
        (["--header", "A=x\ny"], "header-malformed"),
        (["--header", "A=\u20ac"], "header-malformed"),
        (["--header", "Content-Length=1"], "header-malformed"),
        (["--header", "A=1", "--header", "a=2"], "header-twice"),
        (["--header", "authorization=x", "--api-key-env", "KEY"], "header-twice"),
        (["--api-key-env", "OTHER"], "api-key-missing"),
        (["--api-key-env", "EMPTY"], "api-key-missing"),
        (["--api-key-env", "LINES"], "header-malformed"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_no_value_is_repeated(words, code):
    with pytest.raises(UsageError) as caught:
        given(*words, KEY="s3cret-key", EMPTY=" ", LINES="s3cret\r\nX: y")
    assert caught.value.code == code
    shown = caught.value.render()
    assert "s3cret" not in shown
    assert "nonsense" not in shown
    assert "\u20ac" not in shown


def test_latin_1_is_sent_as_it_is():
    assert given("--header", "X-Name=Zo\u00eb").headers == {"X-Name": "Zo\u00eb"}


@pytest.mark.parametrize("text", ["0", "-1", "257", "two", "1.5", ""])
def test_workers_are_a_number(text, capsys):
    assert main(["run", "--workers", text]) == 2
    assert "is not a number from 1 to 256" in capsys.readouterr().err


def test_no_representation_shows_a_value():
    options = given("--api-key-env", "KEY", KEY="s3cret-key")
    target = Target("http://x", "/", options.headers, {})
    assert "s3cret" not in repr(options) + repr(target)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--client", "a:1"], "clients-wrong"),
        (["--client-token", "TOKEN"], "clients-wrong"),
        (["--client", "a:1", "--client", "a:1", "--client-token", "TOKEN"], "clients-wrong"),
        (["--client", "a:1", "--client-token", "TOKEN", "--workers", "2"], "clients-wrong"),
        (
            [w for n in range(65) for w in ("--client", f"a:{n}")] + ["--client-token", "TOKEN"],
            "clients-wrong",
        ),
        (["--client", "nowhere", "--client-token", "TOKEN"], "agent-address-wrong"),
        (["--client", "", "--client-token", "TOKEN"], "agent-address-wrong"),
        (["--client", "a:1", "--client-token", "WEAK"], "agent-token-weak"),
        (["--client", "a:1", "--client-token", "NONE"], "file-unreadable"),
    ],
)
def test_load_clients_that_do_not_go_together_are_refused(words, code, tmp_path):
    (tmp_path / "TOKEN").write_text("0123456789abcdef0123\n")
    (tmp_path / "WEAK").write_text("short")
    named = [str(tmp_path / w) if w in ("TOKEN", "WEAK", "NONE") else w for w in words]
    with pytest.raises(SuiteError) as caught:
        given(*named)
    assert caught.value.code == code


def test_load_clients_and_their_token_reach_the_run(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef0123\n")
    options = given(
        "--client", "a:1", "--client", "[::1]:2", "--client-token", str(tmp_path / "token")
    )
    assert (options.clients, options.client_token) == (("a:1", "[::1]:2"), b"0123456789abcdef0123")
    assert "0123456789" not in repr(options)
