"""The readable form says everything that a declaration holds for people."""

import pytest

from suite.declare.vendor.load import list_vendors, load_vendor
from suite.declare.vendor.text import vendor_text


@pytest.mark.parametrize("name", list_vendors())
def test_nothing_that_matters_is_left_out(name):
    doc = load_vendor(name).doc
    text = vendor_text(doc)
    assert "UNSET" not in text
    flat = " ".join(text.split())
    for words in (
        *(source.ref for source in doc.sources.values()),
        *doc.notes,
        *(note for engine in doc.engines for note in engine.notes),
        *(entry.why for engine in doc.engines for entry in engine.unsupported),
        *(device.name for device in doc.accelerators),
        *(image.reference for engine in doc.engines for image in engine.images),
        *(engine.readiness.warm_up for engine in doc.engines),
        *(tool.format for tool in doc.telemetry),
    ):
        assert " ".join(words.split()) in flat
