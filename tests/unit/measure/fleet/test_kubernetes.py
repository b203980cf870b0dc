"""Manifests: valid against the schemas of Kubernetes, pinned, never repeated."""

from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from msgspec.structs import replace

from suite.documents.fleet import Machine
from suite.measure.fleet.kubernetes import Devices, Place, manifests, render
from tests.factories import fleets

PLACE = Place(Path("/shared/rack"), "registry.example/suite:1", "suite-fleet", "lab")


def none_of(made):
    return {machine.name: Devices({}, "none: of no matter here") for machine in made.machines}


@pytest.fixture
def rendered(tmp_path):
    made = fleets.fleet(tmp_path, 3, repeats=2, excluded="sent back")

    def script(job):
        return Path(f"/shared/rack/{job.machine}/{job.repeat}/it's.sh")

    return list(yaml.safe_load_all(render(manifests(made, PLACE, script, none_of(made)))))


def test_they_hold_to_the_schema(rendered):
    for document in rendered:
        kubernetes_validate.validate(document, "1.29", strict=True)
    broken = {**rendered[0], "spec": {**rendered[0]["spec"], "completion": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.29", strict=True)


def test_each_machine_that_takes_part_runs_its_own_and_nothing_is_made_again(rendered):
    nodes = [doc["spec"]["template"]["spec"]["nodeSelector"] for doc in rendered]
    assert nodes == [{"kubernetes.io/hostname": f"node-{n}"} for n in (1, 2)]
    for document in rendered:
        spec = document["spec"]
        assert (spec["completions"], spec["parallelism"], spec["backoffLimitPerIndex"]) == (2, 1, 0)
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        (_, _, line) = spec["template"]["spec"]["containers"][0]["command"]
        assert "1) exec sh '/shared/rack/node-" in line


def test_no_two_jobs_have_one_name(tmp_path):
    names = ("node-1", "node_1", "Node-1", "n" * 63)
    made = fleets.fleet(tmp_path, 1)
    machines = tuple(Machine(name=name, vendor="cpu") for name in names)
    cell = replace(made.cells[0], machines=names)
    made = replace(made, name="r" * 63, machines=machines, cells=(cell,))
    documents = manifests(made, PLACE, lambda job: Path("/x"), none_of(made))
    labels = [document["metadata"]["name"] for document in documents]
    assert len(set(labels)) == len(names)
    assert all(len(label) <= 57 for label in labels)
    for document in documents:
        kubernetes_validate.validate(document, "1.29", strict=True)
