"""Makes the site of a tree of submissions; checks and writes again only what changed since the last time.

::

    check    each submission as `suite check` does, unless its files and everything that decides are as before
    replay   the whole tree against itself, each time
    lay      each card's folder: scorecard, bundle, numbers for the comparison, badge, page
    write    leaderboard, index, comparison, refusals, feed, downloads
    sweep    folders of cards that the tree has no more
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET

from suite import __version__
from suite.base import jsonio
from suite.base.bilingual import Sentence, chinese, english, joined, placed
from suite.base.errors import EvidenceError, TrustError, UsageError, unwritable
from suite.base.safe import inside, is_plain, read_plain, replace_file
from suite.documents.site import SITE_SCHEMA, Site, SiteCard, SiteRefused
from suite.documents.text import Text
from suite.judge.attest.envelope import MAX_BUNDLE_BYTES
from suite.judge.attest.files import PAGE_FILE
from suite.judge.attest.page import MAX_PAGE_BYTES, extract_carried, renderer_of
from suite.judge.attest.sign import BUNDLE_FILE
from suite.judge.report import html
from suite.judge.site import downloads, examine, fleets, histories, known, pages
from suite.judge.site.cards import identity
from suite.judge.site.comparable import comparable, definitions
from suite.judge.submissions import folders, replay
from suite.judge.submissions.workers import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from suite.judge.site.cards import ShownFleet
    from suite.judge.site.known import Entry
    from suite.judge.submissions.check import Setting
    from suite.judge.submissions.folders import Submission

CARDS: Final = "cards"
MARK: Final = "index.js"
"""What tells a site from another folder."""
_FEW: Final = 6
"""Up to so many pieces of work are done here: processes take longer to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        out: folder of the site.
        state: file in which a build keeps what it knows.
        base: the site's address with a slash at its end; "" where it is not known.
        parquet: write the table as Parquet too.
        jobs: processes.
        fresh: check and write everything again.
        progress: told of what is done, in a line.
        fleets: verified fleet statements.
    """

    out: Path
    state: Path
    base: str = ""
    parquet: bool = False
    jobs: int = 1
    fresh: bool = False
    progress: Callable[[str], None] = lambda _: None
    fleets: tuple[ShownFleet, ...] = ()


def build(tree: Path, setting: Setting, order: Order) -> Site:
    """Make the site.

    Args:
        tree: of submissions.
        setting: what the reviewer knows and asks for.
        order: what is asked for.

    Raises:
        UsageError: ``submissions-none``, ``page-unwritable``, ``site-foreign``; ``usage-wrong`` for a site in the tree.
        SuiteError: as `suite.judge.submissions.check.check`; ``parquet-missing``.
    """
    _require_site(tree, order)
    everything, stray = folders.submissions(tree)
    if not everything and not stray:
        raise UsageError(
            "submissions-none", Sentence(f"there is no submission in {tree}", f"{tree} 中没有提交")
        )
    before = known.Known() if order.fresh else known.load(order.state)
    entries = _checked(everything, setting, order, before)
    cards, refused = _sorted(entries)
    refused += [
        SiteRefused(
            path=Path(error.place.file).name if error.place else "",
            codes=(error.code,),
            why=str(error.message),
            why_zh=chinese(error.message),
        )
        for error in stray
    ]
    site = Site(
        site_schema=SITE_SCHEMA,
        suite=__version__,
        checked=len(everything),
        cards=tuple(cards),
        refused=tuple(sorted(refused, key=lambda item: item.path)),
    )
    written = _Writer(order.out, before.written)
    _lay(site, {item.path: item for item in everything}, entries, order, written)
    _write(site, order, written)
    _sweep(order.out / CARDS, {card.id for card in cards}, BUNDLE_FILE)
    _sweep(order.out / fleets.FLEETS, {item.id for item in order.fleets}, fleets.BUNDLE)
    if not order.fleets:
        (order.out / fleets.LIST).unlink(missing_ok=True)
    known.save(
        order.state, known.Known(entries={item.path: item for item in entries}, written=written.now)
    )
    return site


def _require_site(tree: Path, order: Order) -> None:
    """Nothing of anybody else is written over or swept away, and nothing is put where submissions lie."""
    out = order.out
    if any(inside(path, tree) for path in (out, order.state)):
        message = Sentence(
            f"the site would lie in the tree of submissions, {tree}",
            f"网站将位于提交的目录树 {tree} 之中",
        )
        hint = Sentence("name a folder beside it", "请指定其旁的文件夹")
        raise UsageError("usage-wrong", message, hint=hint)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not is_plain(out / MARK))):
        hint = Sentence(
            "name a new or empty folder, or one that suite site made",
            "请指定新的或空的文件夹，或由 suite site 生成的文件夹",
        )
        raise UsageError(
            "site-foreign",
            Sentence(f"{out} holds something else than a site", f"{out} 中有站点以外的内容"),
            hint=hint,
        )


def _checked(
    everything: Sequence[Submission], setting: Setting, order: Order, before: known.Known
) -> list[Entry]:
    rules = examine.decided_by(setting)
    kept: dict[str, Entry] = {}
    wanted: list[tuple[Submission, Entry | None]] = []
    for item in everything:
        entry = before.entries.get(item.path)
        if (
            entry is not None
            and examine.holds(entry, setting, rules)
            and entry.stat == known.stat_of(item)
        ):
            kept[item.path] = entry
        else:
            wanted.append((item, entry))
    order.progress(
        Sentence(
            f"{len(everything)} submissions, {len(wanted)} to look at",
            f"{len(everything)} 份提交，需查看 {len(wanted)} 份",
        )
    )
    work = functools.partial(examine.examined, setting=setting, rules=rules)
    with Pool(order.jobs if len(wanted) > _FEW else 1) as pool:
        for entry in pool.map(work, wanted):
            kept[entry.path] = entry
    return [kept[item.path] for item in everything]


def _sorted(entries: Sequence[Entry]) -> tuple[list[SiteCard], list[SiteRefused]]:
    """Cards, the newest first, and what is refused.

    All that would be shown is searched for the same card or log; what is refused anyway takes nobody else's place.
    """
    cards: list[SiteCard] = []
    refused: list[SiteRefused] = []
    sound = [item for item in entries if item.card is not None]
    near = replay.related([replay.Trace(item.path, item.payload, item.sample) for item in sound])
    for entry in entries:
        codes, why = tuple(entry.codes), entry.why
        others = near.get(entry.path, [])
        try:
            for mine in others:
                if mine.path == entry.path:
                    replay.compare(mine, others)
        except TrustError as error:
            codes = (error.code,)
            message = placed(
                error.message, joined([item.message for item in error.problems], "; ", "；")
            )
            why = Text(en=str(message), zh=message.zh)
        if entry.card is None or codes:
            refused.append(SiteRefused(path=entry.path, codes=codes, why=why.en, why_zh=why.zh))
        else:
            cards.append(entry.card)
    cards.sort(key=lambda card: card.id)
    cards.sort(key=lambda card: card.started_utc, reverse=True)
    return cards, refused


class _Writer:
    """Writes files whose makings changed, or that are gone.

    Attributes:
        now: what each file of this build was made of.
    """

    def __init__(self, out: Path, before: dict[str, str]) -> None:
        self._out, self._before = out, before
        self.now: dict[str, str] = {}

    def stale(self, name: str, made_of: object) -> bool:
        """Whether a file, or a folder of files, has to be written; notes what it is made of."""
        digest = hashlib.sha256(
            msgspec.msgpack.encode((pages.renderer_version(), made_of), enc_hook=english)
        ).hexdigest()
        self.now[name] = digest
        return self._before.get(name) != digest or not (self._out / name).exists()

    def write(self, name: str, data: bytes) -> None:
        """Write a file.

        Raises:
            UsageError: ``page-unwritable``.
        """
        write(self._out / name, data)


def write(path: Path, data: bytes) -> None:
    """Write a file, and the folders that it lies in.

    Raises:
        UsageError: ``page-unwritable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
    except OSError as cause:
        raise UsageError(
            "page-unwritable",
            unwritable(path, cause),
        ) from cause


@dataclass(frozen=True, slots=True)
class _Folder:
    """What the folder of one card is made of, in a form that travels to other processes.

    Attributes:
        history: name of the page of its kind; "" where it is the only card of it.
        whole: everything is written; else the card's page of the site alone, whose successor or first companion came or went.
    """

    submission: Submission
    card: SiteCard
    files: dict[str, str]
    history: str
    successor: str
    whole: bool


def _lay(
    site: Site,
    submissions: dict[str, Submission],
    entries: Iterable[Entry],
    order: Order,
    written: _Writer,
) -> None:
    """The folders of all cards: the signed things, and the page; and the history of each kind, which one more card changes alone."""
    files = {entry.path: entry.files for entry in entries}
    ids = {card.id for card in site.cards}
    kinds = histories.kinds(reversed(site.cards))
    of = {card.id: name for name, cards in kinds.items() for card in cards}
    rows = {
        card.id: hashlib.sha256(msgspec.msgpack.encode(card, enc_hook=english)).hexdigest()
        for card in site.cards
    }
    work = []
    for card in site.cards:
        successor = identity(card.ended.successor) if card.ended is not UNSET else ""
        history = of.get(card.id, "")
        mine, successor = files[card.path], successor if successor in ids else ""
        signed = [mine[BUNDLE_FILE], mine[PAGE_FILE], html.renderer_version(), rows[card.id]]
        shown = (rows[card.id], history, successor, order.base)
        whole = written.stale(f"{CARDS}/{card.id}/{BUNDLE_FILE}", signed)
        if written.stale(f"{CARDS}/{card.id}/index.html", shown) or whole:
            work.append(_Folder(submissions[card.path], card, mine, history, successor, whole))
    order.progress(
        Sentence(
            f"{len(site.cards)} cards, {len(work)} to write",
            f"{len(site.cards)} 张评分卡，需写出 {len(work)} 张",
        )
    )
    lay = functools.partial(_laid, out=order.out, base=order.base)
    with Pool(order.jobs if len(work) > _FEW else 1) as pool:
        for _ in pool.map(lay, work):
            pass
    histories.write(kinds, written.stale, written.write, rows)
    histories.sweep(order.out, kinds)


def _laid(folder: _Folder, *, out: Path, base: str) -> None:
    """Write the folder of one card.

    Raises:
        EvidenceError: ``submission-files``: a file is no longer the one that was checked.
    """
    place, card = out / CARDS / folder.card.id, folder.card
    write(place / "index.html", pages.card_page(card, folder.history, folder.successor, base))
    if not folder.whole:
        return
    bundle = _as_checked(folder, BUNDLE_FILE, MAX_BUNDLE_BYTES)
    page = _as_checked(folder, PAGE_FILE, MAX_PAGE_BYTES)
    document = examine.card_of(bundle)
    if renderer_of(page) != html.renderer_version():
        page = html.render(bundle, document, carried=extract_carried(page))
    write(place / BUNDLE_FILE, bundle)
    write(place / PAGE_FILE, page)
    write(place / "card.js", downloads.script("card", comparable(document, card)))
    write(place / "badge.svg", pages.badge(card))


def _as_checked(folder: _Folder, name: str, limit: int) -> bytes:
    submission = folder.submission
    data = read_plain(submission.folder / name, limit, below=submission.folder)
    if jsonio.sha256_hex(data) != folder.files[name]:
        message = Sentence(
            f"{submission.path}/{name} was changed while the site was made",
            f"{submission.path}/{name} 在生成站点时被更改",
        )
        raise EvidenceError(
            "submission-files", message, hint=Sentence("make the site again", "请重新生成站点")
        )
    return data


def _write(site: Site, order: Order, written: _Writer) -> None:
    """The files that show all cards."""
    files: dict[str, Callable[[], bytes]] = {
        MARK: lambda: downloads.script("index", downloads.columnar(site.cards)),
        "definitions.js": lambda: downloads.script("definitions", definitions()),
        "index.html": lambda: pages.index_page(
            site, parquet=order.parquet, fleets=len(order.fleets)
        ),
        "compare.html": pages.compare_page,
        "refused.html": lambda: pages.refused_page(site),
        "feed.atom": lambda: pages.feed(site, order.base),
        "cards.json": lambda: downloads.as_json(site),
        "cards.csv": lambda: downloads.as_csv(site),
    }
    if order.parquet:
        files["cards.parquet"] = lambda: downloads.as_parquet(site)
    files |= {
        name: functools.partial(jsonio.read_bytes, path) for name, path in pages.LIBRARY.items()
    }
    files |= fleets.files(order.fleets)
    stated = [item.digest() for item in order.fleets]
    decides = msgspec.msgpack.encode((site, order.base, order.parquet, stated), enc_hook=english)
    made_of = hashlib.sha256(decides).hexdigest()
    for name, make in files.items():
        if written.stale(name, made_of):
            written.write(name, make())


def _sweep(folder: Path, ids: set[str], mark: str) -> None:
    """Take away the folders of cards or fleets that are no more; what is no such folder, by its signed file, stays."""
    for place in folder.iterdir() if folder.is_dir() else ():
        if place.name not in ids and is_plain(place / mark) and not place.is_symlink():
            shutil.rmtree(place)
