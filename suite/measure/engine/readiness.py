"""When an engine counts as ready: its health path answers, then it gives a first real answer.

The only requests outside the load generator. Both moments are stamped; nothing here is measured load.
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese
from suite.base.errors import EngineError
from suite.measure.engine.served import Marks, end_code, log_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from suite.base.jsonio import JSONObject
    from suite.documents.engine import Engine
    from suite.measure.engine.served import Progress

    _Ask: TypeAlias = Callable[[str, str, bytes | None, float], tuple[int, bytes]]

FIRST_ANSWER_TOKENS = 2
HEALTH_TIMEOUT_S = 5.0
# A readiness answer is some hundred bytes; an engine that sends more than this is not answering it.
MAX_ANSWER_BYTES = 1 << 20

_NAME_HINT = "is it the name of the model at the server? --served-model-name gives it"
_STREAM_HINT = 'the server must answer {"stream": true} with server-sent events'

_TRANSPORT_ERRORS = (OSError, http.client.HTTPException)


def wait_ready(
    engine: Engine,
    base_url: str,
    *,
    marks: Marks,
    alive: Callable[[], str | None],
    log: Path | None,
    on_progress: Progress,
    headers: Mapping[str, str] | None = None,
    address: str = "",
) -> None:
    """Wait for health and for a first answer, stamping both.

    Args:
        engine: the plan's engine; its ``readiness`` gives path, time-out and interval in seconds.
        base_url: where it will listen.
        marks: gets ``engine.healthy`` and ``engine.first_answer``.
        alive: says why the engine no longer runs.
        log: the engine's log, quoted when it dies.
        on_progress: takes what is waited for, with the log.
        headers: extra header fields, such as an API key.
        address: see `request`.

    Raises:
        EngineError: ``endpoint-unauthorised``, ``engine-died`` or ``engine-out-of-memory`` (it ended while we waited),
            ``engine-timeout``, ``engine-bad-answer`` (it is healthy and refuses the first request).
    """
    readiness = engine.readiness
    extra = {} if headers is None else headers
    subject = engine.url or engine.title  # who else's server it is nobody here knows
    deadline = time.monotonic() + readiness.timeout_s
    ask = functools.partial(request, base_url, extra=extra, address=address)
    waiting = Sentence(f"waiting for {subject} to be ready", f"等待 {subject} 就绪")
    while not _healthy(ask, readiness.path, deadline - time.monotonic()):
        _check_alive(alive, log)
        if time.monotonic() >= deadline:
            silent = Sentence(f"{readiness.path} does not answer", f"{readiness.path} 没有应答")
            raise _timeout(engine, silent, log)
        on_progress(waiting, log=log)
        time.sleep(readiness.interval_s)
    # The path may be answered by another server if the engine died of a port that was taken.
    _check_alive(alive, log)
    marks.add("engine.healthy")
    on_progress(
        Sentence(
            f"{subject} is healthy; asking for a first answer",
            f"{subject} 状态正常；请求第一个回答",
        ),
        log=log,
    )
    try:
        _first_answer(engine, ask, deadline - time.monotonic(), extra)
    except TimeoutError as error:
        _check_alive(alive, log)
        raise _timeout(engine, Sentence("no first answer", "没有第一个应答"), log) from error
    except _TRANSPORT_ERRORS as error:
        # A dying engine resets the connection a moment before it is seen to be dead.
        time.sleep(min(1.0, readiness.interval_s))
        _check_alive(alive, log)
        why = str(error) or type(error).__name__
        message = Sentence(f"the first request failed: {why}", f"第一个请求失败：{why}")
        raise EngineError("engine-bad-answer", message) from error
    marks.add("engine.first_answer")


def get_json(
    base_url: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    address: str = "",
) -> JSONObject | str:
    """GET a small JSON object, for facts; a string says why there is none. Never raises."""
    try:
        status, body = request(
            base_url, "GET", path, None, HEALTH_TIMEOUT_S, extra=headers, address=address
        )
        value = (
            jsonio.loads(body, name=path, error=EngineError) if status == http.client.OK else None
        )
    except (*_TRANSPORT_ERRORS, EngineError) as error:
        return f"{path}: {str(error) or type(error).__name__}"
    if not isinstance(value, dict):
        return f"{path} answered {status} without a JSON object"
    return value


def probe(
    base_url: str, path: str, headers: Mapping[str, str] | None = None, *, address: str = ""
) -> int | str:
    """GET a path: the HTTP status, or why there is none. Never raises."""
    try:
        return request(
            base_url, "GET", path, None, HEALTH_TIMEOUT_S, extra=headers, address=address
        )[0]
    except _TRANSPORT_ERRORS as error:
        return str(error) or type(error).__name__


def unauthorised(
    base_url: str, answers: str, headers: Mapping[str, str], body: str = ""
) -> EngineError:
    """A server that refuses the API key, or wants one; what it says of it may tell why."""
    given = any(name.lower() in {"authorization", "api-key", "x-api-key"} for name in headers)
    why = (
        Sentence("refuses the API key", "拒绝该 API 密钥")
        if given
        else Sentence("wants an API key, and none was given", "需要 API 密钥，而没有给出")
    )
    for value in headers.values():  # a server may repeat the key that it refuses
        body = body.replace(value.rpartition(" ")[2], "…")
    hint = Sentence(
        "--api-key-env NAME takes it from an environment variable; --header sends other fields",
        "--api-key-env NAME 从环境变量取得密钥；--header 发送其他字段",
    )
    return EngineError(
        "endpoint-unauthorised",
        Sentence(f"{base_url} {why}: {answers}", f"{base_url} {why.zh}：{chinese(answers)}")
        + (f" ({body})" if body else ""),
        hint=hint,
    )


def _timeout(engine: Engine, what: str, log: Path | None) -> EngineError:
    tail = "" if log is None else log_tail(log)
    message = Sentence(
        f"the engine was not ready after {engine.readiness.timeout_s:g} s: {what}",
        f"引擎在 {engine.readiness.timeout_s:g} 秒后仍未就绪：{chinese(what)}",
    )
    if engine.url:
        return EngineError(
            "engine-timeout",
            message,
            hint=Sentence("is the server at --url overloaded?", "--url 处的服务器是否过载？"),
        )
    return EngineError(
        "engine-timeout",
        message
        if not tail
        else Sentence(f"{message}; its log ends:\n{tail}", f"{message.zh}；其日志的结尾：\n{tail}"),
        hint=Sentence(
            "a larger readiness time-out can be declared for the vendor",
            "可为该厂商声明更长的就绪时限",
        ),
    )


def _check_alive(alive: Callable[[], str | None], log: Path | None) -> None:
    dead = alive()
    if dead is None:
        return
    tail = "" if log is None else log_tail(log)
    code = "engine-out-of-memory" if dead.startswith("out of memory") else end_code(dead)
    message = Sentence(
        f"the engine ended before it was ready: {dead}", f"引擎在就绪之前结束：{chinese(dead)}"
    )
    raise EngineError(
        code,
        message
        if not tail
        else Sentence(f"{message}; its log ends:\n{tail}", f"{message.zh}；其日志的结尾：\n{tail}"),
    )


def _healthy(ask: _Ask, path: str, left_s: float) -> bool:
    timeout_s = max(0.1, min(HEALTH_TIMEOUT_S, left_s))
    try:
        status, _ = ask("GET", path, None, timeout_s)
    except _TRANSPORT_ERRORS:
        return False
    return status == http.client.OK


def _first_answer(engine: Engine, ask: _Ask, left_s: float, headers: Mapping[str, str]) -> None:
    form = engine.request
    body: dict[str, object] = {
        "model": engine.served_model_name,
        "max_tokens": FIRST_ANSWER_TOKENS,
        "temperature": 0,
        "stream": True,
    }
    if form.api == "chat":
        body["messages"] = [{"role": "user", "content": "Say yes."}]
    else:
        body["prompt"] = "Say yes."
    if form.stream_options is not None:
        body["stream_options"] = form.stream_options
    body.update(form.extra_body)
    status, answer = ask("POST", form.path, jsonio.canonical(body), max(0.1, left_s))
    text = answer.decode("utf-8", "replace").strip()
    if engine.url and status in {401, 403}:
        refused = Sentence(f"{form.path} answers {status}", f"{form.path} 以 {status} 应答")
        raise unauthorised(engine.url, refused, headers, text[:200])
    if status != http.client.OK:
        hint = _NAME_HINT if engine.url and status in {400, 404} else ""
        raise EngineError(
            "engine-bad-answer",
            Sentence(
                f"the first request was answered with {status}: {text[:300]}",
                f"第一个请求以 {status} 应答：{text[:300]}",
            ),
            hint=hint,
        )
    chunks = [line for line in text.splitlines() if line.startswith("data:")]
    if not any('"choices"' in chunk for chunk in chunks):
        hint = _STREAM_HINT if engine.url else ""
        message = Sentence(
            f"the first answer is no event stream: {text[:300]}",
            f"第一个应答不是事件流：{text[:300]}",
        )
        raise EngineError("engine-bad-answer", message, hint=hint)


def request(
    base_url: str,
    method: str,
    path: str,
    body: bytes | None,
    timeout_s: float,
    *,
    extra: Mapping[str, str] | None = None,
    address: str = "",
) -> tuple[int, bytes]:
    """One request, one connection, no proxy; the whole answer within `timeout_s`.

    Args:
        base_url: of the server.
        method: of HTTP.
        path: below the base URL.
        body: JSON, or None.
        timeout_s: seconds for all of it.
        extra: header fields.
        address: numeric address to connect to; "" tries those of the URL's host in turn.

    Returns:
        Status and body; of a redirect, which is not followed, the address that it leads to.

    Raises:
        OSError, http.client.HTTPException: whatever the transport says.
    """
    parts = urlsplit(base_url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    deadline = time.monotonic() + timeout_s
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=timeout_s)
    try:
        if address:
            port = parts.port or (443 if secure else 80)
            connection.sock = socket.create_connection((address, port), timeout_s)
            if secure:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(
                    connection.sock, server_hostname=parts.hostname
                )
        headers = {
            **({} if body is None else {"Content-Type": "application/json"}),
            **(extra or {}),
        }
        connection.request(method, parts.path.rstrip("/") + path, body, headers)
        response = connection.getresponse()
        data = bytearray()
        while chunk := response.read1(65_536):
            data += chunk
            if time.monotonic() > deadline:
                raise TimeoutError(f"the answer took longer than {timeout_s:g} s")
            if len(data) > MAX_ANSWER_BYTES:
                raise http.client.HTTPException(f"the answer exceeds {MAX_ANSWER_BYTES} bytes")
        location = response.getheader("Location", "")
        if 300 <= response.status < 400 and location:
            return response.status, location.encode("utf-8", "replace")
        return response.status, bytes(data)
    finally:
        connection.close()
