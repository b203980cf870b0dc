"""The load generator: an HTTP/1.1 and SSE client whose arrival times are the kernel's."""
