"""The names under which a server answered."""

from msgspec.structs import replace

from suite.documents.event import Origin
from suite.judge.log.origin import served
from tests.factories import evidence as factory


def test_a_card_names_twenty_of_them():
    [event, *_] = factory.evidence().requests
    many = [replace(event, origin=Origin(models=(f"m{n}",), fingerprints=())) for n in range(25)]
    assert len(served(many)) == 20
