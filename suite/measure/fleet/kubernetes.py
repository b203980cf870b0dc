"""Manifests of Kubernetes for a fleet: an Indexed Job for each machine, pinned to its node. Rendered only; nothing here runs them.

Devices are asked for by the names that the vendors' declarations give, or that whoever renders names.
A job's pods run one after the other, never restart and are never repeated: what may be tried again the controller decides, and
there is none here. The fleet's directory is a claim that every node mounts under the path of the fleet.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from suite.base import jsonio
from suite.declare.fleet import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from suite.declare.fleet import Job
    from suite.documents.fleet import Fleet

NAME_LENGTH: Final = 57
"""Longest name of a job: with the index of a pod behind it, it is a DNS label (RFC 1123) of 63 characters."""

DEVICES: Final = "llm-inference-conformance/devices"
"""Annotation that says why a pod asks for the devices that it asks for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the jobs run.

    Attributes:
        directory: of the fleet, which the claim is mounted at.
        image: that holds the suite, and may start the engines.
        claim: name of the PersistentVolumeClaim of the fleet's directory.
        namespace: of the jobs.
    """

    directory: Path
    image: str
    claim: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Devices:
    """What a machine's pods ask for.

    Attributes:
        asked: how many of each extended resource; empty where the runs use no devices.
        why: where the names come from, or why nothing is asked for; stands in the manifest.
    """

    asked: Mapping[str, int]
    why: str


def manifests(
    fleet: Fleet, place: Place, script: Callable[[Job], Path], devices: Mapping[str, Devices]
) -> list[dict[str, object]]:
    """A job for each machine that takes part.

    Args:
        fleet: its fleet.json.
        place: where the jobs run.
        script: of the first attempt of a run.
        devices: by machine.
    """
    wanted: dict[str, list[Job]] = {}
    for job in jobs(fleet):
        wanted.setdefault(job.machine, []).append(job)
    return [
        _job(fleet, place, name, [script(job) for job in listed], devices[name])
        for name, listed in wanted.items()
    ]


def _job(
    fleet: Fleet, place: Place, machine: str, scripts: Sequence[Path], devices: Devices
) -> dict[str, object]:
    cases = " ".join(
        f"{index}) exec sh {shlex.quote(str(path))} ;;" for index, path in enumerate(scripts)
    )
    labels = {"app.kubernetes.io/name": "suite-fleet", "fleet": _label(fleet.name)}
    container: dict[str, object] = {
        "name": "suite",
        "image": place.image,
        "command": ["sh", "-c", f'case "$JOB_COMPLETION_INDEX" in {cases} esac'],
        "volumeMounts": [{"name": "fleet", "mountPath": str(place.directory)}],
    }
    if devices.asked:
        # Of an extended resource request and limit are one number.
        asked = {name: str(count) for name, count in devices.asked.items()}
        container["resources"] = {"requests": asked, "limits": dict(asked)}
    # By default a pod that lost its node is made again: a measurement repeated silently.
    evicted = {"type": "DisruptionTarget", "status": "True"}
    failure = {"rules": [{"action": "FailIndex", "onPodConditions": [evicted]}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": _label(f"{fleet.name}-{machine}"),
            "namespace": place.namespace,
            "labels": labels,
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": len(scripts),
            "parallelism": 1,
            "backoffLimitPerIndex": 0,
            "maxFailedIndexes": len(scripts),
            "podFailurePolicy": failure,
            "template": {
                "metadata": {"labels": dict(labels), "annotations": {DEVICES: devices.why}},
                "spec": {
                    "restartPolicy": "Never",
                    "nodeSelector": {"kubernetes.io/hostname": machine},
                    "containers": [container],
                    "volumes": [
                        {"name": "fleet", "persistentVolumeClaim": {"claimName": place.claim}}
                    ],
                },
            },
        },
    }


def _label(text: str) -> str:
    """A text as a DNS label; where that changes it, with its digest, so that two texts never become one."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if label == text and len(label) <= NAME_LENGTH:
        return label
    return f"{label[: NAME_LENGTH - 9].rstrip('-')}-{jsonio.sha256_hex(text.encode())[:8]}"


def render(documents: Sequence[dict[str, object]]) -> bytes:
    """The manifests as one YAML stream."""
    text = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=1000)
    return text.encode()
