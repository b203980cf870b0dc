"""From the options that say how requests are sent to the load client's: headers, API key, processes, send stamps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from suite.base.errors import UsageError
from suite.measure.load.target import LoadOptions
from suite.measure.load.transport.address import check_headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from suite.cli.options import Sending

_AUTHORIZATION = "Authorization"


def load_options(sending: Sending, environment: Mapping[str, str] | None = None) -> LoadOptions:
    """The options as given; `environment` has the API key, None takes this process's.

    Raises:
        UsageError: ``header-malformed``, ``header-twice`` or ``api-key-missing``.
    """
    headers = _headers(sending.header)
    name = sending.api_key_env
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
        workers=sending.workers,
        send_stamps="kernel" if sending.kernel_send_stamps else "user",
    )


def _headers(texts: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            # What was given may be a secret in the wrong place; it is not repeated.
            message = f"--header number {texts.index(text) + 1} is not NAME=VALUE"
            raise UsageError("header-malformed", message)
        if name.lower() in {given.lower() for given in fields}:
            raise UsageError("header-twice", f"the header field {name!r} is given twice")
        fields[name] = value
    return fields
