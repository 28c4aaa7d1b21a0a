"""The words of a mail: subject, plain text and HTML. A mail has one notice, several of one cause, or a daily digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from zoneinfo import ZoneInfo

from slm_chassis.mail_words import one_line
from slm_notification.domain.notices import FINDINGS, Kind

MOST_SHOWN = 20
"""The most notices that a mail lists. Of further notices, the mail says only how many there are."""
_MARKS: dict[Kind, str] = {"breach": "■", "risk": "▲", "recovered": "✓"}
_WORDS: dict[Kind, str] = {"breach": "breached", "risk": "at risk", "recovered": "recovered or withdrawn"}
_STYLE = "font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:40em"
_READ_HERE = "You have no account? Read it here, for 30 days, with a code that is sent to this address:"
_INSTANT_LENGTHS = (20, 27)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailItem:
    """A notice in a mail, with the title of its agreement and the web address of the page that shows more."""

    kind: Kind
    headline: str
    lines: Sequence[tuple[str, str]]
    agreement: str | None
    url: str
    reading_url: str | None = None
    """Where a reader who cannot log in reads the agreement; None: the reader can, or nothing is there to read."""


@dataclass(frozen=True, slots=True)
class MailWords:
    """The words of a mail."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MailFrame:
    """The data that all mails to one person share: the person's name and time zone, and the address of the console."""

    name: str
    time_zone: str
    console_url: str


def words_of(told: Sequence[MailItem], count: int, frame: MailFrame, *, is_digest: bool, page: str | None) -> MailWords:
    """Return the words of a mail about ``count`` notices. The mail lists only the notices in ``told``.

    ``page`` is the web address of a page about all the notices; None if there is no such page.
    """
    # Two warnings about one target read alike: the mail lists them once.
    alike: dict[tuple[str, str | None, str], MailItem] = {}
    for each in told:
        alike.setdefault((each.headline, each.agreement, each.url), each)
    count -= len(told) - len(alike)
    told = list(alike.values())
    if count == 1 and not is_digest:
        return _single(told[0], frame)
    return _several(told, count, frame, is_digest=is_digest, page=page)


def _single(told: MailItem, frame: MailFrame) -> MailWords:
    headline = _marked(told)
    lines = [f"{label}: {_value(text, frame.time_zone)}" for label, text in _labelled(told)]
    reading = [] if told.reading_url is None else [_READ_HERE, told.reading_url, ""]
    text = "\n".join([headline, "", *lines, "", told.url, "", *reading, foot_of(frame)])
    rows = "".join(
        f"<tr><td style='padding-right:1em;color:#555'>{escape(label)}</td><td>{_cell(text, frame.time_zone)}</td></tr>"
        for label, text in _labelled(told)
    )
    html = (
        f"<h1 style='font-size:1.2em'>{escape(headline)}</h1><table>{rows}</table>"
        f"<p><a href='{escape(told.url)}'>Open</a></p>{_reading_link(told)}"
    )
    about = f" – {one_line(told.agreement)}" if told.agreement and told.agreement not in told.headline else ""
    return MailWords(one_line(f"{headline}{about}"), text, page_of(html, frame))


def _several(told: Sequence[MailItem], count: int, frame: MailFrame, *, is_digest: bool, page: str | None) -> MailWords:
    kind = told[0].kind
    if is_digest:
        subject = f"Your day: {count} {'thing' if count == 1 else 'things'} to know"
    else:
        word = _WORDS.get(kind, "things to know")
        subject = f"{_MARKS.get(kind, '')} {count} {word}: {one_line(told[0].headline.partition(': ')[2])} and others"
    more = count - len(told)
    rows, items = [], []
    for each in told:
        about = f" ({one_line(each.agreement)})" if each.agreement else ""
        rows += [f"{_marked(each)}{about}", f"  {each.url}"]
        if each.reading_url is not None:
            rows.append(f"  {_READ_HERE} {each.reading_url}")
        link = f"<a href='{escape(each.url)}'>{escape(_marked(each))}</a>"
        items.append(f"<li>{link}{escape(about)}{_reading_link(each)}</li>")
    if more > 0:
        rows.append(f"… and {more} more.")
        items.append(f"<li>… and {more} more.</li>")
    together = [] if is_digest else ["They have the same cause and come as one mail."]
    opening = [] if page is None else ["", f"All of it on one page: {page}"]
    text = "\n".join([subject.strip(), *together, *opening, "", *rows, "", foot_of(frame)])
    link = "" if page is None else f"<p><a href='{escape(page)}'>All of it on one page</a></p>"
    said = "".join(f"<p>{escape(each)}</p>" for each in together)
    html = f"<h1 style='font-size:1.2em'>{escape(subject.strip())}</h1>{said}{link}<ul>{''.join(items)}</ul>"
    return MailWords(one_line(subject), text, page_of(html, frame))


def _reading_link(told: MailItem) -> str:
    if told.reading_url is None:
        return ""
    return f"<p><a href='{escape(told.reading_url)}'>{escape(_READ_HERE.rstrip(':'))}</a></p>"


def _marked(told: MailItem) -> str:
    mark = _MARKS.get(told.kind, "") if told.kind in FINDINGS else ""
    return one_line(f"{mark} {told.headline}")


def _labelled(told: MailItem) -> list[tuple[str, str]]:
    of = [("Agreement", told.agreement)] if told.agreement and told.agreement not in told.headline else []
    return [(label, text) for label, text in (*of, *told.lines) if text]


def _value(text: str, time_zone: str) -> str:
    return _local(text, time_zone) or one_line(text)


def _cell(text: str, time_zone: str) -> str:
    return escape(_value(text, time_zone))


def _local(text: str, time_zone: str) -> str | None:
    """Return an instant as a person in this time zone writes it; None if the text is no instant."""
    if len(text) not in _INSTANT_LENGTHS or not text.endswith("Z"):
        return None
    try:
        at = datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone))
    except ValueError:
        return None
    return f"{at:%d %b %Y, %H:%M} ({time_zone})"


def foot_of(frame: MailFrame) -> str:
    """Return the last line of every mail."""
    return f"To {one_line(frame.name)}. What you hear of is yours to choose: {frame.console_url}/settings/mails"


def page_of(html: str, frame: MailFrame) -> str:
    """Return the HTML page of a mail with the content ``html``."""
    foot = f"<p style='color:#555;font-size:.9em'>{escape(foot_of(frame))}</p>"
    return f"<!doctype html><html lang='en'><body style='{_STYLE}'>{html}{foot}</body></html>"
