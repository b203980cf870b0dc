"""Whatever goes wrong in a command becomes text and an exit status here, and nowhere else."""

from __future__ import annotations

import errno
import os
import platform
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

import suite
from suite.base.bilingual import Sentence, chinese, placed
from suite.base.errors import CodedError, Interrupted, SuiteError, UsageError, nearest
from suite.base.visible import say

if TYPE_CHECKING:
    from collections.abc import Callable

DEFECT: Final = 70
"""Exit status of a defect of the suite itself (EX_SOFTWARE of sysexits)."""
TRACE_VARIABLE: Final = "SUITE_TRACEBACK"
_FRAMES: Final = 4
_INTERRUPTED: Final = Sentence("interrupted", "已中断")
_PACKAGE: Final = Path(suite.__file__).resolve().parent


def guarded(work: Callable[[], int]) -> int:
    """Do the work of a command and return its exit status, whatever happens."""
    try:
        status = work()
        sys.stdout.flush()
    except Interrupted as stopped:
        status = _refused(stopped)
    except KeyboardInterrupt:
        say(_INTERRUPTED, file=sys.stderr)
        return Interrupted.exit_status
    except SystemExit as error:
        # Nothing of ours raises it: a library that ends the program would choose its status too.
        return _defect(error)
    except Exception as error:  # noqa: BLE001 - the last resort: a defect is reported and has a status of its own
        return _status(error)
    return status


def _status(error: Exception) -> int:
    """Say what went wrong; the exit status."""
    match error:
        case click.exceptions.Exit():  # after --help or --version
            return error.exit_code
        case click.Abort():  # Ctrl-C or the end of input where something is asked for
            say(_INTERRUPTED, file=sys.stderr)
            return Interrupted.exit_status
        case click.UsageError() | OSError(errno=errno.ENAMETOOLONG):
            return _refused(usage_error(error))
        case SuiteError():
            return _refused(error)
        case BrokenPipeError():
            # The reader of our output went away (`suite … | head`): not an error of ours.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case _:
            return _defect(error)


def usage_error(error: click.UsageError | OSError) -> UsageError:
    """What click says about a command line, or the system about a name in it, in the form of every refusal."""
    if isinstance(error, OSError):  # wherever a command asks whether such a path is there
        name = str(error.filename)[:80]
        return UsageError(
            "usage-wrong", Sentence(f"too long a name: {name}…", f"名称过长：{name}…")
        )
    path = "suite" if error.ctx is None else error.ctx.command_path
    usage = Sentence(f"`{path} --help` says how", f"`{path} --help` 说明用法")
    if isinstance(error, click.NoSuchOption):
        params = [] if error.ctx is None else error.ctx.command.get_params(error.ctx)
        hint = (
            nearest(error.option_name, [name for param in params for name in param.opts]) or usage
        )
        return UsageError(
            "option-unknown",
            Sentence(
                f"{path} has no option {error.option_name}", f"{path} 没有选项 {error.option_name}"
            ),
            hint=hint,
        )
    message = " ".join(error.format_message().split()).rstrip(".")
    spoken = Sentence(f"{message[:1].lower()}{message[1:]}", _chinese_usage(error) or message)
    return UsageError("usage-wrong", placed(path, spoken), hint=usage)


def _chinese_usage(error: click.UsageError) -> str:
    """The Chinese form of what click says of an argument or an option; "" for what it says seldom."""
    match error:
        case click.MissingParameter():
            name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
            return f"缺少 {name}"
        case click.BadParameter():
            name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
            return f"{name} 的取值有误：{chinese(error.message)}"
        case click.BadOptionUsage():
            needs = "requires" in error.message
            return f"选项 {error.option_name!r} {'需要' if needs else '不接受'}取值"
        case click.UsageError() if error.message.startswith("Got unexpected extra argument"):
            return f"多余的参数 {error.message.partition(' (')[2].rstrip(')')}"
        case _:
            return ""


def _refused(error: CodedError) -> int:
    from suite.cli.output import write_error

    write_error(error)
    return error.exit_status


def _defect(error: BaseException) -> int:
    """A short report: what, where in our code, and how to get the rest."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    what = " ".join(f"{type(error).__name__}: {_message(error)}".split())[:300]
    lines = [f"error[defect]: {what}"]
    lines += [
        f"  at {_name(frame.filename)}:{frame.lineno} in {frame.name}"
        for frame in reversed(ours[-_FRAMES:])
    ]
    system = f"suite {suite.__version__}, Python {platform.python_version()}, {platform.system()}"
    hint = Sentence(
        "\n  hint: this is a defect of the suite, not of what you gave it; please open an issue in its"
        f"\n        repository (CONTRIBUTING.md), with these lines and the command ({system});"
        "\n        what was measured until then is kept in the run directory: suite score RUN",
        "\n  建议: 这是套件的缺陷，并非您所给内容的问题；请在其代码仓库中提交问题（CONTRIBUTING.md），"
        f"\n        附上以上各行与所用命令（{system}）；"
        "\n        此前测得的内容保存在运行目录中：suite score RUN",
    )
    report = "\n".join(lines)
    say(Sentence(report, report) + hint, file=sys.stderr)
    if os.environ.get(TRACE_VARIABLE):
        traceback.print_exception(error)
    return DEFECT


def _message(error: BaseException) -> str:
    """The message of an error, also of one that cannot be written."""
    try:
        return str(error)
    except Exception as second:  # noqa: BLE001 - the report of a defect must not end in another one
        return f"without a message ({type(second).__name__})"


def _name(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(_PACKAGE.parent)) if path.is_relative_to(_PACKAGE) else file
