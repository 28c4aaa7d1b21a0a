"""What past measurements say about the promises of a revision, for the page of its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_console.views.agreements.standing import OPEN
from slm_console.views.instants import read
from slm_console.views.reader import Reader


@dataclass(frozen=True)
class PastSummary:
    """The state of a revision's back-test, and the promises about which it says little."""

    sentence: str
    lines: list[tuple[str, str]]
    """State mark and sentence of each gap in the measurements."""


def past_of(reader: Reader, agreement: Mapping[str, Any], check: Mapping[str, Any]) -> PastSummary | None:
    """Return what the check's back-test says about all promises together; None if the terms are not negotiated.

    ``check`` is the API's check of the shown version; empty if agreement-svc did not answer.
    """
    if agreement["state"] not in OPEN or "backtest" not in check:
        return None
    backtest = check["backtest"]
    if backtest is None:
        return PastSummary(reader.gettext("Nobody has tested these promises against the past yet."), [])
    if backtest["state"] == "running":
        running = reader.gettext("The promises are being tested against the past. Read this page again in a moment.")
        return PastSummary(running, _gaps(reader, agreement, backtest))
    at = reader.moment(read(backtest["requested_at"]) or 0)
    done = reader.gettext("The promises were tested against the past: %(at)s.", at=at)
    return PastSummary(done, _gaps(reader, agreement, backtest))


def _gaps(reader: Reader, agreement: Mapping[str, Any], backtest: Mapping[str, Any]) -> list[tuple[str, str]]:
    titles = {str(each["key"]): str(each["title"]) for each in agreement["document"]["targets"]}
    tested = [(titles.get(each["target"], each["target"]), each) for each in backtest["targets"]]
    silent = [title for title, each in tested if (each["measured"] or {}).get("is_silent")]
    new = [title for title, each in tested if each["state"] == "done" and not (each["result"] or {}).get("judged")]
    withheld = [title for title, each in tested if each["state"] == "withheld"]
    failed = [title for title, each in tested if each["state"] == "failed"]
    said = [
        (
            "at-risk",
            silent,
            reader.gettext(
                "Measured earlier, but not in the last 7 days: %(titles)s. Whoever signs first gives a reason.",
                titles=reader.names(silent),
            ),
        ),
        (
            "no-data",
            new,
            reader.gettext("No period with a measurement has ended yet: %(titles)s.", titles=reader.names(new)),
        ),
        (
            "no-data",
            withheld,
            reader.gettext(
                "Not tested, because the company that measures them has not proposed them: %(titles)s.",
                titles=reader.names(withheld),
            ),
        ),
        (
            "no-data",
            failed,
            reader.gettext("Could not be tested: %(titles)s.", titles=reader.names(failed)),
        ),
    ]
    return [(mark, sentence) for mark, found, sentence in said if found]
