"""The loop of ``suite chat``: turns from a person or a pipe, answers as they come."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EngineError
from suite.base.visible import say, visible
from suite.cli import inputs, loadoptions, serving
from suite.cli.machine import settings
from suite.cli.output import write_error, write_note
from suite.cli.runtime import server_url
from suite.cli.terminal import Terminal
from suite.measure.chat import Conversation
from suite.measure.digests import DigestStore
from suite.measure.engine.attach import MODELS_PATH, meet
from suite.measure.engine.readiness import get_json
from suite.measure.engine.served import end_code
from suite.measure.signals import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from suite.cli.options import Choices, Sending

WAIT_S = 30.0
"""For a server given by its address that is still loading."""
END_SEEN_S = 1.0
INTERRUPTED = 130
_HELP = Sentence(
    "/new begins anew, /exit or Ctrl-D ends, Ctrl-C breaks an answer off",
    "/new 重新开始，/exit 或 Ctrl-D 结束，Ctrl-C 中断回答",
)


def converse(
    choices: Choices,
    sending: Sending,
    *,
    message: str | None,
    system: str | None,
    body: dict[str, object],
) -> int:
    """Talk until the end of the input; returns the exit status.

    Args:
        choices: what is served where no address is given.
        sending: header fields and API key.
        message: one message, after whose answer it ends; None reads them from standard input.
        system: what the system is told.
        body: members of each request.

    Raises:
        SuiteError: whatever keeps the engine from answering.
    """
    with (
        Terminal(quiet=not sys.stderr.isatty()) as terminal,
        Stop(terminal.interrupted).installed(),
    ):
        headers = loadoptions.load_options(sending).headers
        with contextlib.ExitStack() as stack:
            if choices.url is None:
                talk = stack.enter_context(_served(choices, terminal))
            else:
                talk = _attached(choices, headers, terminal)
            terminal.clear()
            talk.body, talk.headers = body, headers
            if system is not None:
                talk.messages.append({"role": "system", "content": system})
            if message is not None:
                return _turns(talk, [message], typed=False)
            return _turns(talk, _typed(), typed=True)


@contextlib.contextmanager
def _served(choices: Choices, terminal: Terminal) -> Iterator[Conversation]:
    """A conversation with the plan's engine, which runs as long."""
    gathered = inputs.gather(choices, store=DigestStore(settings().cache), terminal=terminal)
    plan = gathered.plan
    with serving.engine_of(gathered, terminal) as served:
        terminal.line(
            Sentence(
                f"{plan.engine.title} answers at {served.base_url}",
                f"{plan.engine.title} 在 {served.base_url} 应答",
            )
        )
        name, path = plan.engine.served_model_name, plan.engine.request.path
        yield Conversation(served.base_url, name, path, gone=served.alive)


def _attached(choices: Choices, headers: Mapping[str, str], terminal: Terminal) -> Conversation:
    """A conversation with a server that runs already.

    Raises:
        EngineError: of `meet`, ``endpoint-model``.
    """
    url = server_url(choices.url or "")
    meet(url, MODELS_PATH, headers, wait_s=WAIT_S, on_progress=terminal.step)
    name = choices.served_model_name
    if name is None:
        listed = get_json(url, MODELS_PATH, headers=headers)
        rows = listed.get("data") if isinstance(listed, dict) else None
        rows = rows if isinstance(rows, list) else []
        names = [str(row.get("id")) for row in rows if isinstance(row, dict)]
        if len(names) != 1:
            served = ", ".join(names) or Sentence("none that it names", "的模型没有名称")
            hint = Sentence(
                "name one with --served-model-name", "请以 --served-model-name 指定一个"
            )
            raise EngineError(
                "endpoint-model",
                Sentence(f"{url} serves {served}", f"{url} 提供 {chinese(served)}"),
                hint=hint,
            )
        name = names[0]
    return Conversation(url, name)


def _typed() -> Iterator[str]:
    """Lines of standard input: typed at a prompt by a person, or each a turn of a pipe."""
    if not sys.stdin.isatty():
        for line in sys.stdin:
            yield line.rstrip("\n")
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - lines can then be edited; not every Python has it
    write_note(_HELP)
    while True:
        try:
            yield input("> ")
        except EOFError:
            say("")
            return


def _turns(talk: Conversation, lines: Iterator[str] | list[str], *, typed: bool) -> int:
    """Answer line by line. Ctrl-C in an answer breaks it off; while nothing is answered it ends the conversation."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for line in lines:
            match line.strip():
                case "":
                    continue
                case "/exit":
                    return 0
                case "/new":
                    talk.forget()
                    continue
                case _:
                    _answer(talk, line, lines_follow=typed and sys.stdin.isatty())
    except KeyboardInterrupt:
        say("")
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    return 0


def _end(talk: Conversation) -> str | None:
    """Why the engine no longer runs; its sockets close a moment before it is seen to have ended."""
    if talk.gone is None:
        return None
    until = time.monotonic() + END_SEEN_S
    while not (why := talk.gone()) and time.monotonic() < until:
        time.sleep(0.05)
    return why


def _answer(talk: Conversation, line: str, *, lines_follow: bool) -> None:
    """Print an answer as it comes.

    Args:
        talk: with whom.
        line: what is asked.
        lines_follow: somebody can type another one.

    At a terminal an answer that fails is said, and the conversation goes on, with what had come of the answer: a server may come
    back. The plan's engine does not.

    Raises:
        EngineError: as `Conversation.ask`; the engine's end.
        KeyboardInterrupt: Ctrl-C, where nobody can be asked for another line.
    """
    pieces = talk.ask(line)
    answered = False
    try:
        with contextlib.closing(pieces):
            for piece in pieces:
                answered = True
                sys.stdout.write(visible(piece))
                sys.stdout.flush()
    except KeyboardInterrupt:
        if not lines_follow:
            raise
        answered = True
    except EngineError as failed:
        say("", flush=True)
        if why := _end(talk):
            raise EngineError(end_code(why), why) from failed
        if not lines_follow:
            raise
        write_error(failed)
        return
    say("", flush=True)
    if not answered:
        write_note(Sentence("the engine ended its answer at once", "引擎立即结束了回答"))
