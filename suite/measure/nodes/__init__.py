"""An engine over several nodes: agents beside its containers, and the group that a run sees as one server."""
