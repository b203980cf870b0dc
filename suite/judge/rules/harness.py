"""Who measured: the suite itself, of a known commit or a known release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from suite.base import harness
from suite.base.bilingual import Bilingual, Sentence
from suite.declare.known import release_of
from suite.documents.document import given
from suite.documents.plan import UNKNOWN
from suite.judge.rules.rule import Finding, passed, plan_rule, warned

if TYPE_CHECKING:
    from suite.documents.plan import Plan

DIRTY: Final = "+dirty"
"""Ends the commit of a checkout whose files were changed."""


@plan_rule(
    "R076",
    title=Bilingual("The suite itself is known", "测量所用套件可知"),
    asks=Bilingual(
        "The suite that measured is of a commit without changes; an installed one has the files of a release: this "
        "very one, or one that the reviewers list (`trust/releases.json`).",
        "测量所用套件来自未经改动的提交；若为安装包，其文件须与某一发布版一致：即当前这一版，"
        "或评审方所列者（`trust/releases.json`）。",
    ),
    reason=Bilingual(
        "A changed load client can measure what it likes.",
        "被改动的负载客户端可以任意测量。",
    ),
    limits="open",
)
def known_suite(plan: Plan) -> Finding:
    """The suite that measured is known by its commit or its files."""
    suite = plan.suite
    files = given(suite.files_sha256)
    if suite.commit.endswith(DIRTY):
        return warned(
            Sentence(
                f"measured by a suite with uncommitted changes: {suite.commit}",
                f"测量所用套件含未提交的改动：{suite.commit}",
            )
        )
    if files is None:
        return warned(
            Sentence("the digest of the suite's own files was not kept", "未保留套件自身文件的摘要")
        )
    if suite.commit != UNKNOWN:
        return passed(
            Sentence(
                f"suite {suite.version}, commit {suite.commit[:12]}, files {files[:12]}",
                f"套件 {suite.version}，提交 {suite.commit[:12]}，文件 {files[:12]}",
            )
        )
    if files == harness.files_sha256() or release_of(suite) is not None:
        return passed(
            Sentence(
                f"suite {suite.version}, installed, with the files of the release: {files[:12]}",
                f"套件 {suite.version}，为安装包，其文件与发布版一致：{files[:12]}",
            )
        )
    return warned(
        Sentence(
            f"the suite that measured is of no known commit, and its files ({files[:12]}) are of no known release",
            f"测量所用套件不属于任何已知提交，其文件（{files[:12]}）也不属于任何已知发布版",
        )
    )
