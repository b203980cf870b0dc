"""A farm of load clients: one schedule, dealt over machines; each client is the local load client behind a connection."""
