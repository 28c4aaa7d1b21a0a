"""Warnings in force: none opens ahead of the facts, and the burn rate of the running minute clears none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.evaluation import RiskEvaluation
from slm_monitor.domain.lifecycle.risk_reconciliation import select_risks_that_hold
from slm_monitor.domain.lifecycle.target_state import Risk, TargetState

AHEAD, FACTS_UNTIL = 10 * MINUTE, 10 * MINUTE - 1
BURNING = RiskEvaluation("burn_rate", "P3D/PT6H@1", AHEAD)


def target_state(*causes: str) -> TargetState:
    known = TargetState(cast(Any, SimpleNamespace()))
    for cause in causes:
        known.risks[cause] = Risk(cause, "t", "a", "2026-11", cause, BURNING.threshold, 0, "p", "c", "s")
    return known


@pytest.mark.parametrize("keeps", [False, True])
def test_a_burn_rate_of_the_running_minute_keeps_a_warning_that_stands(keeps: bool) -> None:
    found = [replace(BURNING, keeps=keeps)]
    assert select_risks_that_hold(target_state("burn_rate"), "2026-11", found, FACTS_UNTIL) == found


def test_a_running_minutes_burn_rate_warns_only_when_its_facts_are_complete() -> None:
    assert select_risks_that_hold(target_state(), "2026-11", [BURNING], FACTS_UNTIL) == []
    assert select_risks_that_hold(target_state(), "2026-11", [BURNING], AHEAD) == [BURNING]


def test_a_burn_rate_that_is_over_ends_its_warning() -> None:
    assert select_risks_that_hold(target_state("burn_rate"), "2026-11", [], FACTS_UNTIL) == []


def test_a_forecast_keeps_no_warning() -> None:
    forecast = replace(BURNING, cause="exhaustion")
    assert select_risks_that_hold(target_state("exhaustion"), "2026-11", [forecast], FACTS_UNTIL) == []
