import pytest

from suite.measure.engine.command import listen_on, with_pre_commands


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["e", "--host", "0.0.0.0", "--port", "8000"], ["e", "--host", "127.0.0.1", "--port", "9"]),
        (["e", "--port=8000", "x"], ["e", "--port=9", "x", "--host", "127.0.0.1"]),
        (["e"], ["e", "--host", "127.0.0.1", "--port", "9"]),
        (["e", "--portable", "1"], ["e", "--portable", "1", "--host", "127.0.0.1", "--port", "9"]),
    ],
)
def test_the_address_is_replaced_or_appended(given, wanted):
    assert listen_on(given, 9) == wanted


def test_pre_commands_are_quoted_and_the_engine_takes_the_shells_place():
    made = with_pre_commands([["echo", "a b"], ["true"]], ["serve", "it's"])
    assert made[:2] == ["/bin/sh", "-c"]
    assert made[2] == "echo 'a b' && true && exec serve 'it'\"'\"'s'"


def test_without_pre_commands_there_is_no_shell():
    assert with_pre_commands([], ["serve", "$HOME"]) == ["serve", "$HOME"]
