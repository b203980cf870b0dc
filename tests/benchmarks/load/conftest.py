"""The C programs, built once."""

import shutil

import pytest

from benchmarks.load import ccompiler


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    built = ccompiler.build(tmp_path_factory.mktemp("programs"))
    assert built.why == ""
    return built
