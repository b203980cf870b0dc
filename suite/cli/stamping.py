"""Time stamps over the network: a time-stamping authority asked by HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from suite.base.bilingual import Sentence
from suite.base.errors import SetupError, UsageError
from suite.documents.document import given
from suite.judge.attest.timestamps import MAX_STAMP_BYTES, check_answer, request
from suite.measure.stamps import Stamps

if TYPE_CHECKING:
    from suite.documents.challenge import Challenge
    from suite.judge.attest.sign import Stamp

TIMEOUT_S = 30
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def of_run(url: str | None, challenge: Challenge | None) -> Stamps | None:
    """What keeps how a run's log grows; None without challenge and authority.

    Args:
        url: of an authority, instead of the one that the challenge names.
        challenge: that the run is made under.

    Raises:
        UsageError: ``url-malformed``.
    """
    if url is None and challenge is None:
        return None
    address = url or (None if challenge is None else given(challenge.authority))
    return Stamps(None if address is None else authority(address))


def authority(url: str) -> Stamp:
    """What asks this authority for a stamp over a signature.

    Raises:
        UsageError: ``url-malformed``.
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(
            "url-malformed",
            Sentence(
                f"--tsa takes an http or https address, not {url!r}",
                f"--tsa 接受 http 或 https 地址，而不是 {url!r}",
            ),
        )

    def stamp(signature: bytes) -> bytes:
        query = request(signature)
        answer = _post(url, query.data)
        check_answer(answer, query, name=url)
        return answer

    return stamp


def _post(url: str, query: bytes) -> bytes:
    """The body of the answer.

    Raises:
        SetupError: ``tsa-unreachable``.
    """
    hint = Sentence(
        "nothing was signed; without network, see the section on time stamps in docs/signing.md",
        "未作任何签名；没有网络时，见 docs/signing.md 关于时间戳的一节",
    )
    try:
        with requests.post(
            url,
            data=query,
            headers={"Content-Type": _QUERY, "Accept": _REPLY},
            timeout=TIMEOUT_S,
            stream=True,
        ) as answer:
            if answer.status_code != requests.codes.ok:
                message = Sentence(
                    f"{url} answered with HTTP status {answer.status_code}",
                    f"{url} 以 HTTP 状态 {answer.status_code} 应答",
                )
                raise SetupError("tsa-unreachable", message, hint=hint)
            return answer.raw.read(MAX_STAMP_BYTES + 1, decode_content=True) or b""
    except (requests.RequestException, OSError) as cause:
        reason = type(cause).__name__
        message = Sentence(
            f"no time stamp from {url}: {reason}: {str(cause)[:200]}",
            f"{url} 没有给出时间戳：{reason}：{str(cause)[:200]}",
        )
        raise SetupError("tsa-unreachable", message, hint=hint) from cause
