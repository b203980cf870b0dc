"""A plan from its basis: the same bytes, also of simulated and attached runs and of replayed traces."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import SuiteError
from suite.declare.plan.basis import NOT_HASHED, plan_of
from suite.documents.basis import Attached, Basis
from suite.documents.codec import canonical, decode
from tests.factories import shipped


@pytest.mark.parametrize("name", ["smoke", "replay", "lengths"])
def test_the_bytes_survive_being_written_and_read(name):
    basis = shipped.basis(name)
    again = decode(canonical(basis), Basis)
    assert jsonio.digest(plan_of(again)) == jsonio.digest(plan_of(basis))


def test_a_plan_without_the_models_digests_says_so():
    basis = shipped.basis()
    draft = plan_of(replace(basis, model=replace(basis.model, files=())))
    assert draft.model.sha256 == NOT_HASHED
    assert draft.workload.quality.reference is None
    assert plan_of(basis).workload.quality.reference is not None


def test_a_simulated_run_and_a_server_that_was_met():
    script = plan_of(replace(shipped.basis(), runtime="sim", sim_script='{"seed":1}'))
    assert script.engine.command[-2:] == ("--script", '{"seed":1}')
    met = Attached(path="/v1/models", served_model_name="served")
    basis = replace(shipped.basis(), runtime="endpoint", url="http://10.0.0.1:1", attached=met)
    engine = plan_of(basis).engine
    assert (engine.readiness.path, engine.served_model_name) == ("/v1/models", "served")


@pytest.mark.parametrize("member", ["declaration", "profile"])
def test_what_breaks_its_schema_is_refused(member):
    with pytest.raises(SuiteError):
        plan_of(replace(shipped.basis(), **{member: {"id": "cpu"}}))


def test_a_declaration_that_contradicts_itself_and_a_missing_trace_are_refused():
    basis = shipped.basis("replay")
    with pytest.raises(SuiteError) as caught:
        plan_of(replace(basis, traces=UNSET))
    assert caught.value.code == "basis-incomplete"
    engines = [engine | {"accelerators": []} for engine in basis.declaration["engines"]]
    with pytest.raises(SuiteError):
        plan_of(replace(basis, declaration=basis.declaration | {"engines": engines}))
    profile = basis.profile | {"quality": basis.profile["quality"], "repeats": 0}
    with pytest.raises(SuiteError):
        plan_of(replace(basis, profile=profile))
