import pytest

from suite.base.addresses import is_own


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/v1", True),
        ("https://localhost", True),
        ("127.8.9.1:5000", True),
        ("http://10.0.0.7:8000", False),
        ("https://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_an_address_of_this_machine_is_known(address, own):
    assert is_own(address) is own
