"""The whole check-up of ``suite doctor``: what was chosen, the machine, the key and the division within reach."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from suite.base import resources
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import DataError, SuiteError, UsageError
from suite.base.status import Outcome
from suite.cli import divisions, inputs, signingkey
from suite.cli.localkey import default_key
from suite.cli.machine import settings
from suite.declare.model.facts import read_model
from suite.declare.profiles.load import load_profile
from suite.declare.tasks.taskset import task_set_for
from suite.declare.vendor.load import load_vendor
from suite.documents.document import given
from suite.judge.rules.harness import known_suite
from suite.measure.checkup import Check, Topic, check_machine
from suite.measure.digests import DigestStore
from suite.measure.fetch import model as modelsource

if TYPE_CHECKING:
    from suite.cli.options import Choices
    from suite.cli.terminal import Terminal
    from suite.documents.plan import Plan

_UNNAMED = "unnamed"
"""In the place of an image that nobody named, so that the rest can be asked."""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckUp:
    """What was asked, and every answer.

    Attributes:
        plan: what would run; of the shipped mini model and set where the named ones cannot be used, of an image without a
            name where none is known.
        checks: in the order in which they are shown.
    """

    plan: Plan
    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing failed."""
        return all(check.outcome is not Outcome.FAIL for check in self.checks)


def check_up(choices: Choices, terminal: Terminal, out: Path | None = None) -> CheckUp:
    """Ask everything; a model, data file or image that cannot be used is one answer, and the others follow.

    Args:
        choices: what would run.
        terminal: shows progress.
        out: where runs would be written; None for the workspace's ``runs``.

    Raises:
        SuiteError: the vendor, the profile or an option is wrong, so that nothing can be asked.
    """
    chosen, refused = _usable(choices)
    try:
        draft = inputs.draft(chosen, terminal)
    except UsageError as cause:
        if cause.code != "image-unnamed":
            raise
        refused.append(_refusal(Topic.IMAGE, cause))
        draft = inputs.draft(dataclasses.replace(chosen, image=_UNNAMED), terminal)
    failed = {check.topic for check in refused}
    releases = load_vendor(choices.vendor).engine(draft.plan.engine.id).versions
    runs = out or resources.workspace() / "runs"
    machine = check_machine(draft.plan, runs, settings(), given(releases))
    checks = [
        _suite(draft.plan),
        *(check for check in machine if check.topic != Topic.IMAGE or Topic.IMAGE not in failed),
    ]
    checks += refused
    plan = draft.plan
    if Topic.MODEL not in failed:
        plan = inputs.complete(draft, store=DigestStore(settings().cache), terminal=terminal).plan
        checks.append(_model(plan))
    if Topic.DATA not in failed:
        checks.append(_data(plan))
    checks.append(_key())
    if not failed:
        checks.append(_division(plan, choices))
    return CheckUp(plan, tuple(checks))


def _usable(choices: Choices) -> tuple[Choices, list[Check]]:
    """The choices with the shipped model and tasks in place of what cannot be used, and why it cannot."""
    refused: list[Check] = []
    try:
        read_model(modelsource.find(choices.model).directory)
    except DataError as cause:
        refused.append(_refusal(Topic.MODEL, cause))
        choices = dataclasses.replace(choices, model=None, model_id=None)
    try:
        task_set_for(load_profile(choices.profile), choices.data)
    except DataError as cause:
        if (
            cause.code == "data-missing"
        ):  # a mistake of the command line, as a model that is nowhere
            raise
        refused.append(_refusal(Topic.DATA, cause))
        choices = dataclasses.replace(choices, data=None, profile="smoke")
    return choices, refused


def _refusal(topic: Topic, cause: SuiteError) -> Check:
    where = f"{cause.place}: " if cause.place else ""
    return Check(topic, Outcome.FAIL, f"{where}{cause.message}", cause.hint)


def _model(plan: Plan) -> Check:
    model, facts = plan.model, plan.model.facts
    answer = Sentence(
        f"{model.id}, {facts.weight_bytes / 1e9:.2f} GB in {len(model.files)} files",
        f"{model.id}，{facts.weight_bytes / 1e9:.2f} GB，{len(model.files)} 个文件",
    )
    if model.tokenizer_sha256 is None:
        advice = Sentence(
            "without tokenizer.json the suite cannot count tokens; add it to the directory",
            "没有 tokenizer.json 则套件无法计数 token；请将其加入该目录",
        )
        return Check(
            Topic.MODEL,
            Outcome.WARN,
            Sentence(f"{answer}, no tokenizer", f"{chinese(answer)}，没有分词器"),
            advice,
        )
    if facts.shape_unknown:
        why = Sentence(
            f"{answer}; no FLOPs and no MFU: {facts.shape_unknown}",
            f"{chinese(answer)}；无法给出 FLOPs 与 MFU：{chinese(facts.shape_unknown)}",
        )
        return Check(Topic.MODEL, Outcome.WARN, why)
    return Check(Topic.MODEL, Outcome.PASS, answer)


def _data(plan: Plan) -> Check:
    tasks = plan.workload.taskset
    if tasks.locked:
        return Check(
            Topic.DATA,
            Outcome.PASS,
            Sentence(
                f"{tasks.name}, {tasks.size} tasks, locked",
                f"{tasks.name}，{tasks.size} 个任务，已锁定",
            ),
        )
    advice = Sentence(
        "cards of other sets compare with nothing; `suite data fetch` gets XSum",
        "其他任务集的评分卡无法比较；`suite data fetch` 可获取 XSum",
    )
    return Check(
        Topic.DATA,
        Outcome.WARN,
        Sentence(
            f"{tasks.name}, {tasks.size} tasks, not locked",
            f"{tasks.name}，{tasks.size} 个任务，未锁定",
        ),
        advice,
    )


def _suite(plan: Plan) -> Check:
    """Who would measure: the digest is what a list of releases names."""
    suite = plan.suite
    answer = f"{suite.version}, commit {suite.commit}, files {given(suite.files_sha256, '')}"
    judged = known_suite(plan)
    outcome = Outcome.PASS if judged.outcome is Outcome.PASS else Outcome.WARN
    return Check(Topic.SUITE, outcome, answer, "" if outcome is Outcome.PASS else judged.why)


def _key() -> Check:
    try:
        key = signingkey.named_key(None)
    except SuiteError as refused:
        return _refusal(Topic.KEY, refused)
    if key is not None:
        return Check(Topic.KEY, Outcome.PASS, f"{key.where} ({key.key.public.id})")
    path = default_key()
    above = next((place for place in path.absolute().parents if place.exists()), Path("/"))
    if not above.is_dir() or not os.access(above, os.W_OK):
        advice = Sentence(
            "name a key with --key or $SUITE_KEY", "请以 --key 或 $SUITE_KEY 指明密钥"
        )
        return Check(
            Topic.KEY,
            Outcome.FAIL,
            Sentence(
                f"{path} cannot be made: {above} may not be written to",
                f"无法创建 {path}：{above} 不可写",
            ),
            advice,
        )
    advice = Sentence(
        "the run makes one; `suite keygen` makes it now", "运行时会创建；`suite keygen` 可现在创建"
    )
    return Check(
        Topic.KEY, Outcome.WARN, Sentence(f"there is none at {path}", f"{path} 处没有密钥"), advice
    )


def _division(plan: Plan, choices: Choices) -> Check:
    grant = divisions.within_reach(plan)
    enough = divisions.enough(grant.granted, choices.require_division)
    head, *reasons = divisions.reach_lines(plan)
    outcome = Outcome.PASS if not reasons else Outcome.WARN
    return Check(
        Topic.DIVISION,
        outcome if enough else Outcome.FAIL,
        Sentence(
            head.removeprefix("Division within reach: "),
            chinese(head).partition("：")[2],
        ),
        Sentence(
            "; ".join(reason.strip() for reason in reasons),
            "；".join(chinese(reason).strip() for reason in reasons),
        )
        if reasons
        else "",
    )
