"""The tables of ``docs/rules.md`` and ``docs/rules.zh.md`` from the rules' records; `suite.cli.pages` writes them."""

from __future__ import annotations

from suite.base import markdown
from suite.base.bilingual import Bilingual
from suite.judge.rules.registry import RULES
from suite.judge.rules.rule import PHASES

RANGES = {
    "R00": Bilingual("The log: R001 to R009", "日志：R001 至 R009"),
    "R01": Bilingual("The load: R010 to R019", "负载：R010 至 R019"),
    "R02": Bilingual("The answers: R020 to R029", "回答：R020 至 R029"),
    "R03": Bilingual("The division: R030 to R039", "赛道：R030 至 R039"),
    "R04": Bilingual("The scenarios: R040 to R049", "场景：R040 至 R049"),
    "R05": Bilingual("What was observed: R050 to R059", "观察所得：R050 至 R059"),
    "R06": Bilingual("What ran, and its peak: R060 to R069", "运行的是什么及其峰值：R060 至 R069"),
    "R07": Bilingual("Tokens and texts: R070 to R079", "token 与文本：R070 至 R079"),
    "R08": Bilingual("What gives cheating away: R080 to R089", "作弊的迹象：R080 至 R089"),
    "R09": Bilingual("Other witnesses: R090 to R099", "旁证：R090 至 R099"),
    "R10": Bilingual(
        "Rounds, time stamps and attempts: R100 to R109", "轮次、时间戳与尝试：R100 至 R109"
    ),
    "R11": Bilingual("Where it ran: R110 to R119", "在何处运行：R110 至 R119"),
    "R12": Bilingual(
        "Load clients: R120 to R129, with R118 and R119",
        "负载客户端：R120 至 R129，以及 R118 与 R119",
    ),
    "R13": Bilingual(
        "Several nodes, devices held back: R130 to R139", "多个节点与受限降频的设备：R130 至 R139"
    ),
}
"""Headings by the first digits of a number; a range without rules has none."""
_COLUMNS = Bilingual(
    "rule | title | asks | why it exists | looks at | when broken",
    "规则 | 名称 | 要求 | 为何存在 | 对象 | 不满足时",
)


def tables(language: str) -> str:
    """The tables of all ranges in one language, ``en`` or ``zh``, each under its heading."""
    parts = []
    for start, heading in RANGES.items():
        rows = [
            (
                rule.number,
                *(
                    getattr(words, language)
                    for words in (
                        rule.title,
                        rule.asks,
                        rule.reason,
                        PHASES[rule.phases],
                        rule.broken,
                    )
                ),
            )
            for rule in RULES
            if rule.number.startswith(start)
        ]
        columns = getattr(_COLUMNS, language).split(" | ")
        parts.append(f"## {getattr(heading, language)}\n\n{markdown.table(columns, rows)}")
    return "\n".join(parts)
