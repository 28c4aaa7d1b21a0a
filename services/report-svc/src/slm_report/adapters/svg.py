"""SVG elements, built as a tree so that any text in them is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

INK, MUTED = "var(--text, #1b1c1a)", "var(--second, #5c5e59)"
LINE, PAPER = "var(--rule, #e3e3df)", "var(--page, #fbfbfa)"
GOOD, BAD = "var(--second, #5c5e59)", "var(--breached, #b3261e)"
WARN, ACCENT = "var(--at-risk, #8f5a00)", "var(--accent, #3b4cca)"
GOOD_TINT, BAD_TINT = "var(--rule, #e3e3df)", "var(--bad-tint, #fae6e4)"
"""Colours of the page that shows the picture, light or dark. A picture shown without the page has the light colours."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The horizontal measures of a chart, in pixels. The wide layout draws a row's plot beside the row's name; the
    narrow one, for phones, draws it below the name.
    """

    width: int
    plot_x: int
    plot_width: int
    drop: int
    """Distance of a row's plot below the row's name; 0 if the plot is beside the name."""

    def at(self, share: float) -> float:
        """Return the horizontal position of a share: 0 and less is the plot's left end, 1 and more its right end."""
        return self.plot_x + max(0.0, min(1.0, share)) * self.plot_width


def new_drawing(width: int, height: int, title: str, description: str) -> Element:
    """Return an empty picture with a title, and a description for those who cannot see it."""
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "font-family": "inherit",
            "font-size": "13",
        },
    )
    SubElement(root, "title").text = title
    SubElement(root, "desc").text = description
    return root


def add_element(parent: Element, tag: str, hint: str = "", **attributes: str | float) -> Element:
    """Add an element to its parent and return it. ``_`` in attribute names becomes ``-``; ``hint`` is shown as a
    tooltip.
    """
    named = {name.replace("_", "-"): _written(value) for name, value in attributes.items()}
    element = SubElement(parent, tag, named)
    if hint:
        SubElement(element, "title").text = hint
    return element


def add_label(parent: Element, x: float, y: float, text: str, *, longest: int = 200, **attributes: str | float) -> None:
    """Add a line of text, cut at ``longest`` characters. The whole text is shown as its tooltip."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    attributes.setdefault("fill", INK)
    element = add_element(parent, "text", "", x=x, y=y, **attributes)
    element.text = shown
    if shown != text:
        SubElement(element, "title").text = text


def to_markup(root: Element) -> Markup:
    """Return the picture as text that a template inserts unescaped."""
    return Markup(tostring(root, encoding="unicode"))


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
