"""The mapping: group of cases → the module that reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cases import (
    availability_cases,
    burn_rate_cases,
    calendar_cases,
    chain_cases,
    clock_answers,
    count_cases,
    penalty_cases,
    roll_up_cases,
    scoring_cases,
    text_cases,
    wire_cases,
)
from tests.cases.reading import Case, Unmapped

_BY_GROUP: dict[str, Callable[[Case], dict[str, Any]]] = {
    "deadline": clock_answers.answers,
    "elapsed": clock_answers.answers,
    "clock": clock_answers.answers,
    "escalation": clock_answers.answers,
    "calendar_query": calendar_cases.answers,
    "availability": availability_cases.answers,
    "reliability": availability_cases.answers,
    "error": availability_cases.answers,
    "status_rollup": roll_up_cases.answers,
    "burn_rate_factor": burn_rate_cases.answers,
    "sre_workbook": burn_rate_cases.answers,
    "limits": burn_rate_cases.answers,
    "budget_consumed": burn_rate_cases.answers,
    "pyrra_windows": burn_rate_cases.answers,
    "absence": burn_rate_cases.answers,
    "policy": burn_rate_cases.answers,
    "exhaustion": burn_rate_cases.answers,
    "signature": scoring_cases.answers,
    "downtime": availability_cases.answers,
    "timeslices": count_cases.answers,
    "error_budget": count_cases.answers,
    "report": count_cases.answers,
    "openslo": scoring_cases.answers,
    "traffic_weighting": count_cases.answers,
    "averaging": count_cases.answers,
    "scoring": scoring_cases.answers,
    "composite": scoring_cases.answers,
    "duration": text_cases.answers,
    "itsm_duration": text_cases.answers,
    "penalty": penalty_cases.answers,
    "wire": wire_cases.answers,
}


def answers(case: Case) -> dict[str, Any]:
    """Our answer, field by field. Raises Unmapped if no module reads the case or a field of it."""
    if not case.expected:
        raise Unmapped("nothing is expected")
    read = chain_cases.answers if case.group.startswith("chain ") else _BY_GROUP.get(case.group)
    if read is None:
        raise Unmapped(f"no group {case.group!r}")
    ours = read(case)
    missing = sorted(set(case.expected) - set(ours))
    if missing:
        raise Unmapped(f"nothing answers {', '.join(missing)}", ours)
    return ours
