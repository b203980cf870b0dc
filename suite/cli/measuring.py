"""A whole run: the plan carried out, its evidence scored, signed, rendered and verified, with progress shown."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from suite import evidence
from suite.base import resources
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import CodedError, Interrupted, SetupError, SuiteError, UsageError
from suite.base.language import language
from suite.base.quantities import duration
from suite.base.visible import say
from suite.cli import divisions, inputs, judging, loadoptions, resuming, signingkey, stamping
from suite.cli.cardtext import write_card
from suite.cli.machine import settings
from suite.cli.output import write_error, write_note
from suite.cli.signing import sign_and_render, verify_signed
from suite.cli.terminal import Terminal
from suite.cli.topology import node_places
from suite.documents.document import given
from suite.judge.attest.files import PAGE_FILE
from suite.measure.checkup import MIN_FREE_BYTES
from suite.measure.digests import DigestStore
from suite.measure.engine.attach import attach
from suite.measure.preflight import require_connections, require_preflight, require_runtime
from suite.measure.resume import is_resumable
from suite.measure.run import execute
from suite.measure.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suite.cli.options import Choices, Sending
    from suite.documents.plan import Plan
    from suite.documents.workload import Division
    from suite.evidence import Evidence
    from suite.judge.attest.keys import SigningKey
    from suite.judge.attest.sign import Stamp
    from suite.measure.load.target import LoadOptions
    from suite.measure.preflight import Answer
    from suite.measure.run import RunResult
    from suite.measure.stamps import Stamps

NOT_ENOUGH = 1
"""Status of a run that was measured and is not what was required."""


def measure(
    choices: Choices,
    sending: Sending,
    *,
    out: Path | None,
    key: str | None,
    quiet: bool,
    tsa: str | None = None,
    first: Evidence | None = None,
    accept: Callable[[Plan], None] | None = None,
    resume: Path | None = None,
) -> int:
    """Carry a run out and return its exit status.

    Args:
        choices: what is run.
        sending: how requests are sent.
        out: run directory to create; None takes ``runs/<id>``.
        key: private key, a file or a URI; None takes the local one.
        quiet: show no progress.
        tsa: address of a time-stamping authority; None takes the challenge's, for the log alone.
        first: of a run that is made again: its challenge is taken over.
        accept: refuses a plan, before anything is started.
        resume: a run that was cut and goes on.

    Raises:
        SuiteError: whatever was wrong before there was a run directory, or with its evidence.
    """
    # A passphrase is asked for before signals are taken over: Ctrl-C then ends the question.
    signer = signingkey.named_key(key)
    stamp = None if tsa is None else stamping.authority(tsa)
    zero_ns = time.monotonic_ns()
    # The signals are handled from the first moment on, so that SIGTERM ends like Ctrl-C: in order, with status 130.
    with Terminal(quiet=quiet) as terminal, Stop(terminal.interrupted).installed() as stop:
        load = loadoptions.load_options(sending)
        if resume is None:
            job = _planned(choices, sending, load, terminal, out=out, first=first)
        else:
            job = _resumed(resume, choices, sending, load, terminal, out=out)
        plan = job.gathered.plan
        if accept is not None:
            accept(plan)
        divisions.require(plan, choices.require_division)
        places = node_places(sending, plan)
        for line in divisions.reach_lines(plan):
            terminal.line(line)
        signer = signer or _made_key(terminal)
        stamps = stamping.of_run(tsa, given(plan.challenge))
        result = _executed(job, load, places, stamps, terminal=terminal, stop=stop, zero_ns=zero_ns)
        terminal.clear()
        if result.error is not None:
            again = resuming.command(result.directory, choices, sending)
            return _ended_early(result, result.error, again if is_resumable(plan) else None)
        # The run is over and its evidence complete; a signal ends the judging, which `suite sign` can repeat.
        with Stop(terminal.interrupted).installed():
            return _judge(result.directory, signer.key, terminal, choices.require_division, stamp)


@dataclasses.dataclass(frozen=True, slots=True)
class _Job:
    """What is carried out: inputs, the run's directory, what the machine said; and what a cut attempt left."""

    gathered: inputs.Inputs
    directory: Path
    preflight: Sequence[Answer]
    earlier: evidence.Evidence | None = None

    def zero_ns(self, now: int) -> int:
        """The zero of the run's clock, which is the first attempt's."""
        return now if self.earlier is None else self.earlier.header.clock_zero_ns


def _executed(
    job: _Job,
    load: LoadOptions,
    places: tuple[tuple[str, ...], bytes],
    stamps: Stamps | None,
    *,
    terminal: Terminal,
    stop: Stop,
    zero_ns: int,
) -> RunResult:
    nodes, token = places
    return execute(
        job.gathered.plan,
        job.gathered.tasks,
        job.gathered.tokenizer,
        job.directory,
        progress=terminal,
        stop=stop,
        zero_ns=job.zero_ns(zero_ns),
        # An endpoint's readiness requests carry the same header fields.
        settings=dataclasses.replace(
            settings(),
            headers=load.headers,
            bundle=job.gathered.bundle,
            nodes=nodes,
            node_token=token,
        ),
        load=load,
        stamps=stamps,
        preflight=job.preflight,
        basis=job.gathered.basis,
        earlier=job.earlier,
    )


def _planned(
    choices: Choices,
    sending: Sending,
    load: LoadOptions,
    terminal: Terminal,
    *,
    out: Path | None,
    first: Evidence | None,
) -> _Job:
    terminal.step(Sentence("reading vendor, model and tasks", "读取厂商、模型与任务"))
    basis = None if first is None else first.basis
    under = None if basis is None else given(basis.challenge)
    draft = inputs.draft(choices, terminal, under=under)
    planned = draft.plan
    directory = out or run_directory(planned.vendor.id, planned.engine.id, planned.workload.profile)
    # Whatever could spoil the end is asked for at the beginning: arguments, run directory, space and devices
    # before gigabytes of weights are read, the key at last.
    evidence.require_new(directory)
    preflight = _ready(planned, directory, sending)
    gathered = _hashed(draft, terminal)
    if gathered.plan.runtime == "endpoint":
        named = choices.served_model_name is not None
        gathered = _attached(gathered, load.headers, terminal, named=named)
    return _Job(gathered, directory, preflight)


def _resumed(
    directory: Path,
    choices: Choices,
    sending: Sending,
    load: LoadOptions,
    terminal: Terminal,
    *,
    out: Path | None,
) -> _Job:
    if out is not None:
        raise UsageError(
            "usage-wrong",
            Sentence(
                "--resume goes on in the run's own directory: no --out",
                "--resume 在该运行自己的目录中继续：不可给出 --out",
            ),
        )
    terminal.step(Sentence("reading the run that was cut", "读取被截断的运行"))
    gathered, earlier = resuming.again(directory, choices, load, terminal)
    preflight = _ready(gathered.plan, directory, sending)
    left = evidence.stays(gathered.plan.workload.phases, earlier.marks)
    terminal.line(
        Sentence(
            f"attempt {len(earlier.attempts) + 2}: {left} of {len(gathered.plan.workload.phases)} phases stay",
            f"第 {len(earlier.attempts) + 2} 次尝试：{len(gathered.plan.workload.phases)} 个阶段中保留 {left} 个",
        )
    )
    return _Job(gathered, directory, preflight, earlier)


def _ready(plan: Plan, directory: Path, sending: Sending) -> Sequence[Answer]:
    """Ask everything of the machine that could spoil the end; returns what it answered."""
    _require_space(directory)
    require_connections(plan, sending.workers)
    preflight = require_preflight(plan)
    require_runtime(plan)
    return preflight


def _made_key(terminal: Terminal) -> signingkey.OpenKey:
    """The local key, which is made where there is none yet."""
    made = signingkey.local_key()
    terminal.line(Sentence(f"made a signing key: {made.where}", f"已创建签名密钥：{made.where}"))
    return made


def _attached(
    gathered: inputs.Inputs, headers: Mapping[str, str], terminal: Terminal, *, named: bool
) -> inputs.Inputs:
    """The plan with what a running server says of itself."""
    attached, sentence = attach(gathered.plan, headers, named=named, on_progress=terminal.step)
    planned = inputs.made(gathered, replace(gathered.basis, attached=attached))
    terminal.line(sentence)
    return planned


def _hashed(draft: inputs.Inputs, terminal: Terminal) -> inputs.Inputs:
    """The plan with the model's digests; where the run may be closed every file is read, whatever is known of it."""
    store = DigestStore(settings().cache)
    gathered = inputs.complete(draft, store=store, terminal=terminal)
    if divisions.within_reach(gathered.plan).granted == "closed":
        store.verify_whole()
        gathered = inputs.complete(draft, store=store, terminal=terminal)
    return gathered


def run_directory(*parts: str) -> Path:
    """A run directory of now, named by these parts."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return resources.workspace() / "runs" / "-".join([stamp, *parts])


def _require_space(directory: Path) -> None:
    """Refuse a directory that cannot be made, and one on a disk that is nearly full.

    Raises:
        SetupError: ``run-unwritable``, ``disk-full``.
    """
    above = next((path for path in directory.absolute().parents if path.exists()), Path("/"))
    if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        message = Sentence(
            f"cannot create {directory}: {above} may not be written to",
            f"无法创建 {directory}：{above} 不可写",
        )
        hint = Sentence(
            "name a directory that you may write to with --out (make: OUT=)",
            "请以 --out 指定可写的目录（make：OUT=）",
        )
        raise SetupError("run-unwritable", message, hint=hint)
    free = shutil.disk_usage(above).free
    if free < MIN_FREE_BYTES:
        message = Sentence(
            f"{above} has {free >> 20} MiB free; a run needs {MIN_FREE_BYTES >> 20} MiB",
            f"{above} 剩余 {free >> 20} MiB；一次运行需要 {MIN_FREE_BYTES >> 20} MiB",
        )
        raise SetupError(
            "disk-full",
            message,
            hint=Sentence(
                "free some space, or choose another --out", "请释放空间，或换用其他 --out"
            ),
        )


def _ended_early(result: RunResult, error: CodedError, again: str | None) -> int:
    """Say what is left, and by which command it goes on where it can."""
    write_error(error)
    write_note(
        Sentence(
            f"the evidence so far is kept in {result.directory} (ended: {result.ended})",
            f"目前的证据保存在 {result.directory}（结束方式：{result.ended}）",
        )
    )
    if error.code not in ("run-exists", "run-busy") and again is not None:
        write_note(Sentence(f"it goes on by: {again}", f"可继续：{again}"))
    write_note(
        Sentence(
            f"what it holds is judged by: suite score {result.directory}",
            f"可评判其内容：suite score {result.directory}",
        )
    )
    return error.exit_status


def _judge(
    directory: Path,
    key: SigningKey,
    terminal: Terminal,
    required: Division | None,
    stamp: Stamp | None,
) -> int:
    started = time.monotonic()
    try:
        terminal.step(Sentence("scoring, signing and rendering", "评分、签名与生成页面"))
        signed = sign_and_render(directory, key, stamp)
        terminal.step(Sentence("verifying what was signed", "核验已签名的内容"))
        checked = verify_signed(signed, key.public)
    except (SuiteError, Interrupted) as error:
        terminal.clear()
        # The command that measures may be part of another, which ends with it.
        kept = Sentence(
            f"the evidence is kept: suite sign {directory} tries again, what it holds is judged by: suite score {directory}",
            f"证据已保存：suite sign {directory} 可重试；可评判其内容：suite score {directory}",
        )
        error.hint = (
            Sentence(f"{error.hint}; ", f"{chinese(error.hint)}；") + kept if error.hint else kept
        )
        raise
    terminal.line(
        Sentence(
            f"scored, signed, rendered and verified in {duration(time.monotonic() - started)}",
            f"已在 {duration(time.monotonic() - started)} 内完成评分、签名、生成页面与核验",
        )
    )
    terminal.clear()
    write_card(signed.card)
    say(Sentence(f"page      {directory / PAGE_FILE}", f"页面      {directory / PAGE_FILE}"))
    say(Sentence(f"evidence  {directory}", f"证据      {directory}"))
    say(Sentence(f"signed by {key.public.id}", f"签名者    {key.public.id}"))
    if not checked.intact:
        say(checked.text(language()), file=sys.stderr)
        return checked.exit_status
    status = judging.exit_status(signed.card)
    granted = signed.card.division.granted
    if not divisions.enough(granted, required):
        write_note(
            Sentence(
                f"the card is {granted}, and --require-division asks for {required}",
                f"评分卡为 {granted}，而 --require-division 要求 {required}",
            )
        )
        return status or NOT_ENOUGH
    return status
