"""The command line in this process."""

from __future__ import annotations

import shutil

import pytest

from suite.base.language import Language, choose
from suite.cli.main import main
from tests.factories.authority import Authority


@pytest.fixture(autouse=True)
def english():
    """A command leaves the language that it was asked in to whatever this process runs next."""
    yield
    choose(Language.EN)


@pytest.fixture
def suite(capsys, monkeypatch, tmp_path):
    """The command line in an empty directory, with a home of its own: status, standard output, standard error."""
    for name in ("SUITE_KEY", "SUITE_KEY_PASSPHRASE", "PKCS11_MODULE_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        status = main([str(word) for word in words])
        return status, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A time-stamping authority of openssl's."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))
