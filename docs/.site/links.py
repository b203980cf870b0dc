"""Makes of pages that are read side by side in a repository pages of a site with a language switch.

In the repository a page names its other language in its third line, and links say ``metrics.zh.md``. On the site
the switch does the first, and the plugin takes the page of the reader's language by the plain name. A link to a heading that
this page has not leads to the English one.
"""

from __future__ import annotations

import functools
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER_LANGUAGE = re.compile(
    r"^(?:English|中文)[^\n\[]*\[[^\]\n]*\]\([\w-]+(?:\.zh)?\.md\)\n\n", re.MULTILINE
)
CHINESE_LINK = re.compile(r"(?<=\]\()([\w./-]+)\.zh\.md(?=[)#])")
CHINESE_NAME = re.compile(r"(?<=\[)([\w./-]+)\.zh\.md(?=\])")
CHINESE_LINE_END = re.compile(
    r"(?<=[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef])\n *(?=[\[`\u4e00-\u9fff\uff00-\uffef])"
)
"""A line end between two Chinese characters, which a browser would show as a space."""
CODE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)
"""What stands as it is."""
LINK = re.compile(r'(?<= href=")([^":?#]*\.html|)#([^"]+)(?=")')
"""A link to a heading of this site."""
CARD = "scorecard.html"
"""A page that is published as it was signed."""


def on_page_markdown(markdown: str, **_: object) -> str:
    """Leave out the line with the other language, name the page of the same one, join Chinese lines outside of code."""
    markdown = OTHER_LANGUAGE.sub("", markdown, count=1)
    for link in (CHINESE_LINK, CHINESE_NAME):
        markdown = link.sub(r"\1.md", markdown)
    parts = CODE.split(markdown)
    return "".join(
        part if number % 2 else CHINESE_LINE_END.sub("", part) for number, part in enumerate(parts)
    )


def on_post_build(config: Mapping[str, str]) -> None:
    """Lead links to headings that only the English page has there, and refuse those that lead nowhere."""
    site = Path(config["site_dir"])

    @functools.cache
    def headings(page: Path) -> frozenset[str]:
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        return frozenset(re.findall(r'(?<= id=")[^"]+', text))

    nowhere = []
    for page in sorted(site.rglob("*.html")):
        if page.name == CARD:
            continue

        def led(link: re.Match[str], page: Path = page) -> str:
            target = page.parent.joinpath(link[1]).resolve() if link[1] else page.resolve()
            heading = html.unescape(unquote(link[2]))
            if heading in headings(target) or heading.startswith("__"):
                return link[0]
            inner = target.relative_to(site.resolve())
            english = site.resolve().joinpath(*inner.parts[inner.parts[0] == "zh" :])
            if heading in headings(english):
                return f"{'../' * len(page.relative_to(site).parts[:-1])}{english.relative_to(site.resolve())}#{link[2]}"
            nowhere.append(f"{page.relative_to(site)}: {link[0]}")
            return link[0]

        text = page.read_text(encoding="utf-8")
        if (changed := LINK.sub(led, text)) != text:
            page.write_text(changed, encoding="utf-8")
    if nowhere:
        raise SystemExit("links to headings that are not there: " + "; ".join(nowhere))
