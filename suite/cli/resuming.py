"""What a run that was cut was made from, gathered again for another attempt; everything must be what it was."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from suite import evidence
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli import inputs
from suite.cli.machine import settings
from suite.cli.options import Choices
from suite.declare.model.facts import hash_model
from suite.declare.plan.basis import plan_of, profile_of
from suite.declare.tasks.datalengths import tasks_and_lengths
from suite.declare.tasks.tokenizer import load_tokenizer
from suite.documents.value import NotMeasured
from suite.measure import resume
from suite.measure.digests import DigestStore
from suite.measure.load.send import stamp_kinds
from suite.measure.nodes.identity import this_suite

if TYPE_CHECKING:
    from suite.cli.options import Sending
    from suite.cli.terminal import Terminal
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.basis import Basis
    from suite.measure.load.target import LoadOptions


def again(
    directory: Path, choices: Choices, load: LoadOptions, terminal: Terminal
) -> tuple[inputs.Inputs, evidence.Evidence]:
    """The inputs of a run that was cut, and what it left.

    Args:
        directory: of the run.
        choices: nothing but ``--data`` may be in it, for tasks that do not come with the suite.
        load: how requests are sent.
        terminal: shows what is read.

    Raises:
        UsageError: ``usage-wrong``, ``resume-complete``, ``resume-unfit``.
        SetupError: ``run-busy``, ``run-unwritable``.
        SuiteError: what cannot be read.
    """
    plain = Choices(data=choices.data, require_division=choices.require_division)
    if choices != plain:
        message = Sentence(
            "--resume takes everything from the run; of what is run, only --data goes with it",
            "--resume 的一切取自该运行；与运行内容有关的选项中只能同时给出 --data",
        )
        raise UsageError("usage-wrong", message)
    resume.repair(directory)
    earlier = evidence.read(directory)
    resume.require_resumable(earlier)
    basis = _basis(earlier, directory)
    _require_sending(earlier, load)
    model = Path(basis.model.path)
    loaded = load_tokenizer(model)
    tokenizer = None if isinstance(loaded, NotMeasured) else loaded
    tasks = _tasks(basis, choices.data, tokenizer)
    if tasks.to_doc() != basis.taskset:
        raise _unfit(
            Sentence(
                "the tasks are not those of the first attempt; give its file with --data",
                "任务与第一次尝试的不同；请以 --data 给出其文件",
            )
        )
    _require_files(basis, terminal)
    return inputs.Inputs(basis, earlier.plan, tasks, tokenizer, model), earlier


def command(directory: Path, choices: Choices, sending: Sending) -> str:
    """By which command a run that was cut goes on: with what is not kept in its directory."""
    words = ["suite", "run", "--resume", str(directory)]
    single = {
        "--data": choices.data,
        "--node-token": sending.node_token,
        "--client-token": sending.client_token,
    }
    for name, path in single.items():
        words += [name, str(path)] if path is not None else []
    for name, places in {"--node": sending.node, "--client": sending.client}.items():
        words += [word for place in places for word in (name, place)]
    words += ["--workers", str(sending.workers)] if sending.workers != 1 else []
    words += ["--kernel-send-stamps"] if sending.kernel_send_stamps else []
    return shlex.join(words)


def _basis(earlier: evidence.Evidence, directory: Path) -> Basis:
    """What the run was made from, by this suite; its plan follows from it."""
    basis = earlier.basis
    if basis is None:
        raise _unfit(
            Sentence(
                f"{directory} did not keep what its plan was made from (basis.json)",
                f"{directory} 没有保留其计划所依据的内容（basis.json）",
            )
        )
    if basis.suite != this_suite():
        raise _unfit(
            Sentence(
                f"{directory} was begun by another suite than this one",
                f"{directory} 由另一版本的套件开始",
            )
        )
    if plan_of(basis) != earlier.plan:
        raise _unfit(
            Sentence(
                f"the plan of {directory} does not follow from its basis.json",
                f"{directory} 的计划不能由其 basis.json 得出",
            )
        )
    return basis


def _require_sending(earlier: evidence.Evidence, load: LoadOptions) -> None:
    """Requests will be sent and stamped as in the first attempt."""
    if (load_stamps := stamp_kinds(earlier.plan, load)) != _stamps(earlier):
        raise _unfit(
            Sentence(
                f"stamps would come from {load_stamps}, in the first attempt {_stamps(earlier)}",
                f"时间戳将来自 {load_stamps}，第一次尝试时来自 {_stamps(earlier)}",
            )
        )
    if bool(load.clients) != (earlier.farm is not None) and earlier.requests:
        raise _unfit(
            Sentence(
                "the first attempt had load clients and this one has none, or the other way round",
                "第一次尝试有负载客户端而此次没有，或相反",
            )
        )


def _require_files(basis: Basis, terminal: Terminal) -> None:
    """The model's files are those of the first attempt."""
    model = Path(basis.model.path)
    terminal.step(Sentence("hashing the model's files", "计算模型文件的摘要"))
    store = DigestStore(settings().cache)
    files, _ = hash_model(model, lambda _: None, store)
    store.save()
    if tuple(files) != basis.model.files:
        raise _unfit(
            Sentence(
                f"the files in {model} are not those of the first attempt",
                f"{model} 中的文件与第一次尝试的不同",
            )
        )


def _unfit(message: str) -> UsageError:
    return UsageError("resume-unfit", message)


def _stamps(earlier: evidence.Evidence) -> tuple[str, str]:
    return earlier.header.receive_stamps, earlier.header.send_stamps


def _tasks(basis: Basis, data: Path | None, tokenizer: Tokenizer | None) -> TaskSet:
    tasks, _ = tasks_and_lengths(profile_of(basis), data, tokenizer)
    return tasks
