"""The table of ``docs/threat-model.md`` on how rules and readers were tried, from ``docs/trials.json``; `suite.cli.pages` writes it.

The commands leave their figures there: ``make rule-mutations``, ``make mutations``, ``make honest``.
"""

from __future__ import annotations

from typing import Final

import msgspec

from suite.base import markdown, resources
from suite.base.bilingual import Bilingual

TRIALS: Final = resources.TOP / "docs" / "trials.json"
"""By command and run, what it came to; in a checkout."""


class Trial(msgspec.Struct):
    """One run of a command: its day, its machine, the load of the last quarter of an hour, and what it came to."""

    date: str
    machine: str
    load: str
    figures: dict[str, int]


_TITLES: Final = Bilingual(
    "command | run | what it came to | day, machine, load", "命令 | 运行 | 结果 | 日期、机器、负载"
)
_SENTENCES: Final = {
    "rule-mutations": Bilingual(
        "{rules} rules: {deleted} deletions and {inverted} inversions noticed; {bounds_noticed} of {bounds} bounds that are moved by a unit; "
        "{equivalent} more moves cannot matter",
        "{rules} 条规则：察觉 {deleted} 次删除与 {inverted} 次反转；界限移动一个单位 {bounds} 处中察觉 {bounds_noticed} 处；另有 {equivalent} 处移动不影响结果",
    ),
    "mutations": Bilingual(
        "{changes:,} changes: {refused:,} refused, {harmless} accepted that say nothing else, {broken} with another meaning",
        "{changes:,} 处改动：拒绝 {refused:,} 处，{harmless} 处接受而含义不变，{broken} 处含义改变",
    ),
    "honest": Bilingual(
        "{runs} honest runs: {alarms} false alarms, {loaded} of them while others used over a tenth of the processors (R052)",
        "{runs} 次诚实运行，{alarms} 次误报，其中 {loaded} 次发生于其他程序占用超过十分之一处理器时（R052）",
    ),
}
"""What each command's figures say."""


def table(language: str) -> str:
    """One row for each run of each command, in one language, ``en`` or ``zh``."""
    trials = msgspec.json.decode(TRIALS.read_bytes(), type=dict[str, dict[str, Trial]])
    rows = [
        [
            f"`make {command}`",
            name,
            getattr(sentence, language).format(**trial.figures),
            f"{trial.date}, {trial.machine}, {trial.load}",
        ]
        for command, sentence in _SENTENCES.items()
        for name, trial in trials.get(command, {}).items()
    ]
    return markdown.table(getattr(_TITLES, language).split(" | "), rows)
