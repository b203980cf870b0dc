"""The manifests of a fleet for Kubernetes: which devices its plans use, under the names that are declared or given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, UsageError
from suite.cli.fleets import plan_file, read, unit
from suite.cli.optionvalues import resource_names
from suite.declare.vendor.load import load_vendor
from suite.documents.codec import decode, digest
from suite.documents.plan import Plan
from suite.measure.fleet import attempt as attempts
from suite.measure.fleet import kubernetes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from suite.declare.fleet import Job
    from suite.declare.vendor.load import Vendor
    from suite.documents.fleet import Cell, Fleet, Machine


def manifests(directory: Path, place: kubernetes.Place, resources: Sequence[str]) -> bytes:
    """The manifests of a fleet, and the scripts that they start.

    Args:
        directory: of the fleet.
        place: where the jobs run.
        resources: names of the devices in Kubernetes, VENDOR=NAME, before those that are declared.

    Raises:
        EvidenceError: as `read`.
        UsageError: ``fleet-devices-undeclared``, ``fleet-resource-wrong``, ``plan-differs``.
        SetupError: ``run-unwritable``.
    """
    fleet = read(directory)
    command = unit(directory, fleet)
    resources_of = resource_names(resources, {machine.vendor for machine in fleet.machines})
    devices = {
        machine.name: _devices(directory, fleet, machine, resources_of)
        for machine in fleet.machines
        if not machine.excluded
    }

    def script(job: Job) -> Path:
        at = attempts.files(directory, job, 1)
        attempts.write_script(at, job.machine, command(job, at), fleet.directory)
        return at.script

    return kubernetes.render(kubernetes.manifests(fleet, place, script, devices))


def _devices(
    directory: Path, fleet: Fleet, machine: Machine, resources: Mapping[str, str]
) -> kubernetes.Devices:
    """What the plans of a machine's cells use, the most of any of them."""
    counts: dict[str, int] = {}
    why: dict[str, None] = {}
    for cell in fleet.cells:
        if machine.name not in cell.machines:
            continue
        plan = _cells_plan(directory, cell)
        vendor = load_vendor(machine.vendor)
        used = next(
            (each for each in vendor.doc.accelerators if each.id == plan.devices.accelerator), None
        )
        if plan.runtime not in {"container", "process"} or plan.vendor.emulated:
            why[f"none: {cell.name} uses no devices"] = None
        elif used is not None and used.topology.device == "host":
            why[f"none: {cell.name} computes on the host's processors"] = None
        else:
            name, source = _resource(vendor, plan.devices.accelerator, resources)
            counts[name] = max(counts.get(name, 0), plan.devices.count or 1)
            why[f"{name}: {source}"] = None
    return kubernetes.Devices(counts, "; ".join(why))


def _cells_plan(directory: Path, cell: Cell) -> Plan:
    """The plan of a cell, as it was made.

    Raises:
        EvidenceError: it is gone, or no plan.
        UsageError: ``plan-differs``.
    """
    path = plan_file(directory, cell.name)
    data = jsonio.read_bytes(path, error=EvidenceError, limit=jsonio.MAX_DOCUMENT_BYTES)
    plan = decode(data, Plan, name=str(path))
    if digest(plan) != cell.plan_sha256:
        message = Sentence(
            f"{path} is not the plan of the fleet's cell", f"{path} 不是机群该单元的计划"
        )
        raise UsageError("plan-differs", message)
    return plan


def _resource(vendor: Vendor, accelerator: str, resources: Mapping[str, str]) -> tuple[str, str]:
    """Name of an accelerator in Kubernetes, and who says so."""
    if vendor.id in resources:
        return resources[vendor.id], "named with --resource"
    declared = vendor.kubernetes_resource(accelerator)
    if declared is not None:
        return declared.resource, f"as vendors/{vendor.id} declares"
    message = Sentence(
        f"{vendor.id} declares no name of {accelerator} in Kubernetes",
        f"{vendor.id} 未声明 {accelerator} 在 Kubernetes 中的资源名称",
    )
    hint = Sentence(
        f"name what the cluster's device plugin offers: --resource {vendor.id}=DOMAIN/NAME",
        f"请指定集群的设备插件所提供的名称：--resource {vendor.id}=DOMAIN/NAME",
    )
    raise UsageError("fleet-devices-undeclared", message, hint=hint)
