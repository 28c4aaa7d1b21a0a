"""Answer to a proposal, target by target: from the fields of the form to the request body for the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slm_console.views import promises
from slm_console.views.reader import Reader

ACCEPT, CHANGE, REFUSE = "accept", "change", "refuse"
_MOST_REASON = 1_000


@dataclass
class Choices:
    """The submitted answers. Each field maps a target's key to one part of its answer: choice (accept, change, refuse),
    reason, changed limit or changed period.
    """

    choices: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    periods: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Reply:
    """Request body for the API, and error messages for the form's fields ``choice:KEY``, ``limit:KEY``, ``reason:KEY``.

    The body is None if there is any error.
    """

    body: dict[str, Any] | None
    errors: dict[str, str] = field(default_factory=dict)


def everything_accepted(agreement: Mapping[str, Any]) -> Choices:
    """Return choices that accept all targets of the agreement."""
    return Choices({str(target["key"]): ACCEPT for target in agreement["document"]["targets"]})


def reply_of(reader: Reader, agreement: Mapping[str, Any], sent: Choices) -> Reply:
    """Return the request body that answers the agreement's newest revision, or the errors in the choices."""
    accepted: list[str] = []
    refused: list[dict[str, str]] = []
    errors: dict[str, str] = {}
    targets: list[dict[str, Any]] = []
    is_changed = False
    for target in agreement["document"]["targets"]:
        key = str(target["key"])
        choice = sent.choices.get(key, "")
        reason = sent.reasons.get(key, "").strip()[:_MOST_REASON]
        if choice == ACCEPT:
            accepted.append(key)
        elif choice == REFUSE:
            if not reason:
                errors[f"reason:{key}"] = reader.gettext("Say why, so that the other side can propose something else.")
            refused.append({"target": key, "reason": reason})
        elif choice == CHANGE:
            target = _changed(reader, target, sent, errors)
            is_changed = True
            refused += [{"target": key, "reason": reason}] if reason else []
        else:
            errors[f"choice:{key}"] = reader.gettext("Choose one.")
        targets.append(target)
    if errors:
        return Reply(None, errors)
    body: dict[str, Any] = {"revision_hash": agreement["revision"]["hash"], "accept": accepted, "refuse": refused}
    if is_changed:
        body["document"] = {**_writable(agreement["document"]), "targets": [_writable(each) for each in targets]}
    return Reply(body)


def _changed(reader: Reader, target: Mapping[str, Any], sent: Choices, errors: dict[str, str]) -> dict[str, Any]:
    key = str(target["key"])
    made = promises.changed(target, sent.limits.get(key, "").strip(), sent.periods.get(key, ""))
    if isinstance(made, dict):
        if made == dict(target):
            errors[f"limit:{key}"] = reader.gettext("This is what was proposed. Write another limit, or accept it.")
        return made
    if "within" in (target.get("objective") or {}):
        errors[f"limit:{key}"] = reader.gettext("Write a length of time, such as 4 h or 90 min.")
    else:
        errors[f"limit:{key}"] = reader.gettext("Write a number, such as 99.9.")
    return dict(target)


_COMPUTED = ("target_id", "service_id")
"""Fields that the API adds to a target and does not accept in a request."""


def _writable(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in terms.items() if name not in _COMPUTED}
