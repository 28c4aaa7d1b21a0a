"""Texts and rows about the reader's account: sessions, invitations, and why a sign-in failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slm_console.views.agreements.people import identified_in_words
from slm_console.views.instants import read
from slm_console.views.reader import Reader


def why_no_session(reader: Reader, status: int) -> str:
    """Return the message for a failed log-in; it does not reveal whether the account exists."""
    if status == 429:
        return reader.gettext("Too many attempts. Wait for 15 minutes, then try again.")
    return reader.gettext("Mail address and password do not fit together.")


def why_no_openid_session(reader: Reader, code: str) -> str:
    """Return the message for a failed log-in with the OpenID provider, by the problem's code."""
    reasons = {
        "person-unknown": reader.gettext(
            "Your account is not known here, or its mail address is not verified. Ask whoever would invite you."
        ),
        "identity-not-proven": reader.gettext(
            "The answer that came back could not be trusted, so you are not signed in. Please try again."
        ),
        "log-in-over": reader.gettext(
            "This sign-in was used, took too long or was begun in another browser. Please try again."
        ),
        "provider-refused": reader.gettext("You were not signed in there, or you stopped. Please try again."),
        "provider-away": reader.gettext(
            "The other sign-in does not answer just now. Try again later, or sign in with your password."
        ),
        "too-many-attempts": reader.gettext("Too many attempts. Wait for 15 minutes, then try again."),
    }
    return reasons.get(code) or reader.gettext("Signing in does not work just now. Try again in some seconds.")


def session_lines(reader: Reader, sessions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows for the reader's sessions, the newest first."""
    return [
        {
            "session_id": str(each["session_id"]),
            "client": str(each.get("client") or reader.gettext("unknown browser")),
            "how": identified_in_words(reader, str(each["identified_by"])),
            "since": reader.moment(read(each["created_at"]) or 0),
            "until": reader.moment(read(each["expires_at"]) or 0),
            "is_current": bool(each["is_current"]),
        }
        for each in reversed(sessions)
    ]


def key_of(name: str) -> str:
    """Return a key made from a company's or person's name: ``Corner Shop Group`` → ``corner-shop-group``."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:100] or "x"


def password_fault(reader: Reader, password: str) -> str:
    """Return the message that says why a new password is too weak, empty if it is good."""
    if len(password) < 12 or len(set(password)) < 6:
        return reader.gettext("Take at least 12 characters, 6 of them different: four words are good.")
    return ""


def why_no_way_in(reader: Reader, status: int, said: str) -> str:
    """Return the message for a link or code that was not accepted; ``said`` is the text of the API's refusal."""
    if status == 429:
        return reader.gettext("Too many attempts. Wait for 15 minutes, then try again.")
    if status in (401, 403, 404):
        return reader.gettext("This link was used already, or it has ended. Ask for another one.")
    return said


def inviter(reader: Reader, preview: Mapping[str, Any]) -> str:
    """Return the sentence that says who invites whom; empty if that is not known."""
    if not preview:
        return ""
    name, company, whom = preview.get("inviter_name"), preview.get("inviter_company"), preview.get("alias")
    if not company:
        return reader.gettext("Whoever runs this installation invites you.")
    if not whom:
        return reader.gettext("%(name)s of %(company)s invites you.", name=name, company=company)
    return reader.gettext("%(name)s of %(company)s invites %(whom)s.", name=name, company=company, whom=whom)


def invitation_lines(reader: Reader, invitations: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows for the invitations that are open."""
    return [
        {
            "invitation_id": str(each["invitation_id"]),
            "alias": str(each["alias"] or each.get("email") or "–"),
            "kind": reader.gettext("company") if each["kind"] == "party" else reader.gettext("person"),
            "until": reader.day(read(each["expires_at"]) or 0),
            "by": str(each["created_by"]),
        }
        for each in invitations
        if each["state"] == "open"
    ]


def invited_companies(invitations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the companies that are invited and have not accepted yet."""
    open_ones = [each for each in invitations if each["kind"] == "party" and each["state"] == "open"]
    return sorted({name for each in open_ones if (name := str(each["alias"] or each.get("email") or ""))})
