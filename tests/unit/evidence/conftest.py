import pytest

from tests.factories import evidence as factory


@pytest.fixture
def run(tmp_path):
    return factory.write(tmp_path / "run")
