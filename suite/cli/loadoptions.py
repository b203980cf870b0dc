"""Options that say how requests are sent: headers, API key, processes, send stamps. None of them enters the plan."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from suite.base.errors import UsageError
from suite.measure.load.target import LoadOptions
from suite.measure.load.transport.address import check_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_WORKERS = 256
_AUTHORIZATION = "Authorization"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that sends requests."""
    group = parser.add_argument_group("load generator")
    group.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="header field for every request; may be repeated; its value is never stored",
    )
    group.add_argument(
        "--api-key-env",
        metavar="NAME",
        help="environment variable with the server's API key, sent as Authorization: Bearer",
    )
    group.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N",
        help="processes that send, each on a core of its own (default: %(default)s)",
    )
    group.add_argument(
        "--kernel-send-stamps",
        action="store_true",
        help="take send times from the kernel instead of just before the write",
    )


def load_options(
    arguments: argparse.Namespace, environment: Mapping[str, str] | None = None
) -> LoadOptions:
    """The options as given; `environment` has the API key, None takes this process's.

    Raises:
        UsageError: ``header-malformed``, ``header-twice`` or ``api-key-missing``.
    """
    headers = _headers(arguments.header)
    name = arguments.api_key_env
    if name is not None:
        if any(given.lower() == _AUTHORIZATION.lower() for given in headers):
            message = "--api-key-env and --header both give the header field Authorization"
            raise UsageError("header-twice", message, hint="leave one of them out")
        key = (os.environ if environment is None else environment).get(name, "").strip()
        if not key:
            message = f"the environment variable {name!r} has no API key"
            raise UsageError("api-key-missing", message, hint="export it before the run")
        headers[_AUTHORIZATION] = f"Bearer {key}"
    check_headers(headers)
    return LoadOptions(
        headers=headers,
        workers=arguments.workers,
        send_stamps="kernel" if arguments.kernel_send_stamps else "user",
    )


def _headers(texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            # What was given may be a secret in the wrong place; it is not repeated.
            message = f"--header number {texts.index(text) + 1} is not NAME=VALUE"
            raise UsageError("header-malformed", message)
        if name.lower() in {given.lower() for given in found}:
            raise UsageError("header-twice", f"the header field {name!r} is given twice")
        found[name] = value
    return found


def _workers(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text, re.ASCII) or int(text) > MAX_WORKERS:
        message = f"{text!r} is not a number from 1 to {MAX_WORKERS}"
        raise argparse.ArgumentTypeError(message)
    return int(text)
