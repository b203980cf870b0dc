import pytest


@pytest.fixture(autouse=True)
def own_locks(tmp_path_factory, monkeypatch):
    """The locks of machines lie in a folder of the test: machines of other tests have the same names."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))
