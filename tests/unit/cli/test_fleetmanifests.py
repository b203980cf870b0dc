"""What a fleet's pods ask for: devices under the names that are declared, or that are named; else nothing is rendered."""

import shutil
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from suite.base.errors import EvidenceError, UsageError
from suite.cli.fleetmanifests import manifests
from suite.cli.fleetresults import verified
from suite.cli.fleets import plan
from suite.cli.trustoptions import Trusted
from suite.declare.vendor.load import list_vendors
from suite.measure.fleet.kubernetes import DEVICES, Place
from tests.factories import fleets
from tests.factories.vendorplans import NAMED_IMAGE

MACHINES = {
    "hopper": {"vendor": "nvidia", "accelerator": "h100-sxm", "devices": 2},
    "ascend": {"vendor": "huawei-ascend", "accelerator": "910b3", "devices": 4},
    "ascend-small": {"vendor": "huawei-ascend", "accelerator": "310p3"},
    "plain": {"vendor": "cpu"},
    "away": {"vendor": "hygon", "excluded": "on its way"},
}


@pytest.fixture(scope="module")
def hopper(tmp_path_factory) -> Path:
    """A planned fleet of one machine, which no test changes."""
    return planned(tmp_path_factory.mktemp("hopper"), {"hopper": MACHINES["hopper"]})


def planned(tmp_path: Path, machines: dict, options=("--runtime", "container")) -> Path:
    """A planned fleet of some machines."""
    listed = [{"name": name, **members} for name, members in machines.items()]
    vendors = dict.fromkeys(each["vendor"] for each in listed if "excluded" not in each)
    more = {"huawei-ascend": ("--dtype", "float16")}  # all that the 310P3 has
    matrix = [
        {"vendors": [vendor], "profiles": ["smoke"], "options": [*options, *more.get(vendor, ())]}
        for vendor in vendors
    ]
    value = {**fleets.inventory(), "machines": listed, "matrix": matrix, "repeats": 1}
    plan(fleets.written(tmp_path / "rack.yaml", value), tmp_path / "rack")
    return tmp_path / "rack"


def rendered(directory: Path, *resources: str) -> dict[str, dict]:
    """The template of each machine's pods; every manifest holds to the schema."""
    place = Place(directory, "registry.example/suite:1", "suite-fleet", "lab")
    documents = list(yaml.safe_load_all(manifests(directory, place, resources)))
    for document in documents:
        kubernetes_validate.validate(document, "1.29", strict=True)
    templates = [document["spec"]["template"] for document in documents]
    return {each["spec"]["nodeSelector"]["kubernetes.io/hostname"]: each for each in templates}


def asked(template: dict) -> dict:
    (container,) = template["spec"]["containers"]
    resources = container.get("resources", {"requests": {}, "limits": {}})
    assert resources["requests"] == resources["limits"]
    return resources["requests"]


def test_each_machine_asks_for_its_devices_by_the_declared_name(tmp_path):
    pods = rendered(planned(tmp_path, MACHINES))
    assert {name: asked(pod) for name, pod in pods.items()} == {
        "hopper": {"nvidia.com/gpu": "2"},
        "ascend": {"huawei.com/Ascend910": "4"},
        "ascend-small": {"huawei.com/Ascend310P": "1"},
        "plain": {},
    }
    said = {name: pod["metadata"]["annotations"][DEVICES] for name, pod in pods.items()}
    assert said["hopper"] == "nvidia.com/gpu: as vendors/nvidia declares"
    assert said["plain"] == "none: 4-cpu-default-smoke computes on the host's processors"


NAMES = {
    "amd": "amd.com/gpu",
    "aws-neuron": "aws.amazon.com/neuron",
    "huawei-ascend": "huawei.com/Ascend910",
    "intel-gaudi": "habana.ai/gaudi",
    "mthreads": "mthreads.com/gpu",
    "nvidia": "nvidia.com/gpu",
}
"""As each vendor's plugin has them."""


@pytest.mark.parametrize("vendor", [name for name in list_vendors() if name not in ("cpu", "sim")])
def test_every_vendors_manifest_holds_to_the_schema(tmp_path, vendor):
    directory = planned(
        tmp_path, {"one": {"vendor": vendor}}, ("--runtime", "container", "--image", NAMED_IMAGE)
    )
    more = () if vendor in NAMES else (f"{vendor}={vendor}.example/device",)
    if more:
        with pytest.raises(UsageError, match="fleet-devices-undeclared"):
            rendered(directory)
    (pod,) = rendered(directory, *more).values()
    assert asked(pod) == {NAMES.get(vendor, f"{vendor}.example/device"): "1"}


def test_no_part_of_a_manifest_refers_to_another(hopper):
    assert b"&id" not in manifests(hopper, Place(hopper, "suite:1", "claim", "lab"), ())


def test_a_fleet_that_nobody_collected_says_what_makes_its_statement(hopper, tmp_path):
    for place, code in ((hopper, "fleet-uncollected"), (tmp_path, "fleet-missing")):
        with pytest.raises(EvidenceError) as refused:
            verified(place, None, Trusted())
        assert refused.value.code == code


def test_a_name_that_is_given_comes_before_the_declared_one(hopper):
    (pod,) = rendered(hopper, "nvidia=nvidia.com/mig-3g.40gb").values()
    assert asked(pod) == {"nvidia.com/mig-3g.40gb": "2"}
    assert pod["metadata"]["annotations"][DEVICES].endswith("named with --resource")


def test_devices_without_a_name_are_refused_until_they_are_named(tmp_path):
    directory = planned(tmp_path, {"moon": {"vendor": "hygon"}})
    with pytest.raises(UsageError) as refused:
        rendered(directory)
    assert refused.value.code == "fleet-devices-undeclared"
    assert "--resource hygon=" in refused.value.hint
    (pod,) = rendered(directory, "hygon=hygon.com/dcu").values()
    assert asked(pod) == {"hygon.com/dcu": "1"}


def test_an_accelerator_that_the_plugin_of_its_vendor_does_not_name_is_refused(tmp_path):
    machines = {"new": {"vendor": "huawei-ascend", "accelerator": "950dt"}}
    with pytest.raises(UsageError) as refused:
        rendered(planned(tmp_path, machines))
    assert refused.value.code == "fleet-devices-undeclared"


def test_a_scripted_engine_asks_for_nothing(tmp_path):
    directory = planned(tmp_path, {"hopper": MACHINES["hopper"]}, ("--runtime", "sim"))
    (pod,) = rendered(directory).values()
    assert asked(pod) == {}
    assert "uses no devices" in pod["metadata"]["annotations"][DEVICES]


@pytest.mark.parametrize(
    "text",
    ["nvidia", "=nvidia.com/gpu", "nvidia=gpu", "nvidia=nvidia.com/gpu\n", "amd=amd.com/gpu"],
)
def test_a_name_that_is_none_is_refused(hopper, text):
    with pytest.raises(UsageError) as refused:
        rendered(hopper, text)
    assert refused.value.code == "fleet-resource-wrong"


def test_a_plan_that_is_gone_or_another_is_refused(tmp_path, hopper):
    directory = Path(shutil.copytree(hopper, tmp_path / "rack"))
    (path,) = (directory / "plans").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"count": 2', b'"count": 1'))
    with pytest.raises(UsageError) as refused:
        rendered(directory)
    assert refused.value.code == "plan-differs"
    path.unlink()
    with pytest.raises(EvidenceError):
        rendered(directory)


def test_what_no_plan_can_be_made_of_is_refused_with_its_cell(tmp_path):
    machines = {"plain": MACHINES["plain"], "hopper": {**MACHINES["hopper"], "devices": 8}}
    with pytest.raises(UsageError) as refused:
        planned(tmp_path, machines)
    assert refused.value.message.startswith("2-nvidia-default-smoke: 4 attention heads cannot")
    assert refused.value.message.zh.startswith("2-nvidia-default-smoke: ")
