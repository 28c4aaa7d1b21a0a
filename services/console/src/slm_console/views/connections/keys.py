"""API keys of systems: rows of the list, and shell commands that a person can copy to try a new key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.sources import moment_of
from slm_console.views.instants import read
from slm_console.views.reader import Reader

SENDING = [
    "cloudevents:write",
    "indicators:write",
    "measurements:write",
    "otlp:write",
    "prometheus:write",
    "ticket-events:write",
    "tickets:write",
]
"""Scopes of a key that may only send facts."""


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A row of the list of API keys."""

    principal_id: str
    key_id: str
    system: str
    may: str
    made: str
    by: str
    last: str
    ends: str
    state: str
    """In words: when the key was revoked, or that it has expired; empty for a key that works."""


def last_uses(uses: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return key id → instant of the key's last use in any service, as RFC 3339 text."""
    found: dict[str, str] = {}
    for each in uses:
        key_id, at = str(each["key_id"]), str(each["last_used_at"])
        found[key_id] = max(at, found.get(key_id, ""))
    return found


def key_lines(
    reader: Reader, principals: Sequence[Mapping[str, Any]], uses: Sequence[Mapping[str, Any]]
) -> list[KeyLine]:
    """Return the rows for API keys, except those that people get by logging in.

    Keys that work come first, then revoked and expired keys. Both parts are sorted by the name of the system.
    """
    used = last_uses(uses)
    lines = [
        _key_line(reader, principal, key, used.get(str(key["key_id"])))
        for principal in principals
        for key in principal["keys"]
        if key["identified_by"] == "key"
    ]
    return sorted(lines, key=lambda line: (line.state != "", line.system.casefold()))


def _key_line(reader: Reader, principal: Mapping[str, Any], key: Mapping[str, Any], used: str | None) -> KeyLine:
    ends = read(key["expires_at"])
    state = ""
    if key["revoked_at"]:
        state = reader.gettext("revoked %(moment)s", moment=moment_of(reader, key["revoked_at"]))
    elif ends is not None and ends <= reader.now:
        state = reader.gettext("ended")
    scopes = sorted(key["scopes"])
    if not scopes:
        may = reader.gettext("all that its role allows")
    elif scopes == SENDING:
        may = reader.gettext("only sends")
    else:
        may = ", ".join(scopes)
    return KeyLine(
        principal_id=str(principal["principal_id"]),
        key_id=str(key["key_id"]),
        system=str(principal["name"]),
        may=may,
        made=moment_of(reader, key["created_at"]),
        by=str(key["issued_by"]),
        last=moment_of(reader, used),
        ends=reader.gettext("does not end") if ends is None else reader.moment(ends),
        state=state,
    )


def snippet(base: str, key: str, found: Sequence[Mapping[str, Any]], now: str) -> str:
    """Return shell commands that send a first measurement with the key.

    The measurement is of the first suitable indicator in ``found``. If there is none, the commands first register an
    indicator named ``website``.
    """
    lines = []
    chosen = next((each for each in found if each["kind"] in _SENT), None)
    if chosen is None:
        chosen = {"key": "website", "kind": "availability", "unit": None}
        lines.append(_curl(base, key, "indicators", {"key": "website", "kind": "availability"}))
    unit = {"unit": chosen["unit"]} if chosen["unit"] and chosen["kind"] == "value" else {}
    item = {"indicator": chosen["key"], "at": now, **_SENT[str(chosen["kind"])], **unit}
    return "\n".join([*lines, _curl(base, key, "measurements", [item])])


_SENT: Mapping[str, Mapping[str, Any]] = {
    "availability": {"state": "up"},
    "value": {"value": 1},
    "ratio": {"good": 1, "total": 1},
    "count": {"count": 1},
}
"""Kind of indicator → the fields of a harmless first measurement."""


def _curl(base: str, key: str, resource: str, body: Any) -> str:
    # Inside single quotes a shell changes nothing but the quote itself.
    text = json.dumps(body).replace("'", "'\\''")
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    return f"curl {base}/api/v1/{resource} {headers} -d '{text}'"
