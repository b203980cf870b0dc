"""From the options that say how requests are sent to the load client's: headers, API key, processes, send stamps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from suite.base.addresses import split_address
from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.cli.machine import node_token
from suite.documents.farm import MOST_CLIENTS
from suite.measure.load.target import LoadOptions
from suite.measure.load.transport.address import check_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.cli.options import Sending

_AUTHORIZATION = "Authorization"


def load_options(sending: Sending, environment: Mapping[str, str] | None = None) -> LoadOptions:
    """The options as given; `environment` has the API key, None takes this process's.

    Raises:
        UsageError: ``header-malformed``, ``header-twice``, ``api-key-missing`` or ``clients-wrong``.
        SetupError: ``agent-address-wrong``, ``agent-token-weak``, ``file-unreadable``.
    """
    headers = _headers(sending.header)
    name = sending.api_key_env
    if name is not None:
        if any(given.lower() == _AUTHORIZATION.lower() for given in headers):
            message = Sentence(
                "--api-key-env and --header both give the header field Authorization",
                "--api-key-env 与 --header 都给出了头字段 Authorization",
            )
            raise UsageError(
                "header-twice", message, hint=Sentence("leave one of them out", "请去掉其中一个")
            )
        key = (os.environ if environment is None else environment).get(name, "").strip()
        if not key:
            message = Sentence(
                f"the environment variable {name!r} has no API key",
                f"环境变量 {name!r} 中没有 API 密钥",
            )
            raise UsageError(
                "api-key-missing",
                message,
                hint=Sentence("export it before the run", "请在运行前导出它"),
            )
        headers[_AUTHORIZATION] = f"Bearer {key}"
    check_headers(headers)
    return LoadOptions(
        headers=headers,
        workers=sending.workers,
        send_stamps="kernel" if sending.kernel_send_stamps else "user",
        clients=_clients(sending),
        client_token=b"" if sending.client_token is None else node_token(sending.client_token),
    )


def _clients(sending: Sending) -> tuple[str, ...]:
    """Where the load clients are.

    Raises:
        UsageError: ``clients-wrong``.
        SetupError: ``agent-address-wrong``.
    """
    places = sending.client
    why: str = ""
    if bool(places) != (sending.client_token is not None):
        why = Sentence("--client goes with --client-token", "--client 与 --client-token 一起使用")
    elif places and sending.workers > 1:
        why = Sentence(
            "each load client is one process: no --workers",
            "每个负载客户端即一个进程：不可给出 --workers",
        )
    elif len(set(places)) < len(places):
        why = Sentence("a load client is named twice", "同一负载客户端出现两次")
    elif len(places) > MOST_CLIENTS:
        why = Sentence(
            f"{len(places)} load clients; at most {MOST_CLIENTS}",
            f"{len(places)} 个负载客户端；至多 {MOST_CLIENTS} 个",
        )
    if why:
        raise UsageError("clients-wrong", why)
    for place in places:
        split_address(place)
    return places


def _headers(texts: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            # What was given may be a secret in the wrong place; it is not repeated.
            message = Sentence(
                f"--header number {texts.index(text) + 1} is not NAME=VALUE",
                f"第 {texts.index(text) + 1} 个 --header 不是 NAME=VALUE 的形式",
            )
            raise UsageError("header-malformed", message)
        if name.lower() in {given.lower() for given in fields}:
            raise UsageError(
                "header-twice",
                Sentence(
                    f"the header field {name!r} is given twice", f"头字段 {name!r} 给出了两次"
                ),
            )
        fields[name] = value
    return fields
