"""The script of the scripted server: from the command line into a plan, or into a server that runs until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import DeclarationError, UsageError
from suite.measure.engine.sim_script import cheating, read_script
from suite.measure.engine.sim_serve import serve as serve_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suite.base.jsonio import JSONObject
    from suite.documents.plan import RuntimeKind
    from suite.documents.vendor_engine import DeclaredEngine

CHEAT: Final = "--cheat"
"""The option, and the argument of the simulated vendor's engine."""


def script_text(script: str | None, cheats: Sequence[str] = (), stories: str = "") -> str:
    """The script as it becomes part of a plan: its content in canonical form, not its name.

    Args:
        script: JSON or ``@file``; None: no faults.
        cheats: as of `cheating`.
        stories: salt of the challenge whose new stories a vendor with a model answers too.

    Raises:
        DeclarationError: ``script-wrong``, or what strict JSON refuses.
    """
    document = cheating(_document(script or "{}", ()), cheats)
    if stories and document.get("answers") == "mini":
        document = {"stories": stories, **document}
    return _text(document)


def cheat_argument(
    script: str | None, cheats: Sequence[str], engine: DeclaredEngine, runtime: RuntimeKind
) -> dict[str, str]:
    """``--cheat`` as the simulated vendor's engine takes it; the runtime ``sim`` has it in its script.

    Args:
        script: of ``--sim-script``; None without one.
        cheats: names.
        engine: of the declaration.
        runtime: how it runs.

    Raises:
        UsageError: ``sim-script-unused``, where nothing takes what was given.
        DeclarationError: ``script-wrong``.
    """
    if runtime == "sim":
        return {}
    if script is not None:
        raise UsageError(
            "sim-script-unused",
            Sentence(
                "--sim-script goes with --runtime sim", "--sim-script 与 --runtime sim 一起使用"
            ),
        )
    if not cheats:
        return {}
    if runtime == "endpoint" or all(rule.name != CHEAT for rule in engine.arguments):
        raise UsageError(
            "sim-script-unused",
            Sentence(
                f"{CHEAT} goes with --runtime sim or --vendor sim",
                f"{CHEAT} 与 --runtime sim 或 --vendor sim 一起使用",
            ),
        )
    cheating({}, cheats)
    return {CHEAT.removeprefix("--"): ",".join(cheats)}


def _text(document: JSONObject) -> str:
    return jsonio.canonical(document).decode()


def _document(script: str, faults: Sequence[str]) -> JSONObject:
    """The script with further faults, checked."""
    read_script(script)
    data = (
        jsonio.read_bytes(Path(script[1:]), error=DeclarationError)
        if script.startswith("@")
        else script.encode("utf-8", "surrogateescape")
    )
    document = jsonio.loads(data, name="--script")
    assert isinstance(document, dict)  # it was read as a script
    if faults:
        listed = document.get("faults", [])
        assert isinstance(listed, list)
        document = {**document, "faults": [*listed, *faults]}
        read_script(_text(document))
    return document


def serve(
    script: str,
    faults: Sequence[str],
    cheats: Sequence[str] = (),
    *,
    host: str,
    port: int,
    truth: Path | None,
    on_ready: Callable[[str], None],
) -> None:
    """Run the scripted server until Ctrl-C or SIGTERM.

    Args:
        script: JSON or ``@file``.
        faults: further faults, by name.
        cheats: as of `cheating`.
        host: address to listen on.
        port: to listen on; 0 takes a free one.
        truth: file that gets the true times; None for none.
        on_ready: takes the server's address once it listens.

    Raises:
        DeclarationError: as `script_text`.
        SetupError: ``address-taken``.
    """
    checked = read_script(_text(cheating(_document(script, faults), cheats)))
    serve_script(checked, host=host, port=port, truth=truth, on_ready=on_ready)
