"""The palette: texts and borders have contrast enough, and the fills of states differ for colour-blind people."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import pytest

CSS = (files("slm_console") / "static" / "console.css").read_text(encoding="utf-8")
TEXTS = ("text", "second", "faint", "accent", "breached", "at-risk", "met", "not-counted")
Colour = tuple[float, float, float]


def palette(theme: str) -> dict[str, Colour]:
    """The colours of a theme by their names."""
    start = CSS.index(":root{") if theme == "light" else CSS.index("[data-theme=dark]{")
    block = CSS[start : CSS.index("}", start)]
    found = re.findall(r"--([a-z-]+): *(#[0-9a-fA-F]{3,6})\b", block)
    return {name: rgb(value) for name, value in found}


def rgb(text: str) -> Colour:
    digits = text[1:] if len(text) == 7 else "".join(each * 2 for each in text[1:])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def linear(colour: Colour) -> Colour:
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour)
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2: (L1 + 0.05) ÷ (L2 + 0.05)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


SIMULATIONS = {
    # Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


def simulated(colour: Colour, kind: str) -> Colour:
    red, green, blue = linear(colour)
    mixed = [a * red + b * green + c * blue for a, b, c in SIMULATIONS[kind]]
    x, y, z = (min(1.0, max(0.0, each)) for each in mixed)
    return x, y, z


def lab(colour: Colour) -> Colour:
    """CIE L*a*b* (D65) of a linear colour."""
    red, green, blue = colour
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Colour, other: Colour) -> float:
    """CIE76 ΔE of two linear colours."""
    return float(sum((a - b) ** 2 for a, b in zip(lab(one), lab(other), strict=True)) ** 0.5)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_is_readable_on_every_ground(theme: str) -> None:
    colours = palette(theme)
    low = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text in TEXTS
        for ground in ("page", "surface", "sunken", "hover")
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert low == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_borders_of_controls_and_focus_can_be_seen(theme: str) -> None:
    colours = palette(theme)
    for name in ("control", "accent"):
        assert min(contrast(colours[name], colours[ground]) for ground in ("page", "surface")) >= 3, name


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", sorted(SIMULATIONS))
def test_fills_of_states_differ_for_colour_blind_people(theme: str, kind: str) -> None:
    colours = palette(theme)
    fills = {name: simulated(colours[f"fill-{name}"], kind) for name in ("met", "at-risk", "breached")}
    apart = {(a, b): round(difference(fills[a], fills[b]), 1) for a, b in combinations(fills, 2)}
    assert all(each >= 25 for each in apart.values()), apart


def test_what_the_pointer_is_on_is_lighter_than_the_page_in_the_dark() -> None:
    colours = palette("dark")
    assert luminance(colours["hover"]) > luminance(colours["page"])
