"""The quality bounds of a plan: the profile's, with the reference of the model that is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.documents.workload import Quality, TaskSet

if TYPE_CHECKING:
    from suite.declare.profiles.load import Profile
    from suite.declare.tasks.reference import Reference

NEWS_CEILINGS: Final = (0.5, 0.27)
"""ROUGE-1 and ROUGE-2 F-measure that no model reaches on XSum; the best fine-tuned ones have 0.49/0.26."""


def quality_doc(
    profile: Profile,
    reference: Reference,
    taskset: TaskSet | None = None,
) -> Quality:
    """The profile's bounds with the reference of the model that is run.

    The ceilings belong to news articles, whose summaries nobody can foresee word for word. The mini
    set's can be, and its profile sets none; a file of the user's in its place is held to the ceilings.

    Args:
        profile: a profile.
        reference: see `suite.declare.tasks.reference`.
        taskset: the tasks that will run; None is the profile's own set.
    """
    bounds = profile.doc.quality
    ceilings = (bounds.rouge1_ceiling, bounds.rouge2_ceiling)
    if taskset is not None and not taskset.name.startswith("mini-"):
        ceilings = (min(ceilings[0], NEWS_CEILINGS[0]), min(ceilings[1], NEWS_CEILINGS[1]))
    return Quality(
        reference_source=reference.source,
        reference=reference.scores,
        reference_sha256=UNSET if reference.known is None else reference.known.sha256,
        rouge_ratio_min=bounds.rouge_ratio_min,
        length_ratio_min=bounds.length_ratio_min,
        rouge1_floor=bounds.rouge1_floor,
        rouge2_floor=bounds.rouge2_floor,
        rouge1_ceiling=ceilings[0],
        rouge2_ceiling=ceilings[1],
    )
