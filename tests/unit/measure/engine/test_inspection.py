"""What Docker and Podman answer about a container."""

from types import SimpleNamespace

import pytest

from suite.base.errors import SetupError
from suite.measure.engine.container.inspection import inspected
from suite.measure.engine.container.lifetime import death

DOCKER = {
    "Id": "1",
    "Image": "sha256:0",
    "State": {"Running": False, "OOMKilled": True, "ExitCode": 137, "Error": "", "Pid": 0},
    "HostConfig": {"NetworkMode": "own", "PortBindings": {"80/tcp": [{"HostPort": "4000"}]}},
    "Config": {"User": "1:1", "Cmd": ["serve"]},
    "NetworkSettings": {
        "Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "4000"}]},
        "Networks": {"own": {"IPAddress": "10.0.0.2"}},
    },
}
PODMAN = DOCKER | {
    "HostConfig": {"NetworkMode": "bridge", "CapDrop": None, "PortBindings": {"80/tcp": None}},
    "Config": {"Cmd": None},
    "NetworkSettings": {"Ports": {"80/tcp": None}, "Networks": {"name": {"IPAddress": ""}}},
}


def asked(answer):
    return SimpleNamespace(attrs=answer, reload=lambda: None)


def test_what_docker_answers():
    answer = inspected(asked(DOCKER))
    assert (answer.state.oom_killed, answer.state.exit_code) == (True, 137)
    assert answer.host_config.publishes
    assert answer.network_settings.ports["80/tcp"][0].host_port == "4000"
    assert answer.network_settings.networks["own"].address == "10.0.0.2"


def test_podman_exposes_without_publishing():
    answer = inspected(asked(PODMAN))
    assert not answer.host_config.publishes
    assert (answer.config.cmd, answer.config.user) == (None, None)
    assert answer.network_settings.networks["name"].address == ""


@pytest.mark.parametrize(
    "wrong",
    [{"State": {}}, DOCKER | {"State": {"Running": "yes"}}, DOCKER | {"Config": None}],
)
def test_an_answer_of_another_form_is_refused(wrong):
    with pytest.raises(SetupError) as refused:
        inspected(asked(wrong))
    assert refused.value.code == "docker-failed"
    assert "another form" in death(asked(wrong))
