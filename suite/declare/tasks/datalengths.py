"""Answers as long as the data's own: which tasks of a file can be asked so, and how long prompt and answer are.

What is too short to be a question or an answer, and what is longer than these benchmarks run, is left out by the bounds that
vLLM's benchmarks apply to ShareGPT: at least 4 tokens each, a prompt of at most 1,024, both together at most 2,048.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from suite.base.bilingual import Sentence
from suite.base.errors import DataError, Place
from suite.declare.profiles.load import DATA_LENGTHS
from suite.declare.profiles.trace import Trace
from suite.declare.tasks.taskset import task_set_for

if TYPE_CHECKING:
    from pathlib import Path

    from suite.declare.profiles.load import Profile
    from suite.declare.tasks.taskset import TaskSet
    from suite.declare.tasks.tokenizer import Tokenizer
    from suite.documents.profile import Profile as ProfileDocument

LEAST: Final = 4
MOST_PROMPT: Final = 1024
MOST_TOGETHER: Final = 2048
EVERY: Final = 10_000_000
"""More tasks than any file has."""


def tasks_and_lengths(
    profile: Profile, data: Path | None, tokenizer: Tokenizer | None
) -> tuple[TaskSet, Profile]:
    """The tasks of a profile, and the profile with the lengths of its data where it asks for them.

    Args:
        profile: says which set and how many.
        data: a file or folder of the user's.
        tokenizer: the model's, which counts.

    Raises:
        DataError: as `task_set_for`; ``tokenizer-missing``, ``data-empty``.
    """
    if not profile.data_lengths:
        return task_set_for(profile, data), profile
    if tokenizer is None:
        raise DataError(
            "tokenizer-missing",
            Sentence(
                "lengths in tokens need the model's tokenizer.json",
                "以 token 计的长度需要模型的 tokenizer.json",
            ),
        )
    size = profile.doc.taskset.size
    wanted = dataclasses.replace(profile, doc=_every(profile)) if data is not None else profile
    tasks = task_set_for(wanted, data)
    prompts = tokenizer.prompt_tokens([task.document for task in tasks.tasks], "completions")
    answers = [tokenizer.count(task.summary) for task in tasks.tasks]
    rows = list(zip(tasks.tasks, prompts, answers, strict=True))
    fitting = [
        row
        for row in rows
        if min(row[1:]) >= LEAST and row[1] <= MOST_PROMPT and sum(row[1:]) <= MOST_TOGETHER
    ]
    if not fitting:
        message = Sentence(
            f"none of {len(rows)} records has {LEAST} to {MOST_PROMPT} tokens to ask",
            f"{len(rows)} 条记录中没有一条有 {LEAST} 到 {MOST_PROMPT} 个提问 token",
        )
        raise DataError("data-empty", message, Place(tasks.source or "the mini set"))
    fitting_tasks = fitting[:size]
    excluded = dict(tasks.excluded)
    if len(fitting) < len(rows):
        excluded["too-short-or-long"] = len(rows) - len(fitting)
    chosen = dataclasses.replace(
        tasks, tasks=tuple(row[0] for row in fitting_tasks), excluded=excluded
    )
    lengths = tuple((prompt, answer) for _, prompt, answer in fitting_tasks)
    trace = Trace(DATA_LENGTHS, chosen.records_sha256, (), lengths)
    return chosen, dataclasses.replace(profile, traces={**profile.traces, DATA_LENGTHS: trace})


def _every(profile: Profile) -> ProfileDocument:
    return replace(profile.doc, taskset=replace(profile.doc.taskset, size=EVERY))
