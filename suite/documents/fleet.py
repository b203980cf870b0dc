"""A fleet: the inventory that people write, what is made of it, and the journal of what was done."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from suite.documents.document import Document, about
from suite.documents.plan import SuiteVersion
from suite.documents.scalars import Count, Line, Name, Positive, Required, Sha256
from suite.documents.trust import Instant

MachineName = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*(?!\\n)$", max_length=63)]
"""A machine, as scheduler and resources name it."""
CellName = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]*(?!\\n)$", max_length=100)]
Repeats = Annotated[int, Meta(ge=1, le=100)]
Retries = Annotated[int, Meta(ge=0, le=5)]
BackendName = Literal["local", "slurm", "ray"]
EntryKind = Literal["begun", "submitted", "placed", "ended", "left"]

FLEET_TYPE: Final = "urn:llm-inference-conformance:fleet:v1"
"""Type of the predicate of a fleet statement."""
PREFLIGHT: Final = "preflight"
"""Stands for a cell where a machine is asked whether it is ready; no cell has that name, which begins with a number."""


class Machine(Document):
    """A machine of the fleet, by a name and never by an address."""

    name: Annotated[MachineName, about("Name of the node in Slurm, and of its resource in Ray.")]
    vendor: Annotated[Name, about("Id of the vendor's declaration.")]
    accelerator: Annotated[
        Name | UnsetType, about("Id of the accelerator in the declaration; absent: its first.")
    ] = UNSET
    devices: Annotated[Positive | UnsetType, about("Accelerators that a run uses.")] = UNSET
    excluded: Annotated[
        Annotated[str, Meta(min_length=1, max_length=2000)] | UnsetType,
        about("Why it takes no part. It is named in the fleet statement with this reason."),
    ] = UNSET

    @property
    def kind(self) -> tuple[str, str, int]:
        """What machines of one kind have in common: vendor, accelerator, number of devices; "" and 0 for the default."""
        accelerator = "" if self.accelerator is UNSET else self.accelerator
        return self.vendor, accelerator, 0 if self.devices is UNSET else self.devices


class Matrix(Document):
    """Every vendor of it with every engine, model and profile."""

    vendors: Annotated[
        Annotated[tuple[Name, ...], Meta(min_length=1)] | UnsetType,
        about("Vendors of the machines; absent: all of them."),
    ] = UNSET
    engines: Annotated[
        Annotated[tuple[Name, ...], Meta(min_length=1)] | UnsetType,
        about("Engines that each of the vendors declares; absent: its first."),
    ] = UNSET
    models: Annotated[
        Annotated[tuple[Required, ...], Meta(min_length=1)] | UnsetType,
        about("As `--model` takes them; absent: the model that ships."),
    ] = UNSET
    profiles: Annotated[tuple[Required, ...], about("As `--profile` takes them.", min_length=1)]
    options: Annotated[
        tuple[str, ...] | UnsetType,
        about("Further words of `suite plan`, for example --runtime and container."),
    ] = UNSET
    sending: Annotated[
        tuple[str, ...] | UnsetType,
        about(
            "Words of `suite run` that enter no plan: --workers and its number, --key and its file."
        ),
    ] = UNSET


class Inventory(Document):
    """Which machines there are and what each of them is to run."""

    SCHEMA: ClassVar[str] = "fleet-inventory"

    inventory_schema: Annotated[Literal[1], about("Version of this schema.")]
    name: Annotated[MachineName, about("Name of the fleet.")]
    machines: Annotated[tuple[Machine, ...], about("Every machine, each name once.", min_length=1)]
    matrix: Annotated[tuple[Matrix, ...], about("What runs.", min_length=1)]
    repeats: Annotated[
        Repeats | UnsetType,
        about("How often each machine runs each cell, interleaved; absent: once."),
    ] = UNSET
    retries: Annotated[
        Retries | UnsetType,
        about(
            "Further attempts after a failure of the infrastructure before the first measured phase; absent: 1."
        ),
    ] = UNSET


class Cell(Document):
    """What machines of one kind run alike: one plan."""

    name: Annotated[CellName, about("Number, vendor, engine and profile.")]
    machines: Annotated[tuple[MachineName, ...], about("That run it.", min_length=1)]
    words: Annotated[tuple[str, ...], about("Words of the command line that lead to the plan.")]
    sending: Annotated[tuple[str, ...], about("Further words of `suite run`.")]
    plan_sha256: Annotated[Sha256, about("Digest of the plan, in plans/CELL.json.")]


class Fleet(Document):
    """fleet.json: what an inventory comes to."""

    SCHEMA: ClassVar[str] = "fleet"

    fleet_schema: Annotated[Literal[1], about("Version of this schema.")]
    name: Annotated[MachineName, about("Name of the fleet.")]
    made: Annotated[Instant, about("When it was planned, in UTC.")]
    suite: Annotated[SuiteVersion, about("Which suite planned it.")]
    directory: Annotated[Required, about("Where its commands run: relative paths begin there.")]
    machines: Annotated[
        tuple[Machine, ...], about("Every machine of the inventory, the excluded ones too.")
    ]
    cells: Annotated[tuple[Cell, ...], about("What runs, in the order in which it runs.")]
    repeats: Annotated[Repeats, about("How often each machine runs each cell.")]
    retries: Annotated[Retries, about("Further attempts that are allowed.")]


class JournalEntry(Document):
    """One line of journal.jsonl: what the controller did or saw, on the disk before it goes on."""

    SCHEMA: ClassVar[str] = "fleet-journal"
    INTEGERS_ONLY: ClassVar[bool] = True

    sequence: Annotated[Count, about("Number of the line, from 0.")]
    previous: Annotated[
        Sha256, about("SHA-256 of the line before without its line feed; of fleet.json at first.")
    ]
    time: Annotated[Instant, about("When, by the controller's clock, in UTC.")]
    kind: Annotated[
        EntryKind,
        about(
            "begun: a controller began or went on; submitted: an attempt is about to be handed to the backend; placed: the "
            "backend took it; ended: it ended, or was lost; left: the controller ended, with nothing more that it may do or "
            "interrupted."
        ),
    ]
    backend: Annotated[BackendName | UnsetType, about("Of begun: who places the attempts.")] = UNSET
    machine: Annotated[MachineName | UnsetType, about("Of all but begun and left.")] = UNSET
    cell: Annotated[CellName | UnsetType, about("Cell, or preflight.")] = UNSET
    repeat: Annotated[Count | UnsetType, about("Which repeat, from 1; 0 of a preflight.")] = UNSET
    attempt: Annotated[Positive | UnsetType, about("Which attempt, from 1.")] = UNSET
    handle: Annotated[
        Line | UnsetType,
        about(
            "Of submitted: under which name the backend is asked to take it; of placed: what the backend knows it by."
        ),
    ] = UNSET
    status: Annotated[
        Count | UnsetType, about("Of ended: the exit status; absent where nobody learned it.")
    ] = UNSET
    code: Annotated[str | UnsetType, about("Of ended: code of the error that ended it.")] = UNSET
    reason: Annotated[Line | UnsetType, about("Of ended: in words.")] = UNSET
    measured: Annotated[
        bool | UnsetType, about("Of ended: whether a measured phase had begun.")
    ] = UNSET
    card_sha256: Annotated[
        Sha256 | UnsetType, about("Of ended: SHA-256 of the scorecard's signed bytes.")
    ] = UNSET


MachineOutcome = Literal["complete", "incomplete", "failed", "excluded"]


class FleetAttempt(Document):
    """An attempt and what came of it."""

    cell: Annotated[CellName, about("Cell, or preflight.")]
    repeat: Annotated[Count, about("Which repeat, from 1; 0 of a preflight.")]
    attempt: Annotated[Positive, about("Which attempt, from 1.")]
    status: Annotated[Count | UnsetType, about("Exit status; absent where nobody learned it.")] = (
        UNSET
    )
    code: Annotated[str | UnsetType, about("Code of the error that ended it.")] = UNSET
    reason: Annotated[Line | UnsetType, about("In words.")] = UNSET
    measured: Annotated[bool, about("Whether a measured phase had begun.")]
    card_sha256: Annotated[
        Sha256 | UnsetType,
        about("SHA-256 of the scorecard's signed bytes; absent where it left none."),
    ] = UNSET


class FleetMachine(Document):
    """A machine with everything that it was asked to do."""

    name: Annotated[MachineName, about("Its name.")]
    outcome: Annotated[
        MachineOutcome,
        about(
            "complete: a card for every cell and repeat; incomplete: for some; failed: for none; excluded: it took no part."
        ),
    ]
    reason: Annotated[Line, about("Why not complete; empty where it is.")]
    attempts: Annotated[tuple[FleetAttempt, ...], about("In the order of the journal.")]


class FleetStatement(Document):
    """Predicate of a fleet statement. Its subjects are fleet.json, journal.jsonl and every card."""

    SCHEMA: ClassVar[str] = "fleet-statement"

    fleet: Annotated[MachineName, about("Name of the fleet.")]
    collected: Annotated[Instant, about("When, by the signer's clock, in UTC.")]
    vendors: Annotated[tuple[Name, ...], about("Vendors of its machines, sorted.", min_length=1)]
    cells: Annotated[tuple[Cell, ...], about("What ran.")]
    machines: Annotated[
        tuple[FleetMachine, ...],
        about("Every machine of the inventory: also those that failed or were excluded."),
    ]
