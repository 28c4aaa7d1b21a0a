"""The words of mails."""

from __future__ import annotations

from slm_notification.domain.mail_text import MailFrame, MailItem, words_of

FRAME = MailFrame("Ada Lovelace", "Europe/Berlin", "https://slm.example")


def at_risk(title: str) -> MailItem:
    url = f"https://slm.example/targets/{title}"
    return MailItem(kind="risk", headline=f"At risk: {title}", lines=[], agreement="Mail", url=url)


def test_two_warnings_about_one_target_are_listed_once() -> None:
    words = words_of([at_risk("mail"), at_risk("web"), at_risk("mail")], 3, FRAME, is_digest=False, page=None)
    assert words.subject == "▲ 2 at risk: mail and others"
    assert words.text.count("At risk: mail") == 1


def test_a_mail_of_two_equal_warnings_reads_as_one() -> None:
    words = words_of([at_risk("mail"), at_risk("mail")], 2, FRAME, is_digest=False, page=None)
    assert words.subject == "▲ At risk: mail – Mail"


def test_what_is_not_listed_is_counted() -> None:
    words = words_of([at_risk("mail"), at_risk("web")], 30, FRAME, is_digest=False, page=None)
    assert words.subject.startswith("▲ 30 at risk") and "… and 28 more." in words.text
