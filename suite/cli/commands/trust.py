"""``suite trust``: keep the reviewers' trust list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suite.base.bilingual import Sentence
from suite.base.visible import say
from suite.cli.command import Group, Names, command, described
from suite.cli.options import FILE, json_option

if TYPE_CHECKING:
    from pathlib import Path

ROLES = ("vendor", "lab", "reviewer")


def _trust() -> None:
    """Keep the trust list: add, revoke, list and check keys.

    Entries are ended or revoked, never deleted.
    """


trust = Group(
    name="trust", no_args_is_help=False, **described(_trust, "suite trust list trust/keys.json")
)


@command("suite trust add trust/keys.json acme --role vendor --key acme.pub.pem", within=trust)
@click.argument("file", type=FILE)
@click.argument("owner")
@click.option("--role", type=Names(ROLES), required=True, help="what its signatures may say")
@click.option("--key", type=FILE, required=True, metavar="FILE", help="public key in PEM")
@click.option(
    "--signs-for", multiple=True, metavar="VENDOR", help="of a lab: for whom; may be repeated"
)
@click.option("--from", "start", metavar="TIME", help="the key counts from, 2026-01-31T00:00:00Z")
@click.option("--until", "end", metavar="TIME", help="the key counts until")
@click.option("--note", metavar="TEXT", help="for people")
def add(
    file: Path,
    owner: str,
    *,
    role: str,
    key: Path,
    signs_for: tuple[str, ...],
    start: str | None,
    end: str | None,
    note: str | None,
) -> int:
    """Add a key to a trust list, which is made where there is none."""
    from suite.cli import trusting

    say(trusting.add(file, owner, role, key, signs_for=signs_for, window=(start, end), note=note))
    return 0


@command("suite trust revoke trust/keys.json KEYID --reason 'key lost'", within=trust)
@click.argument("file", type=FILE)
@click.argument("key_id", metavar="KEYID")
@click.option("--reason", required=True, metavar="TEXT", help="why, for people")
@click.option("--at", metavar="TIME", help="since when (default: now)")
def revoke(file: Path, key_id: str, reason: str, at: str | None) -> int:
    """Revoke a key: what is not proven to be older counts no more.

    KEYID is what `suite trust list` shows, or its beginning.
    """
    from suite.cli import trusting

    say(trusting.revoke(file, key_id, reason, at))
    return 0


@command("suite trust list trust/keys.json", within=trust)
@click.argument("file", type=FILE)
@json_option("the list")
def list(file: Path, *, as_json: bool) -> int:  # noqa: A001 - the command's name
    """List the keys: whose, for what, and when they count."""
    from suite.cli import trusting
    from suite.cli.output import write_json, write_table

    rows = trusting.rows(file)
    if as_json:
        write_json(rows)
    else:
        write_table(
            (
                Sentence("owner", "所有者"),
                Sentence("role", "角色"),
                Sentence("signs for", "代签厂商"),
                Sentence("counts", "有效期"),
                Sentence("key id", "密钥编号"),
            ),
            [tuple(row.values()) for row in rows],
        )
    return 0


@command("suite trust check trust/keys.json", within=trust)
@click.argument("file", type=FILE)
def check(file: Path) -> int:
    """Check a trust list: form, keys, windows, roles."""
    from suite.judge.attest.trust import load

    listed = load(file)
    say(
        Sentence(
            f"{file}: {len(listed.keys)} keys, {len(listed.authorities)} time-stamping authorities",
            f"{file}：{len(listed.keys)} 个密钥，{len(listed.authorities)} 个时间戳机构",
        )
    )
    say(f"SHA-256 {listed.sha256}")
    return 0
