"""Messages to chats: in the form of each tool, with words of others that mention nobody and hide no link."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slm_notification.domain import channels
from slm_notification.domain.chat_messages import chat_message
from slm_notification.domain.endpoints import CHATS, EndpointKind
from slm_notification.domain.errors import NotAcceptable
from slm_notification.domain.notices import Notice, notice_of, parties_told
from tests.unit.notification.test_event_filters import NAMES, heard, parties_of, sample
from tests.unit.notification.test_signals import tool

CONSOLE = "https://slm.acme.example"
EVIL = "@channel <!channel> <@U1> [click](https://evil.example) *x* `y` \r\n## z\u202e"
KINDS = sorted(CHATS)


def message(chat: EndpointKind, **changed: Any) -> Any:
    known: dict[str, Any] = {"kind": "breach", "headline": "Breached: A & B", "path": "/breaches/b"}
    lines = [("Certain since", "2026-11-22T10:43:12.000000Z")]
    return chat_message(chat, Notice(**{**known, "lines": lines, **changed}), CONSOLE)


def test_each_chat_gets_its_form() -> None:
    link = f"{CONSOLE}/breaches/b"
    since = "Certain since: 2026-11-22 10:43 UTC"
    assert message("slack")["text"] == f"*■ Breached: A &amp; B*\n{since}\n<{link}|Open in the console>"
    assert message("mattermost")["text"].split("\n")[::2] == [
        "**■ Breached: A & B**", f"[Open in the console]({link})"
    ]  # fmt: skip
    assert message("discord")["allowed_mentions"] == {"parse": []}
    [attachment] = message("teams")["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert [each["inlines"][0]["text"] for each in card["body"]] == ["■ Breached: A & B", since]
    assert card["actions"][0]["url"] == link
    assert message("apprise") == {
        "title": "■ Breached: A & B", "body": f"{since}\n{link}", "type": "failure", "format": "text",
    }  # fmt: skip
    assert message("apprise", kind="recovered")["type"] == "success"


def test_words_of_others_mention_nobody_and_hide_no_link() -> None:
    lines = [("Reason", EVIL)]
    slack = message("slack", headline=EVIL, lines=lines)["text"]
    assert "<!channel>" not in slack and "<@U1>" not in slack and slack.count("\n") == 2
    for text in (message("mattermost", headline=EVIL, lines=lines)["text"],
                 message("discord", headline=EVIL, lines=lines)["content"]):  # fmt: skip
        assert "@channel" not in text and "[click](" not in text and text.count("\n") == 2
        assert "\u202e" not in text
    blocks = message("teams", headline=EVIL, lines=lines)["attachments"][0]["content"]["body"]
    assert {each["type"] for each in blocks} == {"RichTextBlock"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_message_fits_and_keeps_its_link(kind: EndpointKind) -> None:
    body = message(kind, headline="[" * 5_000, lines=[("Reason", "[" * 5_000)] * 9)
    assert f"{CONSOLE}/breaches/b" in json.dumps(body) and len(json.dumps(body)) < 6_000
    if kind == "discord":
        assert len(body["content"]) <= 2_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_chat_gets_what_people_of_its_party_are_told(kind: EndpointKind) -> None:
    count = 0
    for name in NAMES:
        event = heard(sample(name))
        notice = notice_of(sample(name).data)
        told = [] if notice is None else parties_told(sample(name).data, notice)
        for party in parties_of(sample(name)):
            assert channels.wants(tool(kind, party), event) == (party in told)
            count += party in told
        if notice is not None:
            assert json.dumps(chat_message(kind, notice, ""))
    assert count > 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_address_of_a_chat_stays_in_the_form_in_which_it_is_shown(kind: EndpointKind) -> None:
    known = tool(kind, "p")
    object.__setattr__(known, "url", "https://hooks.example/services/T/B/key")
    assert channels.changed_address(known, "https://hooks.example/…") == known.url
    assert channels.changed_address(known, "https://other.example/…") == "https://other.example/…"
    assert channels.changed_address(known, "https://other.example/x") == "https://other.example/x"
    with pytest.raises(NotAcceptable):
        channels.check_secret(kind, "x", is_new=True)
    with pytest.raises(NotAcceptable):
        channels.check_secret(kind, None, is_new=False)
