"""Makes of pages that are read side by side in a repository pages of a site with a language switch.

In the repository a page names its other language in its third line, and links say ``metrics.zh.md``. On the site
the switch does the first, and the plugin takes the page of the reader's language by the plain name.
"""

from __future__ import annotations

import re

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


def on_page_markdown(markdown: str, **_: object) -> str:
    """Leave out the line with the other language, name the page of the same one, join Chinese lines outside of code."""
    markdown = OTHER_LANGUAGE.sub("", markdown, count=1)
    for link in (CHINESE_LINK, CHINESE_NAME):
        markdown = link.sub(r"\1.md", markdown)
    parts = CODE.split(markdown)
    return "".join(
        part if number % 2 else CHINESE_LINE_END.sub("", part) for number, part in enumerate(parts)
    )
