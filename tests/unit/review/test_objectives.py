"""What a proposal may ask of a target: only what an agreement could hold."""

from __future__ import annotations

from typing import Any

import pytest

from slm_review.domain import objectives
from slm_review.domain.errors import NotAcceptable

SHARE = {"at_least": "99.9", "unit": "percent"}
DEADLINE = {"within": {"service_time": "PT4H"}}


@pytest.mark.parametrize(
    ("present", "proposed", "objective"),
    [
        (SHARE, {"at_least": "99.95"}, {"at_least": "99.95", "unit": "percent"}),
        (SHARE, {"at_least": "100", "unit": "percent"}, {"at_least": "100", "unit": "percent"}),
        ({"at_most": "4"}, {"at_most": "120"}, {"at_most": "120"}),
        (DEADLINE, {"within": {"service_time": "PT2H"}}, {"within": {"service_time": "PT2H"}}),
        (DEADLINE, {"within": {"calendar": "PT4H"}}, {"within": {"calendar": "PT4H"}}),
        (DEADLINE, {"within": {"business_days": 2}}, {"within": {"business_days": 2}}),
    ],
)
def test_an_objective_of_the_targets_form_is_taken(
    present: dict[str, Any], proposed: dict[str, Any], objective: dict[str, Any]
) -> None:
    assert objectives.check_proposed_objective(present, proposed) == objective


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("present", "proposed", "field"),
    [
        (SHARE, {"at_least": "1e999999999"}, "objective.at_least"),
        (SHARE, {"at_least": "1999/20"}, "objective.at_least"),
        (SHARE, {"at_least": "-1"}, "objective.at_least"),
        (SHARE, {"at_least": "100.1"}, "objective.at_least"),
        (SHARE, {"at_least": "9" * 400}, "objective.at_least"),
        (SHARE, {"at_least": None}, "objective.at_least"),
        (SHARE, {"at_least": "99.95", "because": "why not"}, "objective"),
        (SHARE, {"at_least": "99.95", "unit": "ms"}, "objective.unit"),
        (DEADLINE, {"within": "PT2H"}, "objective.within"),
        (DEADLINE, {"within": {"service_time": "PT2H", "calendar": "PT2H"}}, "objective.within"),
        (DEADLINE, {"within": {"business_days": 2.5}}, "objective.within.business_days"),
        (DEADLINE, {"within": {"service_time": "2 hours"}}, "objective.within.service_time"),
        (DEADLINE, {"within": {"service_time": None}}, "objective.within.service_time"),
        (DEADLINE, {"within": {"service_time": "-PT1H"}}, "objective.within.service_time"),
    ],
)
def test_an_objective_that_no_agreement_could_hold_is_refused(
    present: dict[str, Any], proposed: dict[str, Any], field: str
) -> None:
    with pytest.raises(NotAcceptable) as refused:
        objectives.check_proposed_objective(present, proposed)
    assert refused.value.field == field
    assert refused.value.remedy
