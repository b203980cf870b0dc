"""What a comparison says of its sides before any number: what each is worth, and what limits the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.documents.comparison import Side
from suite.documents.text import Text
from suite.judge.compare.inputs import conformant, failed_rules
from suite.judge.compare.spread import FEW
from suite.judge.compare.subjects import LEADING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.documents.card import Scorecard
    from suite.documents.standing import Level


def side(card: Scorecard, signer: str, level: Level | None) -> Side:
    """Which card, and what it is worth; the level is the card's own where none is given."""
    taskset = card.workload.taskset
    return Side(
        run=card.run.id,
        conformant=conformant(card),
        ended=card.run.ended,
        failed=failed_rules(card),
        division=card.division.granted,
        level=level or card.level.level,
        runtime=card.runtime,
        emulated=card.vendor.emulated,
        trust=signer,
        vendor=card.vendor.name,
        devices=card.devices.title,
        engine=f"{card.engine.title} {card.engine.version}".strip(),
        model=card.model.id,
        taskset=taskset.name,
        locked=taskset.locked,
        asserted=tuple(
            name
            for name, pointer in LEADING.items()
            if card.standing.get(pointer, "asserted") == "asserted"
        ),
        started_utc=card.run.started_utc,
    )


def remarks(a: Scorecard, b: Scorecard, letters: tuple[str, str]) -> Iterator[Text]:
    """What holds for both cards and still limits what the comparison says."""
    if a == b:
        yield Text(
            en=f"{letters[0]} and {letters[1]} are the same card: every number is held against itself.",
            zh=f"{letters[0]} 与 {letters[1]} 是同一张评分卡：每个数字都在与自身比较。",
        )
    if a.runtime == b.runtime == "sim":
        yield Text(
            en="No model ran on either side: this compares scripts, not engines or hardware.",
            zh="双方均未运行模型：此比较针对脚本，而非推理引擎或硬件。",
        )
    for letter, card in zip(letters, (a, b), strict=True):
        if card.runtime == "endpoint":
            yield Text(
                en=f"{letter} answered from a server that the suite did not start: its operator says what ran there.",
                zh=f"{letter} 的服务并非由本套件启动：其内部运行的内容仅凭运营方声明。",
            )
    if a.vendor.emulated and b.vendor.emulated:
        yield Text(
            en="Both sides are emulated: this says nothing about real hardware.",
            zh="双方均为模拟设备：此比较不代表真实硬件。",
        )
    tasks = a.workload.taskset, b.workload.taskset
    same = tasks[0].records_sha256 == tasks[1].records_sha256
    if same and not (tasks[0].locked and tasks[1].locked):
        yield Text(
            en="The tasks are custom, the same on both sides: no other card can be held against these.",
            zh="任务为自定义任务集，双方相同：不能与其他任务的评分卡比较。",
        )


ONE_EACH: Final = Text(
    en="ONE RUN OF EACH: an interval holds how requests differ within a run, not how runs of the same plan do. Better or worse in one run is not yet better or worse: give several runs of each.",
    zh="双方各仅运行一次：区间只含单次运行内请求间的差异，不含同一计划各次运行之间的差异。一次运行中更好或更差，尚不能说明更好或更差：请各提供多次运行。",
)


def repeated(
    runs: tuple[Sequence[Scorecard], Sequence[Scorecard]], letters: tuple[str, str]
) -> Iterator[Text]:
    """What rests on repeats, and where there are too few of them to say much."""
    counts = tuple(map(len, runs))
    if max(counts) < 2:
        return
    yield Text(
        en=f"{counts[0]} and {counts[1]} runs of the same plan on the same hardware: the ratios' intervals hold the spread between runs.",
        zh=f"双方在相同硬件上按同一计划分别运行 {counts[0]} 次与 {counts[1]} 次：比值的区间包含运行间的波动。",
    )
    for letter, count in zip(letters, counts, strict=True):
        if count == 1:
            yield Text(
                en=f"{letter} was run once: it is taken to vary from run to run as the other side does.",
                zh=f"{letter} 只运行了一次：其运行间的波动按另一方估计。",
            )
        elif count < FEW:
            yield Text(
                en=f"{letter} was run {count} times: so few hardly tell a spread, and the intervals are wide for it.",
                zh=f"{letter} 只运行了 {count} 次：次数过少，难以得知波动，区间因此较宽。",
            )
