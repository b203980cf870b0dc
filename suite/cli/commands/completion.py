"""``suite completion``: what a shell needs to complete commands, options and names."""

from __future__ import annotations

import click

from suite.base.visible import say
from suite.cli.command import Names, command

SHELLS = ("bash", "zsh", "fish")


@command("suite completion bash > ~/.local/share/bash-completion/completions/suite")
@click.argument("shell", type=Names(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash  suite completion bash > ~/.local/share/bash-completion/completions/suite
    zsh   suite completion zsh > "${fpath[1]}/_suite"
    fish  suite completion fish > ~/.config/fish/completions/suite.fish
    """  # noqa: D301 - click reads \b
    from click.shell_completion import ShellComplete, get_completion_class

    from suite.cli.main import COMPLETE_VARIABLE, PROGRAM, program

    kind = get_completion_class(shell)
    assert kind is not None
    # Not that of bash's own class, which first starts a bash to ask for its version.
    say(ShellComplete.source(kind(program(), {}, PROGRAM, COMPLETE_VARIABLE)))
    return 0
