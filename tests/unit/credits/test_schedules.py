"""Schedules as documents: which bands are complete, what they must not pay for, and what is written of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_credits.credit_lines import band_of
from slm_credits.cuts import common_span, span_of
from slm_credits.errors import CreditError
from slm_credits.objectives import Objective, find_paid_success, parse_objective
from slm_credits.schedule import SCALES
from slm_credits.schedule_document import parse_schedule, write_schedule
from tests.unit.credits.published import STORAGE, cloud, cloud_document

LEFT, RIGHT = "left", "right"


def document(*bands: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"currency": "EUR", "bands": list(bands), **more}


def fallen(*bands: dict[str, Any], **more: Any) -> tuple[str, str]:
    """The value that a refusal names, and whether it speaks of a gap or an overlap."""
    with pytest.raises(CreditError) as found:
        parse_schedule(document(*bands, **more))
    (error,) = found.value.errors
    return error["value"], "gap" if error["remedy"].startswith("no band contains") else error["remedy"][:13]


def band(start: str | None, end: str | None = None, closed: str = LEFT) -> dict[str, Any]:
    return {"from": start, "to": end, "closed": closed, "flat": "5"}


def test_the_value_that_falls_through_is_named_on_either_side() -> None:
    assert fallen(band("0", "99", RIGHT), band("99.5", None, RIGHT)) == ("99.5", "gap")
    assert fallen(band("0", "99", LEFT), band("99.5", None, LEFT)) == ("99", "gap")
    # Up to and with 99, and again from 99.5: what lies between falls through.
    assert fallen(band("0", "99", RIGHT), band("99.5", None, LEFT)) == ("99.25", "gap")
    # Up to 99, and above 99: 99 itself falls through. Both with it: it is in two bands.
    assert fallen(band("0", "99", LEFT), band("99", None, RIGHT)) == ("99", "gap")
    assert fallen(band("0", "99", RIGHT), band("99", None, LEFT)) == ("99", "bands overlap")
    assert fallen(band("0", "99.5", RIGHT), band("99", None, RIGHT)) == ("99.5", "bands overlap")
    assert fallen(band("0", "99"), band("99", "99.5"), band("99.9")) == ("99.5", "gap")
    assert fallen(band("1"), measure="value") == ("0", "gap")
    assert fallen(band(None, "5"), band("7"), measure="value") == ("5", "gap")
    assert fallen(band(None), band(None), measure="value")[1] == "bands overlap"


def test_a_scale_without_ends_has_a_band_for_everything() -> None:
    open_ended = parse_schedule(document(band(None, "-10"), band("-10"), measure="value"))
    assert [(each.start, each.end) for each in open_ended.bands] == [(None, Fraction(-10)), (Fraction(-10), None)]
    assert parse_schedule(document(band("0"), measure="value")).bands[0].start is None


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(CreditError) as found:
        parse_schedule({"currency": "euro", "bands": [{"from": "x", "flat": "5"}, {"flat": "y"}], "cap": "1"})
    assert [each["field"] for each in found.value.errors] == [
        "schedule.cap",
        "currency",
        "bands[0].from",
        "bands[1].flat",
    ]


def test_a_band_that_pays_for_a_met_objective_names_the_figure() -> None:
    objective = Objective(Fraction("99.9"))
    assert find_paid_success(cloud(STORAGE), objective) is None
    too_far = find_paid_success(cloud(STORAGE), Objective(Fraction("99.5")))
    assert too_far is not None and (too_far["field"], too_far["value"]) == ("bands[2]", "99.5")
    at_its_end = parse_schedule(document({"to": "99.9", "flat": "5"}, {"from": "99.9", "nothing": True}, closed=RIGHT))
    named = find_paid_success(at_its_end, objective)
    assert named is not None and named["value"] == "99.9"
    above = find_paid_success(at_its_end, Objective(Fraction("99.91")))
    assert above is None


def test_a_reward_may_pay_for_success_and_so_may_nothing() -> None:
    bands = [{"flat": "5"}, {"from": "99.9", "nothing": True}, {"from": "99.99", "flat": "9", "reward": True}]
    assert find_paid_success(parse_schedule(document(*bands)), Objective(Fraction("99.9"))) is None
    unmarked = [*bands[:2], {"from": "99.99", "flat": "9"}]
    named = find_paid_success(parse_schedule(document(*unmarked)), Objective(Fraction("99.9")))
    assert named is not None and named["value"] == "99.99"
    # What is paid per missed percent or unit is nothing where nothing is missed.
    each = parse_schedule(document({"per_missed_percent": "5"}))
    assert find_paid_success(each, Objective(Fraction("99.9"))) is None


def test_objectives_of_at_most_and_missed_units_are_checked_too() -> None:
    limit = Objective(Fraction(300), is_at_least=False)
    slow = parse_schedule(document({"to": "250", "nothing": True}, {"from": "250", "flat": "5"}, measure="value"))
    named = find_paid_success(slow, limit)
    assert named is not None and named["value"] == "250"
    units = parse_schedule(document({"flat": "5"}, measure="missed_units"))
    named = find_paid_success(units, limit)
    assert named is not None and named["value"] == "0"
    from_one = parse_schedule(document({"nothing": True}, {"from": "1", "flat": "5"}, measure="missed_units"))
    assert find_paid_success(from_one, limit) is None


def test_the_objective_of_terms_is_read_and_a_deadline_has_none() -> None:
    assert parse_objective({"at_least": "99.9", "unit": "percent"}) == Objective(Fraction("99.9"))
    assert parse_objective({"at_most": "3", "unit": "count"}) == Objective(Fraction(3), is_at_least=False)
    assert parse_objective({"within": {"calendar": "PT4H"}}) is None


def test_every_default_is_written_and_writing_changes_nothing() -> None:
    full = cloud_document(
        *STORAGE,
        cap_per_period={"percent_of_charge": 30},
        cap_per_year={"amount": "1000.50"},
        minimum_payout=0.5,
        earn_back={"met_windows": 3},
        chronic_failure={"breached": 3, "of": 12},
        clause="Charges, 4",
    )
    written = write_schedule(parse_schedule(full))
    assert write_schedule(parse_schedule(written)) == written
    assert parse_schedule(written) == parse_schedule(full)
    assert (written["minor_unit"], written["measure"], written["minimum_payout"]) == (2, "attained", "0.5")
    assert written["chronic_failure"] == {"breached": 3, "of": 12, "lasts": "P90D"}
    assert written["cap_per_year"] == {"amount": "1000.5"}
    assert written["bands"][3] == {
        "from": "99.9",
        "to": "100",
        "closed": "left",
        "nothing": True,
        "reward": False,
        "clause": "",
    }


@pytest.mark.parametrize(
    "bands",
    [
        [{"nothing": True}, {"from": "100", "flat": "9", "reward": True}],
        [{"to": "50", "flat": "9"}, {"from": "50", "nothing": True}],
    ],
)
def test_the_ends_of_the_scale_may_be_written_back(bands: list[dict[str, Any]]) -> None:
    written = write_schedule(parse_schedule(document(*bands)))
    assert write_schedule(parse_schedule(written)) == written


def test_rates_of_hours_are_written_by_day() -> None:
    rates = [{"weekly": {"sat-sun": [["00:00", "24:00"]]}, "rate": "50"}]
    units = document({"per_missed_unit": "20", "rates": rates}, measure="missed_units")
    written = write_schedule(parse_schedule(units, "Europe/Berlin"))
    day = [["00:00", "24:00"]]
    assert written["bands"][0]["rates"] == [{"weekly": {"sat": day, "sun": day}, "rate": "50"}]
    assert write_schedule(parse_schedule(written, "Europe/Berlin")) == written


EDGES = st.lists(st.integers(1, 9999), min_size=1, max_size=6, unique=True).map(sorted)


@given(EDGES, st.sampled_from([LEFT, RIGHT]), st.integers(0, 10_000))
def test_bands_without_gaps_share_no_value_and_leave_none_out(edges: list[int], closed: str, at: int) -> None:
    texts = ["0", *(f"{edge // 100}.{edge % 100:02d}" for edge in edges)]
    parsed = parse_schedule(document(*({"from": text, "flat": "5"} for text in texts), closed=closed))
    spans = [span_of(each, SCALES["attained"]) for each in parsed.bands]
    assert all(common_span(one, other) is None for place, one in enumerate(spans) for other in spans[:place])
    value = Fraction(at, 100)
    held = [each for each, (start, end) in zip(parsed.bands, spans, strict=True) if start <= (value, 0) < end]  # type: ignore[operator]
    assert held == [band_of(parsed, value)]
