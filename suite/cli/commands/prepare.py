"""``suite prepare``: get what takes minutes ahead of time, so that a run starts at once or without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence, placed
from suite.base.errors import UsageError, exclusive
from suite.cli.command import Names, command
from suite.cli.options import (
    accelerator_option,
    engine_option,
    image_option,
    json_option,
    quiet_option,
    vendor_option,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.declare.vendor.load import Vendor
    from suite.documents.vendor_engine import DeclaredEngine, RuntimeName
    from suite.measure.prepare import Prepared

_WHAT: dict[RuntimeName, Sentence] = {
    "container": Sentence("image", "镜像"),
    "process": Sentence("Python environment", "Python 环境"),
}


@command("suite prepare --vendor cpu --runtime process --all")
@vendor_option
@engine_option
@click.option("--all", "every", is_flag=True, help="every engine of that vendor")
@accelerator_option
@image_option
@click.option("--runtime", type=Names(tuple(_WHAT)), help="default: container where Docker answers")
@quiet_option
@json_option("what is ready")
def prepare(
    vendor: str,
    engine: str | None,
    accelerator: str | None,
    image: str | None,
    runtime: RuntimeName | None,
    *,
    every: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Get an engine's image or Python environment ahead of time.

    Builds, pulls or installs what an engine runs from, or finds it there. Starts no engine and asks for no device.
    Reads the variables SUITE_CACHE (directory for downloads that outlive a run), TORCH_INDEX (package index with the
    CPU build of torch) and BASE_IMAGE (base image of the images that are built here).
    """
    from suite.cli.machine import settings
    from suite.cli.terminal import Terminal
    from suite.declare.vendor.load import load_vendor
    from suite.measure.prepare import prepare as make_ready
    from suite.measure.signals import Stop

    if every and engine is not None:
        raise UsageError(
            "usage-wrong",
            exclusive("--engine", "--all"),
        )
    if every and image:
        raise UsageError(
            "image-ambiguous",
            Sentence(
                "--image names one image and --all wants several",
                "--image 只指定一个镜像，而 --all 需要多个",
            ),
        )
    declared = load_vendor(vendor)
    engines = declared.doc.engines if every else [declared.engine(engine)]
    # Unknown names are refused before anything is fetched.
    devices = [declared.accelerator(candidate, accelerator) for candidate in engines]
    chosen = _runtime(runtime, declared, engines)
    ready: list[Prepared] = []
    with Terminal(quiet=quiet) as terminal, Stop(terminal.interrupted).installed():
        for candidate, device in zip(engines, devices, strict=True):
            what = _WHAT[chosen]
            making = Sentence(f"making its {what} ready", f"正在准备{what.zh}")
            terminal.line(placed(candidate.title, making))
            ready.append(
                make_ready(
                    declared.id,
                    candidate,
                    device,
                    chosen,
                    image=image,
                    on_progress=terminal.step,
                    settings=settings(),
                )
            )
            terminal.line(placed(candidate.title, Sentence("ready", "已就绪")))
    _show(ready, as_json=as_json)
    return 0


def _runtime(
    chosen: RuntimeName | None, vendor: Vendor, engines: Sequence[DeclaredEngine]
) -> RuntimeName:
    """As ``suite run`` chooses: a process only where no Docker engine answers and all can be one."""
    from suite.measure.engine import docker_available

    if chosen is not None:
        return chosen
    as_process = all(vendor.can_run_as_process(engine.id) for engine in engines)
    return "process" if as_process and not docker_available().ok else "container"


def _show(ready: list[Prepared], *, as_json: bool) -> None:
    from suite.cli.output import write_json, write_table

    rows = [
        (prepared.engine, prepared.runtime, prepared.what, prepared.digest) for prepared in ready
    ]
    if as_json:
        names = ("engine", "runtime", "what", "digest")
        write_json({"ready": [dict(zip(names, row, strict=True)) for row in rows]})
    else:
        heading = (
            Sentence("engine", "推理引擎"),
            Sentence("runtime", "运行方式"),
            Sentence("ready", "已就绪"),
            Sentence("digest", "摘要"),
        )
        write_table(heading, [(*row[:3], row[3] or "") for row in rows])
