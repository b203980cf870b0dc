"""The pieces of a picture: text, lines, the frame. Classes only; the page's policy allows no style attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 420, 196
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 14, 34


def text(x: float, y: float, words: str, css: str, anchor: str = "middle") -> Markup:
    """Words at a place."""
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>').format(
        x, y, anchor, css, words
    )


def both(x: float, y: float, words: tuple[str, str], css: str, anchor: str = "middle") -> Markup:
    """Words at a place in English and Chinese; the style sheet shows one of them."""
    english, chinese = words
    if english == chinese:
        return text(x, y, english, css, anchor)
    return text(x, y, english, f"{css} en", anchor) + text(x, y, chinese, f"{css} zh", anchor)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """A straight line."""
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(
        x1, y1, x2, y2, css
    )


def stretch(x1: float, x2: float, css: str) -> Markup:
    """A band over the whole height of a plot, at least one unit wide."""
    return Markup('<rect x="{:.1f}" y="{}" width="{:.1f}" height="{}" class="{}"/>').format(
        x1, TOP, max(1.0, x2 - x1), HEIGHT - BOTTOM - TOP, css
    )


def frame(parts: Sequence[Markup]) -> Markup:
    """A picture; the figure around it gives it its name."""
    return Markup('<svg viewBox="0 0 {} {}" class="plot" aria-hidden="true">{}</svg>').format(
        WIDTH, HEIGHT, Markup("").join(parts)
    )
