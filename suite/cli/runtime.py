"""How the engine runs, from the words of a command line: in a container, as a process, at an address, simulated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suite.base.bilingual import Sentence, chinese
from suite.base.errors import UsageError
from suite.measure.engine import docker_available

if TYPE_CHECKING:
    from suite.cli.options import Choices
    from suite.declare.vendor.load import Vendor
    from suite.documents.plan import RuntimeKind


def choose_runtime(choices: Choices, vendor: Vendor) -> tuple[RuntimeKind, str]:
    """The runtime and, when it is not a container, why.

    Raises:
        UsageError: ``url-missing`` for an endpoint without ``--url``, ``url-wrong``, ``url-unused``.
    """
    other = "--url" if choices.url is not None else choices.runtime
    if choices.engine_python is not None and other not in (None, "process"):
        message = Sentence(
            f"--engine-python goes with --runtime process, not {other}",
            f"--engine-python 用于 --runtime process，而不是 {other}",
        )
        raise UsageError("engine-python-unused", message)
    if choices.url is not None:
        url = server_url(choices.url)
        if choices.runtime not in (None, "endpoint"):
            raise UsageError(
                "url-unused",
                Sentence(
                    f"--url goes with --runtime endpoint, not {choices.runtime}",
                    f"--url 用于 --runtime endpoint，而不是 {choices.runtime}",
                ),
            )
        cut = choices.url.rstrip("/").removeprefix(url)
        note = Sentence("a running server was given by its address", "按给定地址测量运行中的服务器")
        # Every request's path begins with /v1 already.
        return "endpoint", Sentence(
            f"{note}, {url}; its {cut} was left out", f"{chinese(note)}，{url}；其 {cut} 已略去"
        ) if cut else note
    match choices.runtime:
        case "endpoint":
            raise UsageError(
                "url-missing",
                Sentence("--runtime endpoint needs --url", "--runtime endpoint 需要 --url"),
            )
        case "container":
            return "container", ""
        case "process":
            return "process", Sentence("asked for on the command line", "由命令行指定")
        case "sim":
            return "sim", Sentence(
                "a simulated server with known timings", "具有已知时间的模拟服务器"
            )
        case _:
            pass
    if choices.engine_python is not None:
        return "process", "in an environment that holds the engine already"
    status = docker_available()
    process = not status.ok and vendor.can_run_as_process(choices.engine)
    return ("process", status.why) if process else ("container", "")


def server_url(url: str) -> str:
    """The address without the parts that every request brings: ``/v1`` and what may follow it.

    Raises:
        UsageError: ``url-wrong``.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not match
        sound = False
    else:
        if "@" in parts.netloc:  # not repeated: it may hold a password
            hint = Sentence(
                "give it with --header 'Authorization: …' or --api-key-env NAME",
                "请以 --header 'Authorization: …' 或 --api-key-env NAME 给出",
            )
            message = Sentence(
                f"the address of {parts.hostname} holds a user name or password",
                f"{parts.hostname} 的地址含有用户名或密码",
            )
            raise UsageError("url-wrong", message, hint=hint)
        sound = sound and not (parts.query or parts.fragment)
    if not sound:
        plain = re.fullmatch(r"[\w.-]+(:\d+)?(/[\w./-]*)?", url, re.ASCII)
        hint = (
            Sentence(f"is it http://{url}?", f"是否指 http://{url}？")
            if plain
            else Sentence("for example http://127.0.0.1:8000", "例如 http://127.0.0.1:8000")
        )
        raise UsageError(
            "url-wrong",
            Sentence(f"{url!r} is not the address of a server", f"{url!r} 不是服务器地址"),
            hint=hint,
        )
    return re.sub(r"(/v1)+(/(chat/)?completions|/models)?$", "", url.rstrip("/"))
