"""Makes of pages that are read side by side in a repository pages of a site with a language switch.

In the repository a page names its other language in its third line, and links say ``metrics.zh.md``. On the site
the switch does the first, and the plugin finds the page of the reader's language by the plain name.
"""

from __future__ import annotations

import re

OTHER_LANGUAGE = re.compile(
    r"^(?:English|中文)[^\n\[]*\[[^\]\n]*\]\([\w-]+(?:\.zh)?\.md\)\n\n", re.MULTILINE
)
CHINESE_LINK = re.compile(r"\[([\w./-]+?)(?:\.zh)?\.md\]\(([\w./-]+?)\.zh\.md(#[\w-]+)?\)")


def on_page_markdown(markdown: str, **_: object) -> str:
    """Leave out the line with the other language, and name the page of the same language."""
    markdown = OTHER_LANGUAGE.sub("", markdown, count=1)
    markdown = CHINESE_LINK.sub(
        lambda link: f"[{link[1]}.md]({link[2]}.md{link[3] or ''})", markdown
    )
    return re.sub(r"\]\(([\w./-]+)\.zh\.md(#[\w-]+)?\)", r"](\1.md\2)", markdown)
