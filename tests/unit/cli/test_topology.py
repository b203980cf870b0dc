"""Options of several nodes: what they become, that they come back, and what is refused."""

import pytest
from msgspec import UNSET

from suite.base.errors import SuiteError
from suite.cli.main import main
from suite.cli.options import Choices, Sending
from suite.cli.topology import node_places, topology_choice, with_topology
from suite.documents.topology import PlannedLinks, TopologyChoice
from tests.factories.plans import plan_for


def test_options_become_a_choice_and_come_back():
    choices = Choices(nodes=4, data_parallel=2, role=("prefill=2",), link="100:30@data sheet")
    choice = topology_choice(choices)
    links = PlannedLinks(bytes_per_s=12.5e9, round_trip_s=3e-05, source="data sheet")
    assert choice == TopologyChoice(nodes=4, data=2, counts={"prefill": 2}, links=links)
    assert with_topology(Choices(), choice) == choices
    assert topology_choice(Choices(nodes=1)) is topology_choice(Choices()) is UNSET
    assert with_topology(Choices(), UNSET) == Choices()


@pytest.mark.parametrize("link", ["123456.789012:0.00001@x", "99.999999:123456@x"])
def test_a_link_comes_back_to_the_last_digit(link):
    choice = topology_choice(Choices(nodes=2, link=link))
    again = with_topology(Choices(), choice)
    assert again.link == link
    assert topology_choice(again) == choice


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"pipeline_parallel": 2}, "node-count-wrong"),
        ({"nodes": 2, "role": ("prefill",)}, "node-role-wrong"),
        ({"nodes": 2, "role": ("decode=1", "decode=2")}, "node-role-wrong"),
        ({"nodes": 2, "link": "fast"}, "node-link-wrong"),
        ({"nodes": 2, "link": "0:30@x"}, "node-link-wrong"),
    ],
)
def test_what_makes_no_sense_is_refused(words, code):
    with pytest.raises(SuiteError) as caught:
        topology_choice(Choices(**words))
    assert caught.value.code == code


def test_agents_are_as_many_as_nodes_and_have_a_token(tmp_path):
    one, two = plan_for("cpu"), plan_for("cpu", topology=TopologyChoice(nodes=2))
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    agents = ("10.0.0.1:1", "10.0.0.2:1")
    assert node_places(Sending(), two) == ((), b"")
    assert node_places(Sending(node=agents, node_token=token), two) == (agents, b"0123456789abcdef")
    for plan, sending, code in (
        (one, Sending(node=agents, node_token=token), "node-count-wrong"),
        (two, Sending(node=agents[:1], node_token=token), "node-count-wrong"),
        (two, Sending(node_token=token), "node-count-wrong"),
        (two, Sending(node=agents), "usage-wrong"),
        (two, Sending(node=agents, node_token=tmp_path / "none"), "file-unreadable"),
    ):
        with pytest.raises(SuiteError) as caught:
            node_places(sending, plan)
        assert caught.value.code == code


def test_an_agent_wants_a_token_and_an_address(tmp_path, capsys):
    token = tmp_path / "token"
    token.write_text("short")
    assert main(["agent", "--node-token", str(token)]) == 3
    assert "agent-token-weak" in capsys.readouterr().err
    token.write_text("0123456789abcdef")
    assert main(["agent", "--listen", "nowhere", "--node-token", str(token)]) == 3
    assert "agent-address-wrong" in capsys.readouterr().err
