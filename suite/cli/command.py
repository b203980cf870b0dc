"""The form of every command: a group that imports a command when it is called, help with an example, suggestions.

Nothing here or in `suite.cli.commands` may import what takes time: whoever asks for help gets it at once.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import keyword
import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError, nearest
from suite.base.language import Language, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from click.shell_completion import CompletionItem

HELP_WIDTH: Final = 100
_SETTINGS: Final = {"max_content_width": HELP_WIDTH, "help_option_names": ["-h", "--help"]}

Body = TypeVar("Body", bound="Callable[..., int]")
"""The function of a command, which options decorate; it returns the exit status."""


def asked(words: Sequence[str], otherwise: Language) -> Language:
    """The language that ``--lang`` names, wherever it stands: help and refusals that come before it speak it too."""
    text = "\0".join(itertools.takewhile(lambda word: word != "--", words))
    names = re.findall(r"(?:^|\0)--lang[=\0](en|zh)(?![^\0])", text)
    return Language[names[-1].upper()] if names else otherwise


def _language_option() -> click.Option:
    """``--lang``, which every command has; `asked` reads it."""
    return click.Option(
        ["--lang"],
        type=Names([known.name.lower() for known in Language]),
        expose_value=False,
        help="language of what is printed; without it by the locale (LC_ALL, LC_MESSAGES, LANG)",
    )


class Context(click.Context):
    """As click's, with help in the language that was chosen."""

    def make_formatter(self) -> click.HelpFormatter:
        """What writes the help."""
        if language() is Language.EN:
            return super().make_formatter()
        from suite.cli.chinesehelp import ChineseFormatter

        return ChineseFormatter(width=self.terminal_width, max_width=self.max_content_width)


class Command(click.Command):
    """A command whose options may not be abbreviated and never swallow the next option as their value."""

    context_class = Context

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        """As click has it, with ``--lang`` after the command's own options."""
        super().__init__(*arguments, **attributes)
        self.params.append(_language_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, but first refuse an option whose value is missing: click would take the next option for it."""
        options = [option for option in self.get_params(ctx) if isinstance(option, click.Option)]
        names = {name for option in options for name in option.opts}
        valued = {name for option in options if not option.is_flag for name in option.opts}
        words = args[: args.index("--")] if "--" in args else args
        for word, following in itertools.pairwise(words):
            if word in valued and following in names:
                raise click.BadOptionUsage(word, f"Option {word!r} requires an argument.", ctx)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # else nobody knows whose option it is
            raise


class Group(click.Group):
    """A group that refuses an unknown command with the nearest one."""

    context_class = Context

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        """As click has it, with ``--lang``."""
        super().__init__(*arguments, **attributes)
        self.params.append(_language_option())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names.

        Raises:
            UsageError: ``command-unknown``.
        """
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            path = ctx.command_path
            hint = nearest(name, self.list_commands(ctx)) or Sentence(
                f"`{path} --help` lists them", f"`{path} --help` 列出全部命令"
            )
            raise UsageError(
                "command-unknown",
                Sentence(f"{path} has no command {name!r}", f"{path} 没有命令 {name!r}"),
                hint=hint,
            )
        return name, command, args[1:]


class LazyGroup(Group):
    """A group whose commands are modules of `suite.cli.commands`, imported when one is called or listed."""

    def __init__(self, *, names: Sequence[str], **attributes: Any) -> None:
        """Prepare.

        Args:
            names: of the commands, in the order of the help.
            attributes: of `click.Group`.
        """
        super().__init__(**attributes)
        self._names = tuple(names)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in their order; nothing is imported."""
        del ctx
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in self._names:
            return None
        word = cmd_name.replace("-", "_")
        word += "_" * keyword.iskeyword(word)
        module = importlib.import_module(f"suite.cli.commands.{word}")
        command = getattr(module, word)
        assert isinstance(command, click.Command)
        return command


def command(example: str, *, within: click.Group | None = None) -> Callable[[Body], Command]:
    """Make a command of a function that returns an exit status; its docstring is the help.

    Args:
        example: a command line that works.
        within: the group that the command belongs to; None for a command of `suite` itself.
    """

    def made(function: Body) -> Command:
        new = click.command(cls=Command, **described(function, example))(function)
        if within is not None:
            within.add_command(new)
        return new

    return made


def described(function: Callable[..., object], example: str) -> dict[str, Any]:
    """Help, its first line for the list of commands, and the example, as click takes them."""
    text = inspect.cleandoc(function.__doc__ or "")
    return {
        "help": text,
        "short_help": text.partition("\n")[0].rstrip("."),
        "epilog": f"\b\nexample:\n  {example}",
        "context_settings": dict(_SETTINGS),
    }


class Names(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """One of some names; another is refused with the nearest."""

    name = "name"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The names, as the help shows them."""
        del param, ctx
        return f"[{'|'.join(self._names)}]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Refuse what is none of the names."""
        text = str(value)
        if text not in self._names:
            near = nearest(text, self._names)
            self.fail(
                Sentence(
                    f"{text!r} is none of {', '.join(self._names)}",
                    f"{text!r} 不在 {', '.join(self._names)} 之中",
                )
                + (Sentence("; ", "；") + near if near else ""),
                param,
                ctx,
            )
        return text

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so."""
        del ctx, param
        return completions(self._names, incomplete)


class Count(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """A whole number from 1 on, in ASCII digits."""

    name = "number"

    def __init__(self, most: int) -> None:
        self._most = most

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """As the help shows it."""
        del param, ctx
        return "N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Refuse what is no such number."""
        text = str(value)
        if not re.fullmatch(r"0*[1-9][0-9]{0,8}", text, re.ASCII) or int(text) > self._most:
            self.fail(
                Sentence(
                    f"{text!r} is not a number from 1 to {self._most}",
                    f"{text!r} 不是 1 到 {self._most} 的整数",
                ),
                param,
                ctx,
            )
        return int(text)


class Number(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """A decimal number within bounds."""

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Refuse what is no such number, NaN among it."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not self._least <= number <= self._most:
            bounds = f"{self._least:g}", f"{self._most:g}"
            self.fail(
                Sentence(
                    f"{str(value)!r} is not a number from {' to '.join(bounds)}",
                    f"{str(value)!r} 不是 {' 到 '.join(bounds)} 的数",
                ),
                param,
                ctx,
            )
        return number


def completions(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those of some names that begin so, for the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
