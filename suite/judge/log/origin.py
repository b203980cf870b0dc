"""Who answered, as the server names model and configuration in its answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from suite.base.bilingual import Sentence
from suite.documents.card import Served
from suite.documents.document import given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from suite.documents.event import Request

    Names = Callable[[Request], tuple[str, ...]]

MOST = 20
"""Different combinations that the card names."""


def models(request: Request) -> tuple[str, ...]:
    """Names of the model that an answer came under; empty when the server does not say."""
    origin = given(request.origin)
    return origin.models if origin is not None else ()


def fingerprints(request: Request) -> tuple[str, ...]:
    """The same of the configuration that served."""
    origin = given(request.origin)
    return origin.fingerprints if origin is not None else ()


def served(requests: Iterable[Request]) -> tuple[Served, ...]:
    """Under which names how many requests were answered, the commonest first."""
    counts = Counter(
        (" → ".join(models(request)), " → ".join(fingerprints(request)))
        for request in requests
        if given(request.origin) is not None
    )
    return tuple(
        Served(model=model[:2000], fingerprint=fingerprint[:2000], requests=number)
        for (model, fingerprint), number in counts.most_common(MOST)
    )


def changed(requests: Iterable[Request], names: Names) -> tuple[str, list[Request]]:
    """The first phase whose answers came under several names, with the requests that differ from its first.

    Returns:
        A sentence and the requests; "" and none when every phase has one name.
    """
    phases: dict[str, list[Request]] = {}
    for request in requests:
        phases.setdefault(request.phase, []).append(request)
    for phase, mine in phases.items():
        first = names(mine[0])[0]
        others = [request for request in mine if names(request) != (first,)]
        if others:
            distinct = list(dict.fromkeys(name for request in mine for name in names(request)))
            shown = ", ".join(distinct[:MOST])
            return Sentence(
                f"{phase}: {len(distinct)} names, {shown}",
                f"{phase}：{len(distinct)} 个名称，{shown}",
            ), others
    return "", []
