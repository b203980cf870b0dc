"""Inventories: every mistake at once with its line, and the cells and order that follow from one."""

import time
import tracemalloc

import pytest

from suite.base.errors import DeclarationError, UsageError
from suite.cli.fleets import plan
from suite.declare.fleet import drafts, jobs, read_inventory
from tests.factories import fleets, runs


def test_a_kind_of_machine_is_a_cell_for_each_engine_model_and_profile(tmp_path):
    value = fleets.inventory()
    value["machines"].append(
        {"name": "node-5", "vendor": "mthreads", "accelerator": "mtt-s5000", "devices": 8}
    )
    value["machines"].append({"name": "node-6", "vendor": "nvidia", "excluded": "sent back"})
    value["matrix"] = [
        {"vendors": ["nvidia"], "engines": ["vllm"], "profiles": ["smoke", "./my/Long One.yaml"]},
        {
            "vendors": ["mthreads"],
            "models": ["/models/a"],
            "profiles": ["smoke"],
            "options": ["--runtime", "sim"],
            "sending": ["--workers", "2"],
        },
    ]
    made = drafts(read_inventory(fleets.written(tmp_path / "rack.yaml", value)))
    assert [(draft.name, draft.machines) for draft in made] == [
        ("1-nvidia-vllm-smoke", ("node-1", "node-2")),
        ("2-nvidia-vllm-long-one", ("node-1", "node-2")),
        ("3-mthreads-default-smoke", ("node-3", "node-4")),
        ("4-mthreads-default-smoke", ("node-5",)),
    ]
    words = "--vendor mthreads --accelerator mtt-s5000 --devices 8 --model /models/a --profile smoke --runtime sim"
    assert " ".join(made[3].words) == words
    assert made[3].sending == ("--workers", "2")


def test_repeats_are_the_outermost_order(tmp_path):
    order = [(job.repeat, job.machine) for job in jobs(fleets.fleet(tmp_path, 2))]
    assert order == [(1, "node-1"), (1, "node-2"), (2, "node-1"), (2, "node-2")]


def test_every_breach_of_the_schema_comes_at_once(tmp_path):
    path = tmp_path / "rack.yaml"
    path.write_text(
        "inventory_schema: 1\n"
        "name: rack\n"
        "machines:\n"
        "  - {name: node 1, vendor: nvidia}\n"
        "  - {name: node-2, vender: nvidia, excluded: ''}\n"
        "matrix:\n"
        "  - {profiles: []}\n"
        "repeats: 0\n"
    )
    with pytest.raises(DeclarationError) as refused:
        read_inventory(path)
    places = {(item.place.line, item.place.pointer) for item in refused.value.problems}
    assert refused.value.code == "schema-violation"
    assert {
        (4, "/machines/0/name"),
        (5, "/machines/1/vender"),
        (5, "/machines/1/excluded"),
        (7, "/matrix/0/profiles"),
        (8, "/repeats"),
    } <= places


@pytest.mark.parametrize(
    ("matrix", "again"),
    [
        ([{"profiles": ["smoke", "smoke"]}], "2-nvidia-default-smoke"),
        ([{"profiles": ["smoke"]}, {"vendors": ["nvidia"], "profiles": ["smoke"]}], "2-nvidia"),
        ([{"profiles": ["smoke"], "models": ["/m", "/n", "/m"]}], "3-nvidia-default-smoke"),
    ],
)
def test_a_cell_that_is_there_already_is_refused(tmp_path, matrix, again):
    value = fleets.inventory(2, matrix=matrix)
    value["machines"] = [{"name": "node-1", "vendor": "nvidia"}]
    with pytest.raises(DeclarationError) as refused:
        read_inventory(fleets.written(tmp_path / "rack.yaml", value))
    (problem,) = refused.value.problems
    assert problem.message.startswith(again)


def test_one_host_in_other_letters_is_one_machine(tmp_path):
    value = fleets.inventory(2, matrix=[{"profiles": ["smoke"]}])
    value["machines"][1]["name"] = "NODE-1"
    with pytest.raises(DeclarationError) as refused:
        read_inventory(fleets.written(tmp_path / "rack.yaml", value))
    assert [item.message for item in refused.value.problems] == ["two machines are called NODE-1"]


def test_every_contradiction_comes_at_once(tmp_path):
    value = fleets.inventory(matrix=[{"vendors": ["nvidia", "nvidai"], "profiles": ["smoke"]}])
    value["machines"][1]["name"] = "node-1"
    for machine in value["machines"]:
        machine["excluded"] = "all are sent back"
    with pytest.raises(DeclarationError) as refused:
        read_inventory(fleets.written(tmp_path / "rack.yaml", value))
    assert refused.value.code == "fleet-inventory-wrong"
    assert [problem.message for problem in refused.value.problems] == [
        "two machines are called node-1",
        "every machine is excluded",
        "no machine is of nvidai",
    ]


@pytest.mark.parametrize(
    ("options", "name"), [(["--engine"], "default"), (["--engine", "vllm"], "vllm")]
)
def test_an_option_without_its_value_is_left_to_the_command(tmp_path, options, name):
    value = fleets.inventory(1, matrix=[{"profiles": ["smoke"], "options": options}])
    (made,) = drafts(read_inventory(fleets.written(tmp_path / "rack.yaml", value)))
    assert made.name == f"1-mthreads-{name}-smoke"


def test_a_machine_that_is_to_run_nothing_is_named(tmp_path):
    value = fleets.inventory(matrix=[{"vendors": ["nvidia"], "profiles": ["smoke"]}])
    value["machines"][3]["excluded"] = "sent back"
    with pytest.raises(DeclarationError) as refused:
        read_inventory(fleets.written(tmp_path / "rack.yaml", value))
    (problem,) = refused.value.problems
    assert (problem.message, problem.place.pointer) == ("node-3 is to run nothing", "/machines/2")


def test_a_name_with_a_line_feed_is_refused(tmp_path):
    value = fleets.inventory(1)
    value["machines"][0]["name"] = "node-1\n"
    with pytest.raises(DeclarationError) as refused:
        read_inventory(fleets.written(tmp_path / "rack.yaml", value))
    assert refused.value.code == "schema-violation"


@pytest.mark.parametrize(
    "words",
    [
        {"options": ["--vendor", "nvidia"]},
        {"options": ["--profile=soak"]},
        {"options": ["--engine"]},
        {"options": ["--help"]},
        {"options": ["--nonsense"]},
        {"sending": ["--vendor", "nvidia"]},
        {"sending": ["--profile", "soak"]},
        {"sending": ["--resume", "runs/x"]},
        {"sending": ["--out", "x"]},
        {"sending": ["--images", "a,b"]},
    ],
)
def test_words_that_lead_elsewhere_are_refused(tmp_path, words):
    value = fleets.inventory(1, matrix=[{"profiles": ["smoke"], **words}])
    with pytest.raises(UsageError) as refused:
        plan(fleets.written(tmp_path / "rack.yaml", value), tmp_path / "out")
    assert refused.value.code == "fleet-options-wrong"
    assert not (tmp_path / "out").exists()


def test_a_cell_by_another_name_is_refused(tmp_path):
    (tmp_path / "again").symlink_to(tmp_path)
    profile = runs.profile(tmp_path)
    profiles = [str(profile), str(tmp_path / "again" / profile.name)]
    value = fleets.inventory(1, matrix=[{"profiles": profiles, "options": ["--runtime", "sim"]}])
    with pytest.raises(
        UsageError, match="2-mthreads-default-tiny comes to the plan of 1-"
    ) as refused:
        plan(fleets.written(tmp_path / "rack.yaml", value), tmp_path / "out")
    assert refused.value.code == "fleet-options-wrong"


def test_a_thousand_machines_are_read_at_once_and_each_mistake_has_its_line(tmp_path):
    """One machine a line: what is wrong with 100 of them comes in one refusal, by line."""
    lines = ["inventory_schema: 1", "name: hall", "machines:"]
    wrong = set()
    for number in range(1000):
        vendor = ("nvidia", "mthreads")[number % 2]
        if number % 10 == 7:
            wrong.add(len(lines) + 1)
            lines.append(f"  - {{name: n{number}, vendor: {vendor}, devices: none}}")
        else:
            lines.append(f"  - {{name: n{number}, vendor: {vendor}, devices: 8}}")
    lines += ["matrix:", "  - {profiles: [smoke]}"]
    path = tmp_path / "hall.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(DeclarationError) as refused:
        read_inventory(path)
    assert {item.place.line for item in refused.value.problems} == wrong
    path.write_text("\n".join(lines).replace("none", "8"))
    tracemalloc.start()
    begun = time.process_time()
    made = drafts(read_inventory(path))
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [len(draft.machines) for draft in made] == [500, 500]
    print(f"{took:.2f} s, {peak / 1e6:.1f} MB")
    assert peak < 64e6
    assert took < 30
