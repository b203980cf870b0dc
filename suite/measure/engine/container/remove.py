"""Stand-alone clean-up, run by the lifeline when the suite was killed: ``remove.py CONTAINER NETWORK``.

A script of its own, so that it needs neither the suite's package nor its working directory.
"""

import contextlib
import sys

import docker
from docker.errors import APIError


def main(container: str, network: str) -> None:
    """Remove both; what is gone already is fine."""
    client = docker.from_env()
    with contextlib.suppress(APIError):
        client.api.remove_container(container, force=True, v=True)
    with contextlib.suppress(APIError):
        client.api.remove_network(network)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
