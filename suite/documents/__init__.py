"""Every document's type, once; ``schemas/*.schema.json`` is generated from it by `suite.documents.schemas`."""
