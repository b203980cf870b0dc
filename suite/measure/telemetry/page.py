"""The table of telemetry tools for ``docs/vendors*.md``; `suite.cli.pages` writes it."""

from __future__ import annotations

from suite.base import markdown
from suite.measure.telemetry.tool import TOOLS

_TITLES = ("`parser`", "what it reads", "command", "quantities, as printed")
_TITLES_ZH = ("`parser`", "读取内容", "命令", "数量及输出单位")


def table(*, chinese: bool = False) -> str:
    """A row for each tool, by name."""
    rows = [
        (
            f"`{tool.name}`",
            tool.title.zh if chinese else tool.title.en,
            f"`{' '.join(tool.command)}`" if tool.command else "",
            ", ".join(
                [f"`{quantity}` ({unit})" for quantity, unit in tool.units.items()]
                + [f"`{name}`" for name in tool.watched]
            ),
        )
        for _, tool in sorted(TOOLS.items())
    ]
    return markdown.table(_TITLES_ZH if chinese else _TITLES, rows)
