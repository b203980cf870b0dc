"""Sockets, HTTP framing and the stamps of what passes: bytes out, bytes in, and when."""
