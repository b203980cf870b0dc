"""What `suite submit` and `suite check` share: what a reviewer knows, read from options."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Sentence
from suite.base.errors import EvidenceError, Place, TrustError, UsageError
from suite.base.language import language
from suite.base.visible import visible
from suite.cli import judging
from suite.cli.output import labelled, write_bytes, write_note
from suite.cli.trustoptions import Trusted
from suite.evidence import require_run
from suite.judge.attest.sign import PUBLIC_KEY_FILE
from suite.judge.submissions import folders, source, stores, tree, waivers
from suite.judge.submissions.artifact import artifacts
from suite.judge.submissions.check import Setting
from suite.judge.submissions.formats import markdown
from suite.judge.submissions.pack import MAX_PACKED_BYTES
from suite.judge.submissions.pull import pull
from suite.judge.submissions.source import Elsewhere
from suite.judge.submissions.stated import refuse_emulated
from suite.judge.submissions.submit import lay_out, put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from suite.documents.submission import Waiver
    from suite.judge.submissions.artifact import Artifact
    from suite.judge.submissions.pull import Pulled
    from suite.judge.submissions.stores import Layout, Registry
    from suite.judge.submissions.submit import Handed


def today() -> str:
    """The day, UTC, by which waivers expire."""
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"


def known_waivers(given: Path | None, place: Path) -> tuple[Waiver, ...]:
    """The waivers of a file that was named, else of the tree.

    Raises:
        TrustError: what the file is refused for.
    """
    path = given or place / folders.WAIVERS_FILE
    return waivers.load(path) if given or path.exists() else ()


def submitted(run: Path, place: Path, store: str | None, locations: tuple[str, ...]) -> int:
    """Lay a run out, check it, and print the text of the pull request; returns the exit status.

    Raises:
        SuiteError: as the verification of the run, and `suite.judge.submissions.submit.lay_out`.
    """
    require_run(run)
    key = run / PUBLIC_KEY_FILE
    if not key.is_file():
        message = Sentence(
            "the run directory holds no public key: it was not signed by this suite",
            "运行目录中没有公钥：并非由此套件签名",
        )
        hint = Sentence("sign it: suite sign RUN", "请签名：suite sign RUN")
        raise EvidenceError("bundle-missing", message, Place(str(run)), hint)
    bad = [item for item in locations if not item.startswith(("https://", "oci://"))]
    if bad:
        message = Sentence(
            f"--at takes an https:// or oci:// address, not {bad[0]!r}",
            f"--at 需要 https:// 或 oci:// 地址，而不是 {bad[0]!r}",
        )
        raise UsageError("url-malformed", message)
    verified = judging.verified(run, Trusted(key=key)).verified
    refuse_emulated(verified.card)
    place = place.absolute()
    handed = lay_out(
        run,
        verified.card,
        place,
        store=stores.parse(store) if store else None,
        locations=locations,
    )
    pem = jsonio.read_bytes(key, error=TrustError)
    setting = Setting(
        key=pem,
        today=today(),
        elsewhere=Elsewhere(handed.store),
        waivers=known_waivers(None, place),
    )
    report = tree.check_tree([handed.submission.folder], setting)
    write_note(_summary(handed))
    write_bytes(visible(markdown.render(report, language()).decode()).encode())
    return tree.exit_status(report)


def pushed(paths: Sequence[Path], place: str, elsewhere: Elsewhere) -> int:
    """Put the submissions at or below some paths into a layout or registry; returns how many.

    Raises:
        UsageError: ``evidence-store-wrong``, ``tree-missing``, ``trees-differ``, ``submissions-none``.
        SuiteError: as `suite.judge.submissions.submit.put`, and of evidence that is not at hand.
    """
    store = _oci(place)
    if (
        elsewhere.store is None
    ):  # where `suite submit --store` brought the evidence, the rest may follow it
        elsewhere = replace(elsewhere, store=store)
    packages = tree.within(paths)

    def made() -> Iterator[Artifact]:
        for item in packages:
            names = (item.vendor, item.round, item.run)
            with source.beside(item.folder, elsewhere) as pack:
                yield from artifacts(item.folder, names, pack, folders.statements(item))

    put(store, made())
    return len(packages)


def pulled(place: str, tag: str, below: Path) -> Iterator[Pulled]:
    """Take submissions out of a layout or registry, as `suite.judge.submissions.pull.pull`.

    Raises:
        UsageError: ``evidence-store-wrong``, ``usage-wrong``.
    """
    if tag and not folders.is_name(tag):
        raise UsageError("usage-wrong", Sentence(f"{tag!r} can be no tag", f"{tag!r} 不能作为标签"))
    return pull(_oci(place), tag, below.absolute())


def _oci(place: str) -> Layout | Registry:
    store = stores.parse(place)
    if isinstance(store, stores.Directory):
        message = Sentence(
            f"{place!r} is no place for artifacts", f"{place!r} 不是可存放制品的位置"
        )
        hint = Sentence(
            "oci-layout:DIR or oci://HOST/REPOSITORY", "oci-layout:DIR 或 oci://HOST/REPOSITORY"
        )
        raise UsageError("evidence-store-wrong", message, hint=hint)
    return store


def _summary(handed: Handed) -> Sentence:
    packed = handed.packed
    limit = f"{MAX_PACKED_BYTES / 2**20:.0f} MiB"
    size = Sentence(
        f"{handed.size:,} bytes (at most {limit} of evidence); evidence {packed.content:,} bytes, packed {packed.size:,}",
        f"{handed.size:,} 字节（证据至多 {limit}）；证据 {packed.content:,} 字节，压缩后 {packed.size:,}",
    )
    if handed.store:
        size += Sentence(f"; the evidence lies in {handed.store}", f"；证据位于 {handed.store}")
    rows = [
        (Sentence("submission", "提交"), str(handed.submission.folder)),
        (Sentence("size", "大小"), size),
    ]
    return labelled(rows) + Sentence(
        "\ntext of the pull request, checked without the reviewers' trust list:",
        "\n合并请求的文本（未用评审方的信任列表核对）：",
    )
