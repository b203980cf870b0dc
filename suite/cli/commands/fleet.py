"""``suite fleet``: many machines, each running what one inventory asks, and one signed statement over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.safe import resolved
from suite.cli.command import Count, Group, command, described
from suite.cli.options import FILE, json_option
from suite.cli.signingoptions import signing
from suite.cli.trustoptions import trusted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suite.cli.signingoptions import Signing
    from suite.cli.trustoptions import Trusted
    from suite.measure.fleet.backend import Backend


def _fleet() -> None:
    """Run one inventory on many machines: by Slurm, by Ray, or as processes of this machine."""


fleet = Group(
    name="fleet",
    no_args_is_help=False,
    **described(_fleet, "suite fleet plan rack.yaml --out runs/rack"),
)
_directory = click.argument("directory", metavar="FLEET", type=FILE)
_at_once = click.option(
    "--at-once",
    type=Count(100_000),
    metavar="N",
    help="most machines that work at a time (default: all; locally one for each processor)",
)
_slurm = click.option("--slurm", is_flag=True, help="place attempts with sbatch")
_partition = click.option("--partition", metavar="NAME", help="of Slurm (default: its own)")
_ray = click.option(
    "--ray", metavar="ADDRESS", help="place attempts by the Ray cluster at that address, or auto"
)


@command("suite fleet plan rack.yaml --out runs/rack", within=fleet)
@click.argument("inventory", type=FILE)
@click.option("--out", type=FILE, required=True, metavar="DIR", help="directory of the fleet")
@json_option("fleet.json")
def plan(inventory: Path, *, out: Path, as_json: bool) -> int:
    """Make the plans of an inventory, and a directory for the fleet.

    INVENTORY lists the machines by name, vendor and accelerator, and a matrix of vendors, engines, models and profiles. Each
    combination becomes a cell with one plan, which all machines of its kind run. Plans are made here: give this machine the
    suite, models and data under the same paths as the others. Says how many machines a spread needs.
    """
    from suite.cli import fleets
    from suite.cli.fleetresults import write_plan
    from suite.cli.output import write_json

    fleet = fleets.plan(inventory, out)
    if as_json:
        write_json(fleet)
    else:
        write_plan(fleet, out)
    return 0


@command("suite fleet run runs/rack --slurm", within=fleet)
@_directory
@_slurm
@_partition
@_ray
@_at_once
def run(
    directory: Path, *, slurm: bool, partition: str | None, ray: str | None, at_once: int | None
) -> int:
    """Begin a fleet: ask each machine whether it is ready, then run its cells.

    FLEET is what `suite fleet plan` wrote; it lies under the same path on every machine. Everything that is done stands in its
    journal before it is done: a controller that is killed goes on with `suite fleet resume`, and what runs meanwhile runs on.
    A run is tried again only where the infrastructure failed by name before the first measured phase. The exit status is 0
    where every run left a conformant card, 1 where one is not conformant, 3 where one is lacking.
    """
    chosen = _backend(slurm=slurm, partition=partition, ray=ray)
    return _carry_out(directory, chosen, resume=False, at_once=at_once)


@command("suite fleet resume runs/rack --slurm", within=fleet)
@_directory
@_slurm
@_partition
@_ray
@_at_once
def resume(
    directory: Path, *, slurm: bool, partition: str | None, ray: str | None, at_once: int | None
) -> int:
    """Go on with a fleet that was begun, and ask lost machines again.

    Follows what still runs, takes in what ended meanwhile, and runs what is lacking. Machines that were lost or not ready are
    asked again whether they are ready. The exit status is that of `suite fleet run`.
    """
    chosen = _backend(slurm=slurm, partition=partition, ray=ray)
    return _carry_out(directory, chosen, resume=True, at_once=at_once)


def _carry_out(
    directory: Path, backend: Callable[[], Backend], *, resume: bool, at_once: int | None
) -> int:
    """Run what a fleet lacks, and tell what came of it."""
    from suite.cli import fleetresults, fleets

    ended = fleets.carry_out(directory, backend, resume=resume, at_once=at_once)
    fleetresults.write_ended(directory)
    return ended


def _backend(*, slurm: bool, partition: str | None, ray: str | None) -> Callable[[], Backend]:
    """What opens the backend that was chosen."""
    from suite.base.errors import UsageError

    if slurm and ray is not None:
        raise UsageError(
            "usage-wrong", Sentence("--slurm and --ray exclude each other", "--slurm 与 --ray 互斥")
        )
    if partition is not None and not slurm:
        raise UsageError(
            "usage-wrong",
            Sentence("--partition goes with --slurm", "--partition 与 --slurm 一起使用"),
        )
    if slurm:
        from suite.measure.fleet.slurm import Slurm

        return lambda: Slurm(partition)
    if ray is not None:
        from suite.measure.fleet.ray import Ray

        return lambda: Ray(ray)
    from suite.measure.fleet.local import Local

    return Local


@command("suite fleet status runs/rack", within=fleet)
@_directory
@json_option("the machines")
def status(directory: Path, *, as_json: bool) -> int:
    """Show what each machine of a fleet has done, from its journal."""
    from suite.cli import fleets
    from suite.cli.fleetresults import write_status
    from suite.cli.output import write_json
    from suite.documents.codec import plain
    from suite.evidence.fleetstate import machines

    made, now = fleets.followed(directory)
    if as_json:
        write_json([plain(machine) for machine in machines(made, now)])
    else:
        write_status(made, now)
    return 0


@command("suite fleet collect runs/rack --key lab.pem", within=fleet)
@_directory
@click.option(
    "--cards-trust", type=FILE, metavar="FILE", help="trust list that the cards are verified with"
)
@signing("default: FLEET/fleet.sigstore.json")
def collect(directory: Path, *, cards_trust: Path | None, signing: Signing) -> int:
    """Verify every card of a fleet, and sign a statement over all machines.

    The statement names every machine of the inventory, also those that failed or were excluded, with every attempt and its
    reason, and the digest of every card. The exit status is that of `suite fleet run`.
    """
    from suite.cli.fleetresults import collect as carry_out
    from suite.cli.trustoptions import Trusted

    return carry_out(directory, Trusted(trust=cards_trust), signing)


@command("suite fleet verify runs/rack --trust trust/keys.json", within=fleet)
@_directory
@click.option("--statement", type=FILE, metavar="FILE", help="default: FLEET/fleet.sigstore.json")
@trusted
@json_option("the steps")
def verify(directory: Path, trusted: Trusted, *, statement: Path | None, as_json: bool) -> int:
    """Check a fleet's statement, in numbered steps: signature, journal, that nothing was left out, and every card."""
    from suite.base.language import language
    from suite.base.visible import say
    from suite.cli.fleetresults import verified
    from suite.cli.output import write_json

    result = verified(directory, statement, trusted)
    if as_json:
        write_json(result.to_json())
    else:
        say(result.text(language()), end="")
    return result.exit_status


@command("suite fleet spread runs/rack --page spread.html", within=fleet)
@_directory
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="METRIC or PHASE/METRIC (default: those that lead the cards); may be repeated",
)
@trusted
@click.option("--page", type=FILE, metavar="FILE", help="write the page")
@json_option("the document")
def spread(
    directory: Path,
    trusted: Trusted,
    *,
    metrics: tuple[str, ...],
    page: Path | None,
    as_json: bool,
) -> int:
    """Tell how much identical machines differ, beside how much each differs from itself.

    Reads the cards that the fleet's statement names (`suite fleet collect`). One-way random effects: median of the machines with
    its interval, range, components of variance and intraclass correlation; outliers with what their cards record otherwise than
    the others'. Never names a best machine.
    """
    from suite.base.language import language
    from suite.cli import fleetresults
    from suite.cli.output import write_json, write_report
    from suite.judge.fleet.page import render

    report = fleetresults.spread(directory, trusted, metrics)
    if page is not None:
        write_report(page, render(report, language()))
    if as_json:
        write_json(report)
    else:
        fleetresults.write_spread(report)
    return 0


@command(
    "suite fleet manifests runs/rack --image registry.example/suite:1 --out jobs.yaml", within=fleet
)
@_directory
@click.option("--image", required=True, metavar="NAME", help="image that holds the suite")
@click.option(
    "--claim", default="suite-fleet", show_default=True, metavar="NAME", help="volume claim"
)
@click.option(
    "--namespace", default="default", show_default=True, metavar="NAME", help="of the jobs"
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="VENDOR=NAME",
    help="of a vendor's devices in the cluster, such as nvidia=nvidia.com/gpu (default: as the vendor declares)",
)
@click.option("--out", type=FILE, metavar="FILE", help="file to write (default: print)")
def manifests(
    directory: Path,
    *,
    image: str,
    claim: str,
    namespace: str,
    resources: tuple[str, ...],
    out: Path | None,
) -> int:
    """Render the jobs of a fleet for Kubernetes: an Indexed Job for each machine, never repeated.

    Each asks for the devices that its plans use, by the name that the vendor declares; where none is declared and none is
    given with --resource, nothing is rendered. The manifests hold to the schema of Kubernetes; they were never run, and no journal follows them.
    """
    from suite.cli import fleetmanifests
    from suite.cli.output import write_bytes, write_report
    from suite.measure.fleet.kubernetes import Place

    place = Place(resolved(directory), image, claim, namespace)
    data = fleetmanifests.manifests(place.directory, place, resources)
    if out is None:
        write_bytes(data)
    else:
        write_report(out, data)
    return 0
