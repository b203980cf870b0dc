"""The site's pages: pure functions of what is shown. Each has one policy: nothing from outside, its own script alone."""

from __future__ import annotations

import functools
import hashlib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from markupsafe import Markup
from msgspec import UNSET

from suite.base import jsonio
from suite.base.bilingual import chinese
from suite.declare.scenarios import SCENARIOS
from suite.documents.audit import AuditVerdict
from suite.documents.fleet import PREFLIGHT
from suite.judge.fleet.verify import OUTCOMES
from suite.judge.metrics.registry import REGISTRY
from suite.judge.report import templating
from suite.judge.report.numbers import plain, show
from suite.judge.report.templating import (
    pair,
    security_policy,
    source_hash,
    style_sheet,
    template_environment,
)
from suite.judge.report.view import ASSERTED
from suite.judge.report.words import WORDS as REPORT_WORDS
from suite.judge.site.cards import COLUMNS, DECISIONS, WORDS
from suite.judge.site.downloads import program

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2

    from suite.documents.phase import ScenarioKind
    from suite.documents.site import Site, SiteCard
    from suite.documents.value import Value
    from suite.judge.live.follow import Percentiles, RunState
    from suite.judge.site.cards import ShownFleet

_TEMPLATES: Final = Path(__file__).parent / "templates"
_FIRST: Final = 50
"""Rows of the leaderboard that stand in the page itself, for whoever runs no script."""
_FEED: Final = 50
_FACTS: Final = (
    ("run", "Run", "运行"),
    ("model", "Model", "模型"),
    ("devices", "Devices", "设备"),
    ("engine", "Engine", "推理引擎"),
    ("vendor", "Vendor", "厂商"),
    ("division", "Division", "赛道"),
    ("trust", "Trust level", "信任级别"),
    ("date", "Date", "日期"),
)
_SCRIPTS: Final = {
    "index": ("common.js", "pictures.js", "charts.js", "leaderboard.js"),
    "compare": ("common.js", "compare.js"),
    "plain": ("common.js",),
    "card": ("common.js", "pictures.js", "history.js"),
    "live": ("common.js", "pictures.js", "live.js"),
}
LIBRARY: Final = {
    f"chartjs/{path.name}": path for path in sorted(Path(__file__).with_name("chartjs").iterdir())
}
"""What draws the charts, by its place in the site: Chart.js as published, its licence, where it is from."""
_STATES: Final = {
    "waiting": ("waiting", "等待"),
    "running": ("running", "进行中"),
    "ended": ("ended", "已结束"),
}
_QUANTITIES: Final = {
    "utilisation": ("Utilisation, %", "利用率，%", 100),
    "power_w": ("Power, W", "功率，W", 1),
    "memory_used_bytes": ("Memory in use, GiB", "已用内存，GiB", 2**-30),
    "temperature_c": ("Temperature, °C", "温度，°C", 1),
    "clock_mhz": ("Clock, MHz", "时钟，MHz", 1),
}
"""Of a run that goes on: what a phase does, and each quantity of a device with its factor, in English and Chinese."""
_COLOURS: Final = {"closed": "#17704a", "optimised": "#1d4e89", "open": "#8a5a00"}


def _known(word: str) -> Markup:
    """A word of the cards in both languages, or as it is."""
    return pair(*WORDS.get(word, (word, word)))


def _sentence(text: str) -> Markup:
    return pair(str(text), chinese(text))


def _asserted(card: SiteCard, name: str) -> Markup:
    """The word beside a fact or a number that rests on nothing but a word."""
    if name not in card.asserted:
        return Markup("")
    return Markup(' <span class="standing standing-asserted">{}</span>').format(_known(ASSERTED))


def _scenario(name: ScenarioKind) -> tuple[str, str]:
    return SCENARIOS[name].title


def _number(metric: str, value: Value) -> str:
    """As the column says the unit, the number alone."""
    return show(metric, value).number


@functools.cache
def _own(name: str) -> str:
    return jsonio.read_bytes(_TEMPLATES / name).decode()


@functools.cache
def _style() -> Markup:
    return style_sheet(_TEMPLATES / "site.css")


@functools.cache
def _script(kind: str) -> str:
    return "".join(map(_own, _SCRIPTS[kind])).strip()


@functools.cache
def _policy(kind: str) -> str:
    """'strict-dynamic': what our own script brings, whether over https or from files, and no other script."""
    return security_policy(_style(), f"script-src {source_hash(_script(kind))} 'strict-dynamic'")


def live_policy() -> str:
    """Of a page that asks its own server, and nobody else, how a run goes."""
    return f"{_policy('live')}; connect-src 'self'"


@functools.cache
def _environment() -> jinja2.Environment:
    environment = template_environment(_TEMPLATES)
    environment.globals |= {
        "p": pair,
        "s": _sentence,
        "show": show,
        "shown_number": _number,
        "scenario": _scenario,
        "audits": {name: REPORT_WORDS[f"audit-{name}"] for name in get_args(AuditVerdict)},
        "decisions": DECISIONS,
        "known": _known,
        "asserted": _asserted,
        "metrics": COLUMNS,
        "generator": program(),
    }
    environment.tests["given"] = lambda member: member is not UNSET
    return environment


@functools.cache
def renderer_version() -> str:
    """A digest over everything of this room, and what the pages take from others."""
    digest = hashlib.sha256(repr((list(REGISTRY.values()), program(), _style())).encode())
    shared = Path(templating.__file__)
    for path in sorted(
        (*_TEMPLATES.iterdir(), *_TEMPLATES.parent.glob("*.py"), *LIBRARY.values(), shared)
    ):
        digest.update(path.name.encode() + b"\0" + jsonio.read_bytes(path) + b"\0")
    return digest.hexdigest()


def _page(
    template: str, kind: str, root: str, *, policy: str | None = None, **words: object
) -> bytes:
    page = (
        _environment()
        .get_template(template)
        .render(
            root=root,
            policy=policy or _policy(kind),
            style=_style(),
            script=Markup(_script(kind)),  # noqa: S704 - our own files, hashed in the policy
            **words,
        )
    )
    return page.encode()


def index_page(site: Site, *, parquet: bool, fleets: int = 0) -> bytes:
    """The leaderboard, with the newest cards in it."""
    current = [card for card in site.cards if card.status == "current"]
    columns = ({"run": "run"} | {name: name for name, *_ in _FACTS[1:]}).items()
    words = {name: (english, chinese) for name, english, chinese in _FACTS}
    return _page(
        "index.html.j2",
        "index",
        "",
        site=site,
        shown=current[:_FIRST],
        columns=[(key, *words[name]) for key, name in columns],
        parquet=parquet,
        fleets=fleets,
    )


def refused_page(site: Site) -> bytes:
    """What is not shown, and why."""
    return _page("refused.html.j2", "plain", "", site=site)


def fleets_page(fleets: Sequence[ShownFleet]) -> bytes:
    """Verified fleet statements, the newest first, each with every machine of its inventory."""
    return _page(
        "fleets.html.j2", "plain", "", fleets=fleets, outcomes=OUTCOMES, preflight=PREFLIGHT
    )


def compare_page() -> bytes:
    """The page that compares whatever its address names."""
    return _page("compare.html.j2", "compare", "")


def runs_page(states: Sequence[RunState]) -> bytes:
    """The runs that are served, as they stand."""
    return _page("runs.html.j2", "live", "", policy=live_policy(), states=states)


def live_page(state: RunState) -> bytes:
    """One run as it stands, kept up to date by its own script."""
    return _page(
        "live.html.j2",
        "live",
        "../../",
        policy=live_policy(),
        state=state,
        states=_STATES,
        quantities=_QUANTITIES,
        plain=plain,
        spread=_spread,
    )


def _spread(figures: Percentiles | None) -> str:
    return " / ".join(map(plain, (figures.p50, figures.p90, figures.p99))) if figures else "–"


def history_page(cards: Sequence[SiteCard], name: str, more: int) -> bytes:
    """The cards of one kind: same vendor, model, devices, engine and profile.

    Args:
        cards: the last ones, the oldest first.
        name: of the page, and of the script beside it that holds the numbers for its pictures.
        more: how many older ones there are.
    """
    return _page("history.html.j2", "card", "../", cards=cards, name=name, more=more)


def card_page(card: SiteCard, history: str, successor: str, base: str) -> bytes:
    """A card's permanent page.

    Args:
        card: the card.
        history: name of the page of its kind; "" where it is the only card of it.
        successor: id of the card in its place, where the site has it; else "".
        base: the site's address with a slash at its end; "" where it is not known.
    """
    words = {
        "vendor": card.vendor_name,
        "date": f"{card.started_utc[:10]} {card.started_utc[11:19]} UTC",
    }
    return _page(
        "card.html.j2",
        "card",
        "../../",
        card=card,
        history=history,
        successor=successor,
        facts=[
            (name, english, chinese, words.get(name) or getattr(card, name))
            for name, english, chinese in _FACTS
        ],
        citation=_citation(card, base),
        bibtex=_bibtex(card, base),
        badge_svg=Markup(badge(card).decode()),  # noqa: S704 - our own template, escaped
        badge_link=f"[![LLM inference conformance]({_address(card, base)}badge.svg)]({_address(card, base)})",
    )


def _address(card: SiteCard, base: str) -> str:
    return f"{base}cards/{card.id}/"


def _citation(card: SiteCard, base: str) -> str:
    at = f" {_address(card, base)}" if base else ""
    return (
        f"{card.owner or card.vendor_name}: {card.engine}, {card.devices}, {card.model}, {card.taskset}. "
        f"LLM inference conformance scorecard, {card.division}, {card.trust}, {card.started_utc[:10]}. "
        f"sha256:{card.payload_sha256}.{at}"
    )


_TEX: Final = str.maketrans(
    {char: f"\\{char}" for char in "#$%&_{}"} | {"\\": "/", "~": "-", "^": "-"}
)


def _bibtex(card: SiteCard, base: str) -> str:
    title = f"{card.engine}, {card.devices}, {card.model}".translate(_TEX)
    author = (card.owner or card.vendor_name).translate(_TEX)
    lines = [
        f"@misc{{card{card.id[:12]},",
        f"  author = {{{{{author}}}}},",
        f"  title = {{{{{title}: LLM inference conformance scorecard}}}},",
        f"  year = {{{card.started_utc[:4]}}},",
        f"  note = {{sha256:{card.payload_sha256}}},",
        *([f"  url = {{{_address(card, base)}}},"] if base else []),
        "}",
    ]
    return "\n".join(lines)


def badge(card: SiteCard) -> bytes:
    """The card's badge: its division, or that it counts no more."""
    words = f"{card.division}, {card.trust}" if card.status == "current" else card.status
    colour = _COLOURS[card.division] if card.status == "current" else "#a9221b"
    width = 102 + round(6.6 * len(words))
    page = (
        _environment().get_template("badge.svg.j2").render(words=words, colour=colour, width=width)
    )
    return page.strip().encode()


def feed(site: Site, base: str) -> bytes:
    """The newest cards as an Atom feed; names are made of digests, so that a reader knows a card again anywhere."""
    cards = site.cards[:_FEED]

    def when(card: SiteCard) -> str:
        return max([card.started_utc, *([card.ended.time] if card.ended is not UNSET else [])])

    page = (
        _environment()
        .get_template("feed.atom.j2")
        .render(
            cards=cards,
            base=base,
            feed_id=uuid.uuid5(uuid.NAMESPACE_URL, base or program()).urn,
            entry_id=lambda card: uuid.uuid5(uuid.NAMESPACE_OID, card.payload_sha256).urn,
            when=when,
            updated=max(map(when, cards), default="1970-01-01T00:00:00Z"),
        )
    )
    return page.encode()
