"""The stories of the page "Show me": whom to sign in as, which page of the console to open, and what to see there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slm.demo.alder.script import history, tickets
from slm.demo.alder.script.timeline import Timeline


@dataclass(frozen=True)
class Story:
    """One story. Names in braces in ``path`` are replaced by ids, once the records that they name exist."""

    key: str
    title: str
    person: str
    """Key of the person to sign in as."""
    path: str
    shows: str

    def place(self, places: Mapping[str, str]) -> str | None:
        """Return the path of the console's page, with ids from ``places`` (name → id); None while an id is missing."""
        try:
            return self.path.format_map(places)
        except KeyError:
            return None


def stories(timeline: Timeline) -> list[Story]:
    """Return every story. Stories in which somebody must act now come first."""
    return [*_of_now(), *_of_past(timeline), *_of_negotiation()]


def _of_now() -> list[Story]:
    urgent = f"INC-{tickets.URGENT_NUMBER}"
    return [
        Story(
            "outage",
            "Mail goes down while you look",
            "ada",
            "/",
            "A minute and a half after your first look the mail platform of Greyline Cloud goes down. A minute later "
            "its contract and two customers' agreements are breached: one outage, many agreements.",
        ),
        Story(
            "at-risk",
            "Two minutes left",
            "noor",
            "/targets/{checkout-availability}",
            "Checkout was away for all but two minutes of what this month allows. The plan says who does what.",
        ),
        Story(
            "ticket",
            f"{urgent} has 41 minutes left",
            "noor",
            f"/tickets/{tickets.SOURCE}/{{urgent}}",
            "Card terminals are offline. Of four hours 41 minutes were left at the start of the demonstration.",
        ),
        Story(
            "silent",
            "A source fell silent",
            "noor",
            "/targets/{results-portal-pages}",
            "The results portal has sent nothing for four and a half hours: nobody knows whether it works.",
        ),
    ]


def _of_past(timeline: Timeline) -> list[Story]:
    breach, maintained = timeline.month(history.BREACH_BACK), timeline.month(history.MAINTENANCE_BACK)
    mail, cut = timeline.month(history.MAIL_BACK), timeline.month(history.CUT_BACK)
    return [
        Story(
            "breach",
            f"{breach.name}: checkout was away too long",
            "iris",
            "/breaches/{breach}",
            "Payments failed for 52 minutes, a release for 19. How it is worked out, down to each outage.",
        ),
        Story(
            "maintenance",
            f"{maintained.name}: an hour that the customer approved",
            "carl",
            "/breaches/{withdrawn}",
            "70 minutes were a breach until the shop approved an hour of maintenance. The breach is withdrawn, and "
            "both are kept.",
        ),
        Story(
            "waiting",
            f"{cut.name}: may a cut line count?",
            "henry",
            "/maintenance/{waiting}",
            "Road works cut a line. Alder asks the bank not to count that time; the bank has not answered yet.",
        ),
        Story(
            "one-outage",
            f"{mail.name}: one outage, four agreements",
            "ada",
            "/causes/{cause}",
            "Four hours without mail broke the agreements of three customers and the contract beneath them.",
        ),
        Story(
            "unhappy",
            "Green, but people are unhappy",
            "carl",
            "/targets/{service-desk-stars}",
            "The desk keeps its promises, and its stars have fallen for three months.",
        ),
    ]


def _of_negotiation() -> list[Story]:
    return [
        Story(
            "draft",
            "The draft that would have failed seven months",
            "ada",
            "/agreements/{checkout-next-year}",
            "The shop wants 99.99 %. Tried on what was measured, seven of the last twelve months would have missed it.",
        ),
        Story(
            "countered",
            "One change to answer",
            "ada",
            "/agreements/{card-terminals}",
            "The bank wants card terminals back within four hours where Alder proposed eight.",
        ),
        Story(
            "signature",
            "One signature is missing",
            "rosa",
            "/agreements/{election-night}",
            "Both sides agreed on election night, and Alder has signed. Rosa Tanner has not.",
        ),
    ]
