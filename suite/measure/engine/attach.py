"""Meet a server that runs already: which of its addresses answers, at which path, and under which model name.

Everything that is wrong with the address is known within seconds and said in words.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from suite.base.bilingual import Sentence, chinese, joined, placed
from suite.base.errors import EngineError
from suite.documents.basis import Attached
from suite.measure.engine.readiness import HEALTH_TIMEOUT_S, get_json, request, unauthorised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.documents.plan import Plan
    from suite.measure.engine.served import Progress

MODELS_PATH = "/v1/models"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_STARTING = range(500, 600)


@dataclass(frozen=True, slots=True)
class Met:
    """Where a server answered.

    Attributes:
        address: the numeric address, which is also the one measured.
        path: the path that answered with 200.
    """

    address: str
    path: str


def attach(
    plan: Plan, headers: Mapping[str, str], *, named: bool, on_progress: Progress
) -> tuple[Attached, str]:
    """Hold a plan against the server that it is for.

    Args:
        plan: of the runtime ``endpoint``.
        headers: extra header fields, such as an API key.
        named: the user named the model at the server.
        on_progress: takes what is waited for.

    Returns:
        The path that shows the server's health and the name of its model; and one sentence on both.

    Raises:
        EngineError: of `meet`, ``endpoint-model``.
    """
    engine = plan.engine
    base_url = engine.url or ""
    met = meet(
        base_url,
        engine.readiness.path,
        headers,
        wait_s=engine.readiness.timeout_s,
        on_progress=on_progress,
    )
    model = engine.served_model_name
    name = _model_name(base_url, met, headers, wanted=model, named=named, id_=plan.model.id)
    sentence = Sentence(
        f"{base_url} answers at {met.address} on {met.path}; its model is {name}",
        f"{base_url} 在 {met.address} 的 {met.path} 应答；其模型为 {name}",
    )
    return Attached(path=met.path, served_model_name=name), sentence


def meet(
    base_url: str,
    path: str,
    headers: Mapping[str, str],
    *,
    wait_s: float,
    on_progress: Progress,
) -> Met:
    """The first address of a URL whose server answers with 200, on a path or on ``/v1/models``.

    A server that answers with 5xx is still starting, and is waited for; everything else is decided at once.

    Args:
        base_url: without ``/v1``.
        path: of the health check.
        headers: extra header fields.
        wait_s: for a server that is starting.
        on_progress: takes what is waited for.

    Raises:
        EngineError: ``host-unknown``, ``endpoint-unreachable``, ``endpoint-tls``, ``endpoint-unauthorised``,
            ``endpoint-foreign``, ``engine-timeout``.
    """
    deadline = time.monotonic() + wait_s
    while True:
        errors: dict[str, OSError | http.client.HTTPException] = {}
        answers: dict[str, list[tuple[str, int, bytes]]] = {}
        for address in _addresses(base_url):
            try:
                answers[address] = _ask(base_url, address, path, headers)
            except (OSError, http.client.HTTPException) as error:
                errors[address] = error
                continue
            last = answers[address][-1]
            if _is_well(*last[1:]):
                return Met(address, last[0])
        if not answers:
            raise _unreachable(base_url, errors)
        statuses = {status for rows in answers.values() for _, status, _ in rows}
        if not any(status in _STARTING for status in statuses):
            raise _refused(base_url, answers, headers)
        if time.monotonic() >= deadline:
            raise _still_starting(base_url, answers, wait_s)
        on_progress(
            Sentence(
                f"waiting for {base_url}: it answers {max(statuses)}",
                f"等待 {base_url}：其应答为 {max(statuses)}",
            )
        )
        time.sleep(0.5)


def _still_starting(
    base_url: str, answers: Mapping[str, list[tuple[str, int, bytes]]], wait_s: float
) -> EngineError:
    rows = "; ".join(f"{path} {status}" for row in answers.values() for path, status, _ in row)
    message = Sentence(
        f"{base_url} was still not ready after {wait_s:g} s: {rows}",
        f"{base_url} 在 {wait_s:g} 秒后仍未就绪：{rows}",
    )
    hint = Sentence("start the run when it has loaded", "请在其加载完毕后开始运行")
    return EngineError("engine-timeout", message, hint=hint)


def _addresses(base_url: str) -> list[str]:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        why = getattr(cause, "strerror", None) or cause
        message = Sentence(f"the host {host} is not known: {why}", f"主机 {host} 未知：{why}")
        raise EngineError(
            "host-unknown",
            message,
            hint=Sentence("check the address of the server", "请检查服务器地址"),
        ) from cause
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _ask(
    base_url: str, address: str, path: str, headers: Mapping[str, str]
) -> list[tuple[str, int, bytes]]:
    """What the paths answer, up to the first 200 or the first that is starting."""
    rows = []
    for tried in dict.fromkeys((path, MODELS_PATH)):
        status, body = request(
            base_url, "GET", tried, None, HEALTH_TIMEOUT_S, extra=headers, address=address
        )
        rows.append((tried, status, body))
        if _is_well(status, body) or status in _STARTING:
            break
    return rows


def _is_well(status: int, body: bytes) -> bool:
    """Whether an answer shows a healthy server; a web server answers any path with 200 and a page."""
    return status == http.client.OK and not _is_page(body)


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def _unreachable(
    base_url: str, errors: Mapping[str, OSError | http.client.HTTPException]
) -> EngineError:
    """The sentence for a server that gave no HTTP answer at any address; the most telling error counts."""
    secure = base_url.startswith("https:")
    for error in errors.values():
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = Sentence(
                "use the name that the certificate is for; SSL_CERT_FILE names a private authority's certificate",
                "请使用证书所载的名称；SSL_CERT_FILE 指定私有机构的证书",
            )
            message = Sentence(
                f"the certificate of {base_url} is refused: {error.verify_message}",
                f"{base_url} 的证书被拒绝：{error.verify_message}",
            )
            return EngineError("endpoint-tls", message, hint=hint)
    for error in errors.values():
        if isinstance(error, ssl.SSLError):
            why = (error.reason or str(error)).replace("_", " ").lower()
            message = Sentence(
                f"{base_url} answers, and not with TLS ({why})",
                f"{base_url} 有应答，但不使用 TLS（{why}）",
            )
            return EngineError(
                "endpoint-tls",
                message,
                hint=Sentence("is it http://, without s?", "是否指不带 s 的 http://？"),
            )
        if isinstance(error, ConnectionResetError | http.client.HTTPException):
            message = Sentence(
                f"{base_url} takes the connection and gives no HTTP answer: {_words(error)}",
                f"{base_url} 接受连接，但不给出 HTTP 应答：{chinese(_words(error))}",
            )
            hint = Sentence(
                "is it a server with TLS? then the address begins with https://",
                "是使用 TLS 的服务器吗？若是，地址应以 https:// 开头",
            )
            return EngineError("endpoint-unreachable", message, hint=hint if not secure else "")
    at = joined((placed(address, _words(error)) for address, error in errors.items()), ", ", "，")
    hint = Sentence(
        "start the server, or correct the host and port of --url",
        "请启动服务器，或更正 --url 的主机与端口",
    )
    set_ = [name for name in _PROXIES if os.environ.get(name) or os.environ.get(name.upper())]
    if set_:
        hint += Sentence(
            f"; the proxy of {', '.join(set_)} is not used: the server itself is measured",
            f"；不使用 {', '.join(set_)} 所指的代理：测量的是服务器自身",
        )
    return EngineError(
        "endpoint-unreachable",
        Sentence(f"nothing answers at {base_url} ({at})", f"{base_url} 没有应答（{at.zh}）"),
        hint=hint,
    )


def _words(error: OSError | http.client.HTTPException) -> str:
    """The reason, in both languages where it is one of the common ones."""
    if isinstance(error, ConnectionRefusedError):
        return Sentence("connection refused", "连接被拒绝")
    if isinstance(error, TimeoutError):
        return Sentence(
            f"no answer within {HEALTH_TIMEOUT_S:g} s", f"{HEALTH_TIMEOUT_S:g} 秒内没有应答"
        )
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().lower()


def _answered(path: str, status: int, body: bytes) -> Sentence:
    """What a path answered; a page is no answer of an API."""
    with_page = Sentence(" with a web page", "，为网页") if _is_page(body) else ""
    return Sentence(f"{path} answers {status}", f"{path} 以 {status} 应答") + with_page


def _refused(
    base_url: str,
    answers: Mapping[str, list[tuple[str, int, bytes]]],
    headers: Mapping[str, str],
) -> EngineError:
    rows = next(iter(answers.values()))
    shown = joined((_answered(*row) for row in rows), "; ", "；")
    statuses = {status for _, status, _ in rows}
    body = rows[-1][2].decode("utf-8", "replace").strip().replace("\n", " ")[:200]
    if statuses & {401, 403}:
        return unauthorised(base_url, shown, headers, body)
    hint = Sentence(
        "is this the address of an OpenAI-compatible server? it is given without /v1",
        "这是 OpenAI 兼容服务器的地址吗？给出时不带 /v1",
    )
    if any(300 <= status < 400 for status in statuses):
        hint = Sentence(
            "it redirects: give the address that it leads to", "它作了重定向：请给出其所指的地址"
        )
    elif http.client.TOO_MANY_REQUESTS in statuses:
        hint = Sentence(
            "it refuses requests for now; a limit on requests would be measured, not the machine",
            "它目前拒绝请求；这样测得的是请求限额，而不是机器",
        )
    elif "https" in body.lower():
        hint = Sentence(
            "is it a server with TLS? then the address begins with https://",
            "是使用 TLS 的服务器吗？若是，地址应以 https:// 开头",
        )
    message = Sentence(
        f"{base_url} is no server that can be measured: {shown}",
        f"{base_url} 不是可测量的服务器：{shown.zh}",
    )
    return EngineError("endpoint-foreign", message + (f" ({body})" if body else ""), hint=hint)


def _model_name(
    base_url: str, met: Met, headers: Mapping[str, str], *, wanted: str, named: bool, id_: str
) -> str:
    """The name that the server knows: the one wanted if it lists that, else its only one.

    Raises:
        EngineError: ``endpoint-model``, ``endpoint-unauthorised``.
    """
    answer = get_json(base_url, MODELS_PATH, headers=headers, address=met.address)
    if isinstance(answer, str):
        if "answered 401" in answer or "answered 403" in answer:
            raise unauthorised(base_url, answer, headers)
        return wanted  # no list: the first request shows whether the name is right
    data = answer.get("data")
    data = data if isinstance(data, list) else []
    ids = (entry.get("id") for entry in data if isinstance(entry, dict))
    names = [name for name in ids if isinstance(name, str)]
    if not names or wanted in names:
        return wanted
    if not named:
        same = [name for name in names if name.rpartition("/")[2] == id_.rpartition("/")[2]]
        if len(names) == 1 or len(same) == 1:
            return (same or names)[0]
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    what = (
        Sentence(f"serves no model {wanted!r}", f"没有模型 {wanted!r}")
        if named
        else Sentence(f"serves {len(names)} models", f"有 {len(names)} 个模型")
    )
    raise EngineError(
        "endpoint-model",
        Sentence(
            f"{base_url} {what}; it lists: {listed}",
            f"{base_url} {what.zh}；它列出：{listed}",
        ),
        hint=Sentence(
            "name one of them with --served-model-name", "请以 --served-model-name 指定其中一个"
        ),
    )
