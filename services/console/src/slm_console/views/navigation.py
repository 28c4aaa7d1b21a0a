"""Entries of the navigation: a rail on the left, a bottom bar on the phone."""

from __future__ import annotations

from dataclasses import dataclass

from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the navigation. The keys ``g`` and ``letter`` open it; ``is_here``: the shown page belongs to it."""

    path: str
    name: str
    letter: str
    is_here: bool
    is_on_phone: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """The facts that decide which places the navigation offers: the reader's roles, and what their company is.

    ``is_provider`` and ``is_customer`` say whether the company provides or receives any service.

    Pages that the navigation does not offer can still be opened by their address; the API decides what they show.
    """

    roles: frozenset[str] = frozenset()
    is_provider: bool = True
    is_customer: bool = True
    is_known: bool = False
    """Whether the API has said who the reader is; until then every place is offered."""

    @property
    def only_receives(self) -> bool:
        """Whether the reader's company only receives services: it provides none to anybody."""
        return self.is_known and self.is_customer and not self.is_provider

    @property
    def connects(self) -> bool:
        """Whether the reader may connect tools, or read how they are connected.

        A company that only receives services measures nothing unless somebody is made its integrator.
        """
        if not self.is_known or self.roles & {"integrator", "operator"}:
            return True
        return bool(self.roles & {"service_level_manager", "auditor"}) and not self.only_receives


EVERYWHERE = Reach()


def entries(reader: Reader, path: str, reach: Reach = EVERYWHERE) -> list[Entry]:
    """Return the upper entries of the navigation that ``reach`` allows: all but Connections and Settings. The entry to
    which the page at ``path`` belongs is marked.
    """
    places = [
        ("/", reader.gettext("Today"), "t", True, True),
        ("/services", reader.gettext("Services"), "s", True, True),
        ("/customers", reader.gettext("Customers"), "c", False, reach.is_provider),
        ("/suppliers", reader.gettext("Suppliers"), "u", False, reach.is_customer),
        ("/agreements", reader.gettext("Agreements"), "a", False, True),
        ("/tickets", reader.gettext("Tickets"), "i", True, True),
        ("/reviews", reader.gettext("Reviews"), "r", False, True),
    ]
    return [
        Entry(to, name, letter, _is_within(path, to), phone)
        for to, name, letter, phone, is_offered in places
        if is_offered
    ]


def lower_entries(reader: Reader, path: str, reach: Reach = EVERYWHERE) -> list[Entry]:
    """Return the lower entries of the navigation, Connections and Settings, for a page at ``path``."""
    places = (
        ("/connections", reader.gettext("Connections"), "n", ("/connections",), reach.connects),
        ("/settings", reader.gettext("Settings"), "e", ("/settings", "/sessions", "/invite"), True),
    )
    return [
        Entry(to, name, letter, any(_is_within(path, place) for place in within), False)
        for to, name, letter, within, is_offered in places
        if is_offered
    ]


def is_under_more(reader: Reader, path: str) -> bool:
    """Whether the phone's bottom bar marks "More" for a page at ``path``, because the bar has no entry for it."""
    places = [*entries(reader, path), *lower_entries(reader, path)]
    return path in ("/more", "/show-me") or any(each.is_here and not each.is_on_phone for each in places)


def _is_within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
