"""Entries of the navigation: a rail on the left, a bottom bar on the phone."""

from __future__ import annotations

from dataclasses import dataclass

from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation: path, name, letter of its shortcut after ``g``, and whether the page is within it."""

    path: str
    name: str
    letter: str
    is_here: bool
    is_on_phone: bool


def entries(reader: Reader, path: str) -> list[Entry]:
    """Return the upper entries of the navigation, for a page at ``path``."""
    places = [
        ("/", reader.gettext("Today"), "t", True),
        ("/services", reader.gettext("Services"), "s", True),
        ("/customers", reader.gettext("Customers"), "c", False),
        ("/suppliers", reader.gettext("Suppliers"), "u", False),
        ("/agreements", reader.gettext("Agreements"), "a", False),
        ("/tickets", reader.gettext("Tickets"), "i", True),
        ("/reviews", reader.gettext("Reviews"), "r", False),
    ]
    return [Entry(to, name, letter, _is_within(path, to), phone) for to, name, letter, phone in places]


def lower_entries(reader: Reader, path: str) -> list[Entry]:
    """Return the lower entries of the navigation, Connections and Settings, for a page at ``path``."""
    places = (
        ("/connections", reader.gettext("Connections"), "n", ("/connections",)),
        ("/settings", reader.gettext("Settings"), "e", ("/settings", "/sessions", "/invite")),
    )
    return [
        Entry(to, name, letter, any(_is_within(path, place) for place in within), False)
        for to, name, letter, within in places
    ]


def is_under_more(reader: Reader, path: str) -> bool:
    """Whether the phone's bottom bar marks "More" for a page at ``path``, because the bar has no entry for it."""
    places = [*entries(reader, path), *lower_entries(reader, path)]
    return path in ("/more", "/show-me") or any(each.is_here and not each.is_on_phone for each in places)


def _is_within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
