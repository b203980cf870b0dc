"""Every vendor, engine, model and rule that is declared: found in the directories, named nowhere here."""

import re
import subprocess

import pytest
from msgspec import UNSET

from suite.base.errors import UsageError
from suite.declare.plan.text import render_plan
from suite.declare.vendor import arguments, template
from suite.declare.vendor.arguments import Given, Situation
from suite.declare.vendor.load import list_vendors, load_vendor
from suite.documents.codec import plain
from suite.documents.document import given
from tests.factories import vendorplans
from tests.factories.plans import model_input, plan_for

ENGINES = vendorplans.engines()
# The nonce is the plan's own digest, which no plan can hold.
PLACEHOLDER = re.compile(r"\{(" + "|".join(template.PLACEHOLDERS.keys() - {"nonce"}) + r")\}")


def declared(vendor, engine):
    return load_vendor(vendor).engine(engine)


@pytest.mark.parametrize(("vendor", "engine"), ENGINES)
def test_golden_plan(vendor, engine):
    path = vendorplans.CASES / f"{vendor}.{engine}.sh"
    assert path.is_file(), "write it with make plans, and read it"
    assert vendorplans.text(vendor, engine) == path.read_text("utf-8")


@pytest.mark.parametrize(("vendor", "engine"), ENGINES)
def test_a_golden_plan_is_valid_shell(vendor, engine):
    command = ["bash", "-n", str(vendorplans.CASES / f"{vendor}.{engine}.sh")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_golden_plan_belongs_to_an_engine():
    assert {path.stem for path in vendorplans.CASES.iterdir()} == {f"{v}.{e}" for v, e in ENGINES}


@pytest.mark.parametrize(("vendor", "engine"), ENGINES)
def test_every_model_accelerator_and_way_in_gives_a_complete_command(vendor, engine):
    doc = load_vendor(vendor).doc
    chosen = declared(vendor, engine)
    ways = given(chosen.access, [way.id for way in doc.access])
    cases = [
        {"model": model_input(architecture=name)} for name in vendorplans.architectures(chosen)
    ]
    cases += [{"accelerator": name} for name in chosen.accelerators]
    cases += [{"access": name} for name in ways]
    for case in cases:
        plan = vendorplans.plan(vendor, engine, **case)
        text = render_plan(plan)
        assert not PLACEHOLDER.search(text.replace("{{", "")), case
        started = plain(plan.engine)
        assert not PLACEHOLDER.search(str(started).replace("{{", "")), case
        assert plan.engine.image.reference not in ("", "unknown"), case
        required = [rule.name for rule in chosen.arguments if rule.status == "required"]
        assert set(required) <= set(plan.engine.command), case


def other_text(values):
    return next(text for text in ("0", "1", "sixteen") if text not in values)


def broken(rule, values):
    """Values that a rule must refuse; None is the bare name."""
    allowed = template.fill_all(given(rule.allowed, ()), values)
    if rule.status == "forbidden":
        yield None if rule.takes == "flag" else "1"
    elif rule.takes == "flag":
        yield "yes"
    else:
        yield None
        if rule.takes == "json":
            yield "{no json"
        if allowed:
            yield other_text(allowed)
        if rule.minimum is not UNSET:
            yield str(rule.minimum - 1)
        if rule.maximum is not UNSET:
            yield str(rule.maximum + 1)


@pytest.mark.parametrize(("vendor", "engine"), ENGINES)
def test_every_argument_rule_refuses_what_breaks_it(vendor, engine):
    chosen = declared(vendor, engine)
    values = dict.fromkeys(template.PLACEHOLDERS, "7")
    situation = Situation("LlamaForCausalLM", 2, "container")
    for rule in chosen.arguments:
        name = rule.name.removesuffix("*") + ("beta" if rule.name.endswith("*") else "")
        for value in broken(rule, values):
            user = [Given(arguments.spelling(name, rule), value)]
            with pytest.raises(UsageError) as refused:
                arguments.resolve(chosen, values, situation, user, closed=False)
            assert refused.value.code in ("argument-wrong", "argument-forbidden"), (name, value)


@pytest.mark.parametrize(("vendor", "engine"), ENGINES)
def test_what_is_declared_as_refused_is_refused(vendor, engine):
    chosen = declared(vendor, engine)
    for row in chosen.dtypes.refused:
        for device in given(row.accelerators, chosen.accelerators[:1]):
            with pytest.raises(UsageError, match=re.escape(row.requested)) as refused:
                vendorplans.plan(vendor, engine, accelerator=device, dtype=row.requested)
            assert refused.value.code == "dtype-unsupported"
            assert row.why in refused.value.message
    allowed = chosen.tensor_parallel.allowed
    if allowed:
        wrong = max(allowed) + 1
        with pytest.raises(UsageError) as refused:
            vendorplans.plan(vendor, engine, wrong)
        assert refused.value.code in ("tensor-parallel-wrong", "devices-wrong")
    if chosen.models:
        with pytest.raises(UsageError) as refused:
            vendorplans.plan(vendor, engine, model=model_input(architecture="NoSuchForCausalLM"))
        assert refused.value.code == "model-unsupported"


@pytest.mark.parametrize("vendor", list_vendors())
def test_the_word_for_all_devices_is_the_stacks_own_or_is_refused(vendor):
    doc = load_vendor(vendor).doc
    engine, container = doc.engines[0].id, doc.visibility.container
    if container is not None and container.all is not None:
        way = next((way.id for way in doc.access if way.sets_visibility), None)
        env = vendorplans.plan(vendor, engine, 1, every=True, access=way).engine.env
        assert way is None or env[container.variable] == container.all
    else:
        with pytest.raises(UsageError, match="takes no word for all devices") as refused:
            vendorplans.plan(vendor, engine, 1, every=True)
        assert refused.value.code == "devices-wrong"
    for variable in filter(None, (container, *doc.visibility.process)):
        if variable.all is None:
            for word in ("all", "ALL"):
                env = {variable.variable: word}
                with pytest.raises(UsageError, match=f"{variable.variable} takes no word"):
                    vendorplans.plan(vendor, engine, 1, division="open", env=env)


def test_all_devices_need_their_number():
    with pytest.raises(UsageError, match="not how many there are"):
        plan_for("nvidia", every=True)


def test_a_precision_that_no_argument_sets_is_the_weights_own():
    for vendor, engine in (("nvidia", "trtllm"), ("huawei-ascend", "mindie")):
        own = vendorplans.plan(vendor, engine, model=model_input(torch_dtype="bfloat16"))
        assert own.engine.dtype.executed == "bfloat16"
        with pytest.raises(UsageError, match="no argument sets it: the engine takes") as refused:
            vendorplans.plan(vendor, engine, dtype="bfloat16")
        assert refused.value.code == "dtype-unsupported"


def test_arguments_keep_the_engines_own_spelling():
    plan = vendorplans.plan("nvidia", "trtllm", overrides={"max-batch-size": "8"})
    assert plan.engine.command[plan.engine.command.index("--max_batch_size") + 1] == "8"
    reused = vendorplans.plan(
        "nvidia", "vllm", division="open", overrides={"enable_prefix_caching": ""}
    )
    assert reused.engine.prefix_caching


def test_a_container_that_sees_every_device_selects_by_the_hosts_index():
    raw = plan_for("amd", "vllm", visible=(4, 5)).engine
    assert raw.env["HIP_VISIBLE_DEVICES"] == "4,5"
    assert raw.container.devices == ("/dev/kfd", "/dev/dri")
    toolkit = plan_for("amd", "vllm", visible=(4, 5), access="toolkit").engine
    assert (toolkit.env["AMD_VISIBLE_DEVICES"], toolkit.env["HIP_VISIBLE_DEVICES"]) == (
        "4,5",
        "0,1",
    )
    enflame = plan_for("enflame", visible=(2,)).engine
    assert enflame.env["TENCENT_VISIBLE_DEVICES"] == enflame.env["ENFLAME_VISIBLE_DEVICES"] == "2"
