"""``suite profiles``: which loads there are."""

from __future__ import annotations

from suite.base.bilingual import Sentence
from suite.cli.command import command
from suite.cli.options import json_option


@command("suite profiles")
@json_option("the list")
def profiles(*, as_json: bool) -> int:
    """List every shipped profile with its division and what it is for."""
    from suite.cli.output import write_json, write_table
    from suite.declare.profiles.load import load_profile, profile_names
    from suite.declare.profiles.purposes import purpose

    docs = [load_profile(name).doc for name in profile_names()]
    if as_json:
        write_json(
            [{"name": doc.name, "division": doc.division, "purpose": doc.purpose} for doc in docs]
        )
        return 0
    write_table(
        (
            Sentence("profile", "配置"),
            Sentence("division", "赛道"),
            Sentence("purpose", "用途"),
        ),
        [(doc.name, doc.division, purpose(doc)) for doc in docs],
    )
    return 0
