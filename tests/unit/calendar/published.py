"""The published known answers, where they are at hand, and how to write their calendars as our documents."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("SLM_SHARED", Path(__file__).resolve().parents[4] / "shared"))


def cases(file: str, *kinds: str) -> list[Any]:
    """The cases of those kinds as pytest parameters; one skipped parameter where the file is absent."""
    path = SHARED / "cases" / file
    if not path.exists():
        return [pytest.param({}, id=file, marks=pytest.mark.skip(reason=f"{path} is absent"))]
    read = json.loads(path.read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["id"]) for case in read if case.get("group", case["kind"]) in kinds]


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """What our engine has to answer: the clean answer where the source's own is a peculiarity of it."""
    answer: dict[str, Any] = case.get("expected_clean") or case["expected"]
    return answer


def document(case: dict[str, Any], calendar: Any = None) -> Any:
    """Our service hours document of a case's calendar, holidays, overrides and breaks."""
    calendar = case["calendar"] if calendar is None else calendar
    if calendar == "24x7":
        return {"timezone": case["timezone"], "weekly": {"mon-sun": [["00:00", "24:00"]]}}
    written: dict[str, Any] = {"timezone": case["timezone"], "weekly": calendar}
    written["holidays"] = [_holiday(text) for text in case["holidays"]]
    for event in case["events"]:
        if event.get("type") == "date_override":
            written["overrides"] = [{"date": day, "intervals": pairs} for day, pairs in event["dates"].items()]
        if event.get("type") == "breaks":  # all cases with breaks are in UTC
            written["breaks"] = [
                {"from": f"{day}T{opens}:00Z", "to": f"{day}T{closes}:00Z"}
                for day, pairs in event["dates"].items()
                for opens, closes in pairs
            ]
    return written


def _holiday(text: str) -> dict[str, str]:
    if text.startswith("*-"):
        return {"yearly": text[2:]}
    first, slash, last = text.partition("/")
    return {"from": first, "to": last} if slash else {"date": text}
