"""What uv is told of pip's configuration."""

import subprocess

import pytest

from suite.base import uv


@pytest.fixture
def home(tmp_path):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://one.example/simple\nextra-index-url =\n  https://two.example\n"
        "  https://three.example\ntimeout = 90\n[install]\nfind-links = /wheels /more\n"
    )
    return {
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "HOME": str(tmp_path),
        "XDG_CONFIG_DIRS": str(tmp_path),
    }


def added(variables):
    return {
        name: value for name, value in uv.environment(variables).items() if name not in variables
    }


def test_pips_places_are_handed_on(home):
    told = added(home)
    assert told["UV_DEFAULT_INDEX"] == "https://one.example/simple"
    assert told["UV_INDEX"] == "https://two.example https://three.example"
    assert told["UV_FIND_LINKS"] == "/wheels,/more"
    assert told["UV_HTTP_TIMEOUT"] == "90"
    assert told["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_a_variable_wins_over_the_file(home):
    told = added({**home, "PIP_INDEX_URL": "https://mine.example", "PIP_CERT": "/ca.pem"})
    assert told["UV_DEFAULT_INDEX"] == "https://mine.example"
    assert told["SSL_CERT_FILE"] == "/ca.pem"


def test_what_uv_is_told_itself_stays(home):
    told = added({**home, "UV_DEFAULT_INDEX": "https://own.example"})
    assert not {"UV_INDEX", "UV_FIND_LINKS", "UV_DEFAULT_INDEX"} & told.keys()
    assert told["UV_HTTP_TIMEOUT"] == "90"


def test_uvs_own_file_counts_as_told(home, tmp_path):
    (tmp_path / ".config" / "uv").mkdir(parents=True)
    (tmp_path / ".config" / "uv" / "uv.toml").write_text("")
    assert "UV_INDEX" not in added(home)


def test_no_index_keeps_uv_off_the_network(home):
    assert added({**home, "PIP_NO_INDEX": "1"})["UV_OFFLINE"] == "1"


def test_a_broken_file_is_pips_affair(home, tmp_path):
    (tmp_path / "pip.conf").write_text("no section\n")
    assert "UV_INDEX" not in added(home)


def test_the_program_is_there():
    answer = subprocess.check_output([uv.program(), "--version"], text=True)
    assert answer.startswith("uv ")
