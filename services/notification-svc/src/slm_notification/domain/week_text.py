"""The words of a Monday mail, as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from slm_chassis.mail_words import one_line
from slm_notification.domain.mail_text import MailFrame, MailWords, foot_of, page_of

_LABEL = "padding-right:1em;color:#555;vertical-align:top;white-space:nowrap"


def words_of_week(content: Mapping[str, Any], frame: MailFrame) -> MailWords:
    """Return the words of a Monday mail. ``content`` is the stored content of the mail."""
    rows: list[str] = []
    html: list[str] = []
    for section in content["sections"]:
        outcome = f" – {section['outcome']}" if section["outcome"] else ""
        url = f"{frame.console_url}{section['path']}"
        rows += [f"{section['title']}{outcome}", *(f"  {label}: {text}" for label, text in section["lines"])]
        rows += [f"  {url}", ""]
        cells = "".join(
            f"<tr><td style='{_LABEL}'>{escape(label)}</td><td>{escape(text)}</td></tr>"
            for label, text in section["lines"]
        )
        html.append(
            f"<h2 style='font-size:1.05em'>{escape(section['title'])}{escape(outcome)}</h2><table>{cells}</table>"
            f"<p><a href='{escape(url)}'>Open</a></p>"
        )
    text = "\n".join([*rows, foot_of(frame)])
    return MailWords(one_line(content["headline"]), text, page_of("".join(html), frame))
