"""Stand-alone clean-up, run by the lifeline when the suite was killed: ``remove.py NAME ADDRESS [CERTIFICATES VERIFY]``.

A script of its own, so that it needs neither the suite's package nor its working directory.
"""

import contextlib
import sys
from pathlib import Path

import docker
from docker.errors import APIError
from docker.tls import TLSConfig


def main(name: str, address: str, certificates: str = "", verify: str = "") -> None:
    """Remove the container and the network of a name; what is gone already is fine."""
    tls: TLSConfig | bool = False
    if certificates:
        ca, certificate, key = (
            str(Path(certificates) / f"{part}.pem") for part in ("ca", "cert", "key")
        )
        pair = (certificate, key) if Path(certificate).exists() else None
        tls = TLSConfig(client_cert=pair, ca_cert=ca if verify else None, verify=bool(verify))
    client = docker.DockerClient(base_url=address, tls=tls)
    client.api.trust_env = False
    with contextlib.suppress(APIError):
        client.api.remove_container(name, force=True, v=True)
    with contextlib.suppress(APIError):
        client.api.remove_network(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
