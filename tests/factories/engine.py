"""Plans for tests of engines: the small server of ``tests/container/servers`` as the engine."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from suite.declare.vendor.load import load_vendor
from suite.documents.codec import convert, plain
from suite.documents.document import given
from suite.documents.plan import Plan
from suite.measure.engine import Settings
from suite.measure.engine.environment import STAMP, requirements_digest
from tests.factories import evidence

SERVERS = Path(__file__).resolve().parents[1] / "container" / "servers"


MINI_MODEL = Path(__file__).resolve().parents[2] / "suite" / "assets" / "mini_model"


@contextlib.contextmanager
def nobody() -> Iterator[int]:
    """A port of the loopback address that refuses every connection, and that nobody else can get meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def environment(top: Path) -> Settings:
    """Settings of a repository whose environment ``test`` is there already: this interpreter."""
    repository = top / "repository"
    source = repository / "images" / "test"
    source.mkdir(parents=True)
    for name, package in (("torch", "torch"), ("requirements", "nothing"), ("uv", "uv")):
        (source / f"{name}.txt").write_text(f"{package}==1\n")
    programs = repository / ".venv-test" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "python3"):
        (programs / name).symlink_to(sys.executable)
    (repository / ".venv-test" / STAMP).write_text(requirements_digest(source))
    return Settings(repository=repository, environments=repository, cache=top / "cache")


def vllm_plan() -> Plan:
    """A plan for vLLM with the mini model, as a process of this machine."""
    made = plain(plan(runtime="process"))
    engine = made["engine"]
    engine["id"] = engine["title"] = "vllm"
    server = ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", str(MINI_MODEL)]
    server += ["--served-model-name", "mini", "--max-model-len", "1024", "--dtype", "float32"]
    listen = ["--host", "0.0.0.0", "--port", "8000"]
    engine["command"] = [*server, *listen, "--no-enable-prefix-caching"]
    engine["env"] = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"}
    engine["request"] |= {
        "extra_body": {"return_token_ids": True},
        "stream_options": {"include_usage": True},
    }
    engine["process"] = {
        "environment": "vllm",
        "requirements": "images/cpu-vllm/requirements.txt",
    }
    engine["readiness"] = {"path": "/health", "timeout_s": 600.0, "interval_s": 0.25}
    declared = given(load_vendor("cpu").engine("vllm").compile_cache)
    assert declared is not None
    engine["compile_cache"] = {"target": declared.target, "variables": declared.variables}
    return convert(made, Plan)


def plan(fault: str = "nothing", *, runtime: str = "container", image: str = "") -> Plan:
    """The plan of the small server, which has the fault."""
    made = evidence.plan()
    engine = made["engine"]
    made["runtime"] = runtime
    script = "/srv/server.py" if runtime == "container" else str(SERVERS / "server.py")
    engine["command"] = ["python3", script, fault, "--host", "0.0.0.0", "--port", "8000"]
    engine["title"] = "the test server"
    engine["env"] = {"FROM_PLAN": "yes"}
    engine["readiness"] = {"path": "/health", "timeout_s": 30.0, "interval_s": 0.05}
    engine["request"]["extra_body"] = {}
    engine["request"]["stream_options"] = None
    engine["image"] = {
        "source": "registry",
        "reference": image,
        "digest": None,
        "build_context": None,
        "tarball": None,
        "visibility": "local",
    }
    engine["container"] |= {
        "mounts": [{"source": str(SERVERS), "target": "/srv", "read_only": True}],
        "memory": "256m",
        "pids": 64,
        "shm_size": None,
    }
    engine["process"] = {"environment": "test", "requirements": "none"}
    return convert(made, Plan)
