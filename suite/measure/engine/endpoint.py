"""An already running server (``--url``): nothing is started, nothing is stopped."""

from __future__ import annotations

import contextlib
import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.measure.engine.attach import meet
from suite.measure.engine.facts import http_facts
from suite.measure.engine.readiness import probe, wait_ready
from suite.measure.engine.served import Marks, Settings, Uncontained, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from suite.documents.plan import Plan
    from suite.measure.engine.served import Progress


@dataclass(frozen=True, slots=True)
class Endpoint(Uncontained):
    """A server that somebody else runs; see `suite.measure.engine.served.Served`."""

    health_path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def alive(self) -> str | None:
        """None while the health path answers with 200."""
        answer = probe(self.base_url, self.health_path, self.headers, address=self.address)
        return None if answer == http.client.OK else f"{self.health_path} answered: {answer}"


@contextlib.contextmanager
def serve(
    plan: Plan, run_directory: Path, *, on_progress: Progress, settings: Settings | None = None
) -> Iterator[Endpoint]:
    """Wait until the plan's address is healthy and gives a first answer.

    Raises:
        UsageError: ``url-missing``.
        EngineError: as `meet` and `suite.measure.engine.readiness.wait_ready`.
    """
    engine = plan.engine
    if not engine.url:
        raise UsageError(
            "url-missing",
            Sentence(
                "the runtime is endpoint and no address was given",
                "运行方式为 endpoint，而没有给出地址",
            ),
        )
    base_url = engine.url.rstrip("/")
    headers = {} if settings is None else settings.headers
    marks = Marks()
    marks.add("engine.start")
    readiness = engine.readiness
    met = meet(
        base_url, readiness.path, headers, wait_s=readiness.timeout_s, on_progress=on_progress
    )
    engine = replace(engine, readiness=replace(readiness, path=met.path))
    wait_ready(
        engine,
        base_url,
        marks=marks,
        alive=lambda: None,
        log=None,
        on_progress=on_progress,
        headers=headers,
        address=met.address,
    )
    facts = http_facts(base_url, headers, address=met.address)
    facts["endpoint.address"] = met.address
    facts["endpoint.health_path"] = met.path
    facts["endpoint.model"] = engine.served_model_name
    facts["engine.command"] = Unknown(
        Sentence("an endpoint is started by somebody else", "外部端点由他人启动")
    )
    (run_directory / "engine.log").write_text(
        "The engine was an endpoint that was running already; its log is not ours to keep.\n"
    )
    yield Endpoint(base_url, facts, marks.list, met.path, headers, address=met.address)
