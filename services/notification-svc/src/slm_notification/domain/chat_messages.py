"""Messages to people in chats, as the public documentation of their incoming webhooks describes them.

Words of a message may have been written by another company. So they are sent as text only: they cannot mention anybody,
and they cannot contain a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_notification.domain.endpoints import EndpointKind
from slm_notification.domain.notices import Kind, Notice

_LONGEST_HEADLINE = 250
_LONGEST_LINE = 150
_MOST_LINES = 4
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(\.\d+)?Z")
_MARKDOWN = re.compile(r"([\\`*_\[\]()<>#|~])")
_MARKS: dict[Kind, str] = {"breach": "■", "risk": "▲", "recovered": "✓"}
_APPRISE_TYPES: dict[Kind, str] = {"breach": "failure", "risk": "warning", "recovered": "success"}
_OPEN = "Open in the console"


@dataclass(frozen=True, slots=True)
class _Words:
    kind: Kind
    headline: str
    lines: Sequence[tuple[str, str]]
    link: str
    """Empty if the console has no address."""


def chat_message(kind: EndpointKind, notice: Notice, console_url: str) -> Mapping[str, Any]:
    """Return the body of the request that tells a chat of a notice. ``console_url`` may be empty."""
    mark = _MARKS.get(notice.kind)
    words = _Words(
        notice.kind,
        f"{mark} {_plain(notice.headline, _LONGEST_HEADLINE)}" if mark else _plain(notice.headline, _LONGEST_HEADLINE),
        [(label, _plain(text, _LONGEST_LINE)) for label, text in notice.lines[:_MOST_LINES]],
        console_url + notice.path if console_url else "",
    )
    return _FORMS[kind](words)


def _plain(text: str, longest: int) -> str:
    """Return a text as one line without control characters, with its instants as people write them."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _INSTANT.sub(r"\1 \2 UTC", line)[:longest]


def _slack_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack(words: _Words) -> dict[str, Any]:
    lines = [f"*{_slack_text(words.headline)}*", *(f"{label}: {_slack_text(text)}" for label, text in words.lines)]
    if words.link:
        lines.append(f"<{_slack_text(words.link)}|{_OPEN}>")
    # Without this, Slack makes links and mentions of names in the text.
    return {"text": "\n".join(lines), "parse": "none", "link_names": False, "unfurl_links": False}


def _markdown_text(text: str) -> str:
    # A sign of no width after @ keeps a name from being a mention.
    return _MARKDOWN.sub(r"\\\1", text).replace("@", "@\u200b")


def _markdown(words: _Words) -> str:
    lines = [f"**{_markdown_text(words.headline)}**"]
    lines += [f"{label}: {_markdown_text(text)}" for label, text in words.lines]
    return "\n".join([*lines, f"[{_OPEN}]({words.link})"] if words.link else lines)


def _mattermost(words: _Words) -> dict[str, Any]:
    return {"text": _markdown(words)}


def _discord(words: _Words) -> dict[str, Any]:
    return {"content": _markdown(words)[:2_000], "allowed_mentions": {"parse": []}}


def _teams(words: _Words) -> dict[str, Any]:
    # Runs of text, because a text block would read its text as Markdown.
    body: list[dict[str, Any]] = [_run(words.headline, weight="Bolder")]
    body += [_run(f"{label}: {text}") for label, text in words.lines]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if words.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": _OPEN, "url": words.link}]
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _run(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _apprise(words: _Words) -> dict[str, Any]:
    lines = [*(f"{label}: {text}" for label, text in words.lines), words.link]
    return {
        "title": words.headline,
        # A body is required.
        "body": "\n".join(line for line in lines if line) or words.headline,
        "type": _APPRISE_TYPES.get(words.kind, "info"),
        "format": "text",
    }


_FORMS: dict[EndpointKind, Callable[[_Words], dict[str, Any]]] = {
    "slack": _slack,
    "mattermost": _mattermost,
    "discord": _discord,
    "teams": _teams,
    "apprise": _apprise,
}
