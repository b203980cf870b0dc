"""Is everything there that the plan needs? Asked before any image is pulled or anything is started."""

from __future__ import annotations

import glob
import resource
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from suite.base import expressions
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import Problem, SetupError
from suite.base.versions import at_least, numbers
from suite.documents.devices import ToolOutput
from suite.measure.engine.container.api import CONNECT_TIMEOUT_S, connect
from suite.measure.telemetry.asking import EndlessError, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from suite.documents.engine import PreflightCheck, VersionRule
    from suite.documents.plan import Plan

MAX_OUTPUT = 16_000
"""Characters of a tool's output that are kept; a query for eight devices is some thousand."""
SPARE_FILES: Final = 64
"""Files that a load process has open beside its connections."""
FILES_HINT: Final = Sentence(
    "raise the hard limit (`ulimit -Hn`, LimitNOFILE=, `docker run --ulimit nofile=`), or share the load: --workers",
    "请提高硬限制（`ulimit -Hn`、LimitNOFILE=、`docker run --ulimit nofile=`），或分担负载：--workers",
)
COMMAND_TIMEOUT_S = 30
"""A device tool that does not answer in this time hangs; `npu-smi` and `rocm-smi` take up to ten seconds."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one preflight check came to.

    Attributes:
        check: what was asked.
        ok: it holds.
        why: the line that decided, or why it does not hold.
        output: everything that the tool printed.
    """

    check: PreflightCheck
    ok: bool
    why: str
    output: str = ""

    def document(self) -> ToolOutput:
        """The form that the evidence keeps."""
        check = self.check
        return ToolOutput(
            what=check.what,
            command=check.argument,
            ok=self.ok,
            answer=self.why,
            output=self.output,
        )


def run_preflight(plan: Plan) -> list[Answer]:
    """Ask every check of the plan; never raises."""
    return [_ask(check) for check in plan.engine.preflight]


def require_preflight(plan: Plan) -> list[Answer]:
    """Ask every check and refuse to go on when one fails.

    Raises:
        SetupError: ``preflight-failed``, one problem per missing thing.
    """
    answers = run_preflight(plan)
    missing = [answer for answer in answers if not answer.ok]
    if missing:
        vendor = plan.vendor.name
        problems = [
            Problem(f"{answer.check.what}: {answer.why}", hint=answer.check.hint)
            for answer in missing
        ]
        count = Sentence(
            f"{len(missing)} of {len(answers)}", f"{len(answers)} 项中的 {len(missing)} 项"
        )
        raise SetupError(
            "preflight-failed",
            Sentence(
                f"this machine is not ready for {vendor}: {count} checks failed",
                f"本机尚不具备运行 {vendor} 的条件：{count.zh}检查未通过",
            ),
            hint=Sentence(
                "nothing was pulled or started; `suite plan` prints what would run",
                "未拉取或启动任何内容；`suite plan` 可显示将运行的内容",
            ),
            problems=problems,
        )
    return answers


def require_runtime(plan: Plan) -> None:
    """Refuse to go on when the plan wants a container and no Docker engine answers.

    Raises:
        SetupError: ``docker-unreachable``.
    """
    if plan.runtime == "container":
        with connect(CONNECT_TIMEOUT_S):
            pass


def connections(plan: Plan, workers: int = 1) -> tuple[int, int]:
    """The most connections that a load process holds at once in closed loops, and how many files it may open.

    An open loop holds as many as the server keeps waiting, which no plan says.
    """
    most = max((phase.concurrency or 0 for phase in plan.workload.phases), default=0)
    if plan.runtime not in ("container", "endpoint"):
        workers = 1  # the server is a process of this shell too, and has them all
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    return -(-most // workers), limit if limit != resource.RLIM_INFINITY else sys.maxsize


def require_connections(plan: Plan, workers: int = 1) -> None:
    """Refuse a load that this machine's limit of open files does not let out; a load process raises its own to the hard limit.

    Raises:
        SetupError: ``descriptors-few``.
    """
    most, limit = connections(plan, workers)
    if most + SPARE_FILES > limit:
        raise SetupError(
            "descriptors-few",
            Sentence(
                f"{most:,} requests are sent at once, and a process here may open {limit:,} files",
                f"同时发送 {most:,} 个请求，而此处一个进程可打开 {limit:,} 个文件",
            ),
            hint=FILES_HINT,
        )


def _ask(check: PreflightCheck) -> Answer:
    if check.kind == "path":
        pattern = check.argument[0]
        paths = sorted(glob.glob(pattern))  # noqa: PTH207 - an absolute pattern such as /dev/nvidia[0-9]*
        return Answer(
            check,
            bool(paths),
            ", ".join(paths[:8]) or Sentence(f"{pattern} does not exist", f"{pattern} 不存在"),
            "\n".join(paths),
        )
    for expression in (check.expect, check.compare.read if check.compare is not UNSET else None):
        if expression is not None and (why := expressions.problem(expression)):
            wrong = Sentence(
                f"{expression[:60]!r} is no expression: {why}",
                f"{expression[:60]!r} 不是表达式：{chinese(why)}",
            )
            return Answer(check, ok=False, why=wrong, output="")
    ok, output = output_of(check.argument)
    answer = output.splitlines()[0] if output else Sentence("no output", "没有输出")
    start = None if check.expect is None else expressions.start_of(check.expect, output)
    if start is not None:
        # The line that answers the question says more than the first one, which is often a date.
        start = output.rfind("\n", 0, start) + 1
        answer = output[start:].splitlines()[0].strip()
    ok = ok and (check.expect is None or start is not None)
    if ok and check.compare is not UNSET:
        return _compared(check, check.compare, output)
    return Answer(check, ok, answer[:160], output)


def output_of(command: Sequence[str]) -> tuple[bool, str]:
    """Run a tool of this machine: whether it ended with status 0, and what it printed or why it did not.

    Never raises.
    """
    try:
        done = run_program(command, COMMAND_TIMEOUT_S)
    except FileNotFoundError:
        return False, Sentence(f"{command[0]} is not installed", f"未安装 {command[0]}")
    except TimeoutError:
        return False, Sentence(
            f"{command[0]} did not answer in {COMMAND_TIMEOUT_S} s",
            f"{command[0]} 在 {COMMAND_TIMEOUT_S} 秒内没有应答",
        )
    except EndlessError:
        return False, Sentence(f"{command[0]} prints without end", f"{command[0]} 的输出没有尽头")
    except OSError as cause:
        return False, f"{command[0]}: {cause.strerror}"
    printed = (done.output + done.errors).decode("utf-8", "replace")
    output = printed.replace("\r\n", "\n").strip()[:MAX_OUTPUT]
    if not output and done.status:
        output = Sentence(
            f"no output, exit status {done.status}", f"没有输出，退出状态 {done.status}"
        )
    return done.status == 0, output


def _compared(check: PreflightCheck, rule: VersionRule, output: str) -> Answer:
    """Hold every version in an output against the rule: each device has one of its own."""
    read = sorted(set(expressions.first_groups(rule.read, output)))
    if not read:
        return Answer(
            check,
            ok=False,
            why=Sentence("its output names no version", "其输出未给出版本"),
            output=output,
        )
    old = [
        version for version in read if not numbers(version) or not at_least(version, rule.at_least)
    ]
    if old:
        need = Sentence(f"at least {rule.at_least} is needed", f"至少需要 {rule.at_least}")
        answer = Sentence(
            f"version {', '.join(old)[:80]}; {need}",
            f"版本 {', '.join(old)[:80]}；{chinese(need)}",
        )
        return Answer(check, ok=False, why=answer, output=output)
    return Answer(
        check,
        ok=True,
        why=Sentence(f"version {', '.join(read)[:120]}", f"版本 {', '.join(read)[:120]}"),
        output=output,
    )
