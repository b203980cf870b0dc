"""Every data format: the ``FORMAT`` of each module in this room. Nobody keeps another list."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from suite.base import markdown
from suite.declare.tasks import formats
from suite.declare.tasks.formats.record import Format


@functools.cache
def data_formats() -> tuple[Format, ...]:
    """Every data format, by name."""
    modules = (
        importlib.import_module(f"{formats.__name__}.{module.name}")
        for module in pkgutil.iter_modules(formats.__path__)
    )
    records = (getattr(module, "FORMAT", None) for module in modules)
    return tuple(
        sorted(
            (record for record in records if isinstance(record, Format)),
            key=lambda record: record.name,
        )
    )


def table(*, chinese: bool = False) -> str:
    """The table of ``docs/data.md``; `suite.cli.pages` writes it."""
    titles = (
        ("格式", "内容", "文件名结尾")
        if chinese
        else ("Format", "What it holds", "File names end in")
    )
    rows = [
        (
            record.name_zh if chinese else record.name,
            record.description_zh if chinese else record.description,
            ", ".join(f"`{end}`" for end in record.suffixes) or "–",
        )
        for record in data_formats()
    ]
    return markdown.table(titles, rows)
