from __future__ import annotations

import pytest

from suite.declare.vendor.host_cpu import HostCPU, contradiction, host_cpu
from suite.documents.peaks import CPUBasis

HOST = HostCPU(cores=2, clock_mhz=2445.0, clock_max_mhz=None, flags=frozenset({"avx2"}))
MAXIMUM = HostCPU(cores=8, clock_mhz=800.0, clock_max_mhz=3600.0, flags=frozenset({"avx512f"}))


def basis(cores, clock, isa="avx2", flag=None):
    return CPUBasis(isa=isa, flag=flag or isa, cores=cores, clock_mhz=clock)


@pytest.mark.parametrize(
    ("declared", "host", "words"),
    [
        (basis(64, 2400), HOST, "64 cores, and this machine has 2"),
        (basis(2, 26_000), HOST, "no processor's clock"),
        (basis(2, 2.6), HOST, "no processor's clock"),
        (basis(2, 2.6), HostCPU(), "no processor's clock"),
        (basis(2, 6900), HOST, "runs at 2445 MHz"),
        (basis(2, 400), HOST, "runs at 2445 MHz"),
        (basis(2, 2400, "avx512f"), HOST, "does not have"),
        (basis(8, 3800, "avx512f"), MAXIMUM, "reaches 3600"),
        (basis(8, 2400, "amx_bf16"), MAXIMUM, "does not have"),
    ],
)
def test_what_the_processor_cannot_be(declared, host, words):
    assert words in contradiction(declared, host)


@pytest.mark.parametrize(
    ("declared", "host"),
    [
        (basis(2, 2400), HOST),
        (basis(1, 3500), HOST),
        (basis(8, 3600, "avx512f"), MAXIMUM),
        (basis(8, 2100, "avx512f_one_fma", "avx512f"), MAXIMUM),
        (basis(128, 2400, "amx_bf16"), HostCPU()),
    ],
)
def test_what_nothing_speaks_against(declared, host):
    assert contradiction(declared, host) == ""


def test_facts_of_another_form_are_not_known():
    facts = {
        "host.cpu.cores": 4,
        "host.cores": 2,
        "host.cpu.clock_mhz": "fast",
        "host.cpu.flags": 1,
    }
    assert host_cpu(facts) == HostCPU(cores=2)
