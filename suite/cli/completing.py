"""What a shell completes the values of options with; what knows the names is imported only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.cli.command import completions

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def vendor_names(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The vendors whose names begin so."""
    from suite.declare.vendor.load import list_vendors

    return completions(list_vendors(), incomplete)


def engine_names(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The engines of the vendor that was named, whose names begin so."""
    from suite.base.errors import SuiteError
    from suite.declare.vendor.load import load_vendor

    try:
        doc = load_vendor(context.params.get("vendor") or "cpu").doc
    except SuiteError:
        return []
    return completions([engine.id for engine in doc.engines], incomplete)


def named_profiles(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shipped profiles whose names begin so."""
    from suite.declare.profiles.load import profile_names

    return completions(profile_names(), incomplete)
