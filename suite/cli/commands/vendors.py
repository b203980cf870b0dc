"""``suite vendors``: list, show, check, begin, pin and bundle vendor declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence, placed
from suite.base.visible import say
from suite.cli.command import Group, Names, command, described
from suite.cli.completing import vendor_names
from suite.cli.options import (
    FILE,
    accelerator_option,
    engine_option,
    image_option,
    json_option,
    quiet_option,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal


def _vendors() -> None:
    """List, show, check, begin, pin and bundle vendor declarations.

    Works with the declarations under vendors/.
    """


vendors = Group(
    name="vendors",
    no_args_is_help=False,
    **described(_vendors, "suite vendors check vendors/mthreads"),
)


@command("suite vendors list --json", within=vendors)
@json_option("the list")
def list(*, as_json: bool) -> int:  # noqa: A001 - the command's name
    """List every vendor with its engines and accelerators."""
    from suite.cli.output import write_json, write_table
    from suite.declare.vendor.load import list_vendors, load_vendor

    docs = [load_vendor(name).doc for name in list_vendors()]
    if as_json:
        write_json(
            [
                {
                    "id": doc.id,
                    "name": doc.name,
                    "engines": [engine.id for engine in doc.engines],
                    "accelerators": [device.id for device in doc.accelerators],
                }
                for doc in docs
            ]
        )
        return 0
    rows = [
        (
            doc.id,
            Sentence(doc.name, doc.title.chinese),
            ", ".join(engine.id for engine in doc.engines),
            ", ".join(device.id for device in doc.accelerators),
        )
        for doc in docs
    ]
    heading = (
        Sentence("vendor", "厂商"),
        Sentence("name", "名称"),
        Sentence("engines", "推理引擎"),
        Sentence("accelerators", "加速器"),
    )
    write_table(heading, rows)
    return 0


@command("suite vendors show mthreads", within=vendors)
@click.argument("vendor", shell_complete=vendor_names)
@json_option("the declaration as the suite reads it")
def show(vendor: str, *, as_json: bool) -> int:
    """Print one declaration: devices, engines, access, figures with their sources, and what to beware of.

    VENDOR is a directory under vendors/, or a path with a slash.
    """
    from suite.cli.output import write_json, write_text
    from suite.declare.vendor.load import load_vendor
    from suite.declare.vendor.text import vendor_text

    doc = load_vendor(vendor).doc
    if as_json:
        write_json(doc)
    else:
        write_text(vendor_text(doc))
    return 0


@command("suite vendors check mthreads", within=vendors)
@click.argument("vendor", type=FILE, nargs=-1, shell_complete=vendor_names)
def check(vendor: tuple[Path, ...]) -> int:
    """Check declarations and say everything that is wrong, with file, line and what would be right.

    VENDOR is a name under vendors/, or a directory; it may be repeated, and without it every vendor is checked. Of a
    vendor that is named and in order it is said what a closed submission with every number still needs.
    """
    from suite.cli.output import write_text
    from suite.declare.vendor.closed import closed_needs
    from suite.declare.vendor.load import (
        VENDOR_DIRECTORY,
        check_vendor,
        list_vendors,
        load_vendor,
    )
    from suite.measure.telemetry import TOOLS

    directories = vendor or tuple(VENDOR_DIRECTORY / name for name in list_vendors())
    wrong = 0
    for path in directories:
        problems = check_vendor(path, TOOLS)
        wrong += bool(problems)
        number = len(problems)
        count = {0: "in order", 1: "one problem"}.get(number, f"{number} problems")
        write_text(placed(str(path), Sentence(count, f"{number} 个问题" if number else "正确")))
        for problem in problems:
            write_text(Sentence("  - ", "  - ") + problem.sentence())
        # A path that is here has a slash in it; the name of a shipped vendor has none.
        place = str(path.absolute() if path.exists() else path)
        needs = closed_needs(load_vendor(place).doc, place) if vendor and not problems else []
        if needs:
            write_text(
                Sentence(
                    "  For a closed submission with every number:",
                    "  要以全部数字提交封闭赛道，还需：",
                )
            )
        for need in needs:
            write_text(Sentence("  - ", "  - ") + need)
    return 2 if wrong or not directories else 0


@command("suite vendors new acme", within=vendors)
@click.argument("vendor")
@click.option("--in", "parent", type=FILE, metavar="DIR", help="where to; default: vendors/")
def new(vendor: str, parent: Path | None) -> int:
    """Begin a declaration: the smallest one, in order from the first, to be filled in.

    VENDOR is the new name: small letters, digits, - and _.
    """
    from suite.base import resources
    from suite.declare.vendor.load import VENDOR_DIRECTORY, new_vendor

    path = new_vendor(vendor, parent or resources.workspace() / "vendors")
    # Of one that lies elsewhere, the path is its name on the command line.
    elsewhere = path.parent.parent.resolve() != VENDOR_DIRECTORY.resolve()
    # Without a slash it would be the name of a shipped one.
    named = f"{path.parent.parent}/{vendor}" if elsewhere else vendor
    say(placed(str(path), Sentence("write what is true, then", "请如实填写，然后")))
    for words in (
        "vendors check {}",
        "plan --vendor {} --image NAME:TAG",
        "run --vendor {} --emulate",
    ):
        say(f"  suite {words.format(named)}")
    return 0


@command("suite vendors pin nvidia", within=vendors)
@click.argument("vendor", shell_complete=vendor_names)
@click.option(
    "--write",
    "listing",
    type=FILE,
    metavar="FILE",
    help="enter them, for each architecture and with today's date, into a list such as trust/images.json",
)
@json_option("the digests")
def pin(vendor: str, listing: Path | None, *, as_json: bool) -> int:
    """Say the digest of each image that is declared by a tag, from this machine or from its registry.

    With it, `--image NAME@DIGEST` runs exactly that image. For everybody it is pinned by `digest:` in the declaration, or by
    the reviewers' list, trust/images.json. The status is 3 when no digest could be had.
    """
    from suite.base.errors import SetupError
    from suite.cli.output import write_json, write_note, write_table
    from suite.declare.known import add_images
    from suite.declare.vendor.load import load_vendor
    from suite.measure.engine.container.pin import digests, known

    engines = load_vendor(vendor).doc.engines
    pinned = digests(engines)
    if listing is not None:
        count = add_images(listing, known(engines, pinned))
        write_note(Sentence(f"{listing} names {count} images", f"{listing} 列有 {count} 个镜像"))
    if as_json:
        names = ("engine", "image", "digest", "from")
        write_json({"images": [dict(zip(names, row, strict=True)) for row in pinned]})
    else:
        heading = (
            Sentence("engine", "推理引擎"),
            Sentence("image", "镜像"),
            Sentence("digest", "摘要"),
            Sentence("from", "来源"),
        )
        write_table(heading, pinned)
    return 0 if any(row[2] for row in pinned) or not pinned else SetupError.exit_status


@command(
    "suite vendors bundle cpu --engine transformers --model ./model --out kit.tar", within=vendors
)
@click.argument("vendor", shell_complete=vendor_names)
@engine_option
@accelerator_option
@click.option("--model", help="directory, Hugging Face id, or mini (default), which the suite has")
@click.option("--data", type=FILE, help="task file or folder (default: the suite's own set)")
@image_option
@click.option(
    "--runtime",
    type=Names(("container", "process")),
    help="pack the image, or the wheels; default: container where Docker answers",
)
@click.option(
    "--suite/--no-suite", "own", default=True, help="pack the suite's own wheels too (default)"
)
@click.option("--out", type=FILE, metavar="FILE", help="default: bundle-VENDOR-ENGINE.tar")
@quiet_option
@json_option("what was packed")
def bundle(
    vendor: str,
    *,
    engine: str | None,
    accelerator: str | None,
    model: str | None,
    data: Path | None,
    image: str | None,
    runtime: Literal["container", "process"] | None,
    out: Path | None,
    own: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Pack what a run needs into one archive, for a machine without a network.

    VENDOR is a directory under vendors/, or a path with a slash. The archive is a plain tar: image (docker save) or wheels,
    model, data, the suite itself, and bundle.json with the digest of each. There it is run by `suite run --bundle FILE`.
    """
    from suite.cli import bundling
    from suite.cli.output import write_json, write_text
    from suite.cli.terminal import Terminal
    from suite.measure.signals import Stop

    packing = bundling.Packing(
        vendor=vendor,
        engine=engine,
        accelerator=accelerator,
        model=model,
        data=data,
        image=image,
        runtime=runtime,
        own=own,
    )
    target = out or bundling.default_out(packing)
    with Terminal(quiet=quiet) as terminal, Stop(terminal.interrupted).installed():
        manifest = bundling.pack(packing, target, terminal)
    if as_json:
        write_json(manifest)
    else:
        size = target.stat().st_size / 1e6
        write_text(
            Sentence(
                f"{target}: {size:,.1f} MB, {len(manifest.files)} files",
                f"{target}：{size:,.1f} MB，{len(manifest.files)} 个文件",
            )
        )
        write_text(
            Sentence(
                f"there: suite run --bundle {target.name}",
                f"在目标机器上：suite run --bundle {target.name}",
            )
        )
    return 0
