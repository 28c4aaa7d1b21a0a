"""View model of the demonstration's page "Show me": its stories and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm_console.views.reader import Reader


def page(reader: Reader, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of the page's template, made from the demonstration's answer ``told``.

    They are the stories, each with its person; the people by company; and how far the demonstration's history is
    loaded.
    """
    people = list(told["people"])
    names = {each["key"]: each for each in people}
    companies: dict[str, list[Mapping[str, Any]]] = {}
    for each in people:
        companies.setdefault(f"{each['company']}, {each['company_is']}", []).append(each)
    return {
        "stories": [{**each, "who": names[each["person"]]} for each in told["stories"]],
        "companies": companies,
        "notice": history_in_words(reader, told["progress"]),
        "is_playing": bool(told["progress"]["is_playing"]),
    }


def history_in_words(reader: Reader, progress: Mapping[str, Any]) -> str:
    """Return how far the demonstration's history is loaded, in words; empty once it is complete."""
    if progress["step"] == "complete":
        return ""
    if progress["step"] == "history" and progress["facts"]:
        share = 100 * int(progress["sent"]) // int(progress["facts"])
        return reader.gettext("The history still comes in: %(share)s %% of it is here.") % {"share": share}
    if progress["step"] in ("starting", "signing"):
        return reader.gettext("The agreements are being signed; the history comes after that.")
    return reader.gettext("The history is here and is being judged. Figures of past months come in a moment.")
