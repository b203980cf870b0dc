"""Which machine and suite this is, the machine without saying it: salted digests of its own numbers; and which interface has an address."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite import __version__
from suite.base import harness, jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import SuiteError
from suite.declare.model.facts import hash_file
from suite.documents.agent import Machine
from suite.documents.document import given
from suite.documents.plan import UNKNOWN, SuiteVersion
from suite.measure import host

if TYPE_CHECKING:
    from suite.declare.model.facts import KnownDigests
    from suite.documents.plan import Plan

_MACHINE: Final = ("/etc/machine-id", "/sys/class/dmi/id/product_uuid")
_BOOT: Final = ("/proc/sys/kernel/random/boot_id",)
_GET_ADDRESS: Final = 0x8915  # SIOCGIFADDR
_IPV6_ADDRESSES: Final = Path("/proc/net/if_inet6")
"""Address, number, length of the prefix, scope, flags and interface, a line each."""


def machine_digest(salt: str) -> str:
    """SHA-256 of salt, machine id and the mainboard's UUID."""
    return _digest(salt, _MACHINE)


def boot_digest(salt: str) -> str:
    """SHA-256 of salt and what the kernel drew when it started."""
    return _digest(salt, _BOOT)


def this_suite() -> SuiteVersion:
    """The suite that runs here, by version, commit and the digest of its files."""
    return SuiteVersion(
        version=__version__,
        commit=harness.commit() or UNKNOWN,
        files_sha256=harness.files_sha256(),
    )


def other_suite(title: str, theirs: SuiteVersion, planned: SuiteVersion) -> Sentence:
    """That a member runs another suite than the plan's: one version may name two of them, the digest of its files only one."""
    there, here = (
        f"{suite.version} ({given(suite.files_sha256, UNKNOWN)[:12]}, commit {suite.commit[:12]})"
        for suite in (theirs, planned)
    )
    return Sentence(
        f"{title} has another suite: {there}; planned was {here}",
        f"{title} 的套件不同：{there}；计划中为 {here}",
    )


def this_machine(salt: str) -> Machine:
    """What an agent or a load client says of where it runs."""
    return Machine(
        machine=machine_digest(salt),
        boot=boot_digest(salt),
        suite=this_suite(),
        facts=host.facts(),
    )


def _digest(salt: str, paths: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join([salt, *map(_text, paths)]).encode()).hexdigest()


def _text(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError:
        return ""


def model_digest(plan: Plan, known: KnownDigests) -> str:
    """Digest over the plan's model files as they lie on this machine; why there is none where one is missing."""
    directory = Path(plan.model.path)
    try:
        files = [
            hash_file(directory / file.path, file.path, None, known) for file in plan.model.files
        ]
    except SuiteError as error:
        return str(error)
    return jsonio.digest(files)


def interface_of(address: str) -> str:
    """The interface of this machine that has an IP address; ``lo`` where none does."""
    if ":" in address:
        return _interface_of_ipv6(address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            if socket.inet_ntoa(answer[20:24]) == address:
                return name
    return "lo"


def _interface_of_ipv6(address: str) -> str:
    with contextlib.suppress(OSError):
        wanted = socket.inet_pton(socket.AF_INET6, address.partition("%")[0]).hex()
        for line in _IPV6_ADDRESSES.read_text("ascii").splitlines():
            own, *_, name = line.split()
            if own == wanted:
                return name
    return "lo"
