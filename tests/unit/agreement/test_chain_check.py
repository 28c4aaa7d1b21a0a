"""The chain check on documents alone: kinds of time, clauses, composites, and supports of several versions."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.checks.chain_check import Support, TermsInForce, check_chain
from slm_agreement.domain.checks.chain_structure import combine_supports
from slm_agreement.domain.checks.hours_gaps import hours_in_words
from slm_events.instants import from_text

BEGINS, ENDS = "2026-12-01T00:00:00Z", "2027-12-01T00:00:00Z"
LONG_FRIDAYS = {"timezone": "UTC", "weekly": {"mon": [["08:00", "16:00"]], "tue": [["08:00", "16:00"]],
                                              "fri": [["08:00", "20:00"]]}}  # fmt: skip


def clock(within: dict[str, Any], hours: Any = "24x7", **applies_to: Any) -> dict[str, Any]:
    return {"key": "response", "aggregation": "clock", "clock": "response", "objective": {"within": within},
            "service_hours": hours, "applies_to": applies_to}  # fmt: skip


def document(*targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "term": {"effective_at": BEGINS, "expires_at": ENDS, "notice": None},
        "service_hours": {"24x7": "24x7", "fridays": LONG_FRIDAYS},
        "targets": list(targets),
        "clauses": {},
        **more,
    }


def support(name: str, *signed: dict[str, Any], ends: tuple[str | None, ...] = (None,)) -> Support:
    starts = [BEGINS, *(each for each in ends if each is not None)]
    terms = [
        TermsInForce(each, from_text(start), None if end is None else from_text(end))
        for each, start, end in zip(signed, starts, ends, strict=False)
    ]
    return Support(name, f"agreement-{name}", "supports[0]", name, "ola", "service", "nothing", terms)


def check(above: dict[str, Any], *supports: Support) -> Any:
    combined = combine_supports(None, {each.support_id: each.service_id for each in supports})
    return check_chain(above, "provider", supports, combined, from_text(BEGINS))


@pytest.mark.parametrize(
    ("promised", "hours", "supporting", "holds"),
    [
        ({"calendar": "P1D"}, "24x7", {"service_time": "P1D"}, True),
        ({"business_days": 2}, "24x7", {"business_days": 2}, True),
        ({"business_days": 1}, "24x7", {"business_days_end": 1}, False),
        ({"business_days": 1}, "fridays", {"service_time": "PT8H"}, True),
        ({"business_days": 1}, "fridays", {"service_time": "PT9H"}, False),
        ({"service_time": "PT23H"}, "24x7", {"business_days": 1}, False),
        ({"service_time": "P1D"}, "24x7", {"business_days": 1}, True),
    ],
)
def test_kinds_of_time_are_compared_so_that_nothing_short_passes(
    promised: dict[str, Any], hours: str, supporting: dict[str, Any], holds: bool
) -> None:
    found = check(document(clock(promised, hours)), support("desk", document(clock(supporting))))
    assert found.holds is holds


def test_a_deadline_in_the_ticket_is_not_compared() -> None:
    above = document(clock({"due_at": "due"}))
    assert check(above, support("desk", document(clock({"calendar": "P9D"})))).promised == []


def test_clocks_of_other_tickets_are_left_out_but_not_for_service_or_customer() -> None:
    above = document(clock({"calendar": "PT1H"}, priority="P1", customer="shop"))
    other = document(clock({"calendar": "PT9H"}, priority=["P2"]))
    assert check(above, support("desk", other)).promised == []
    same = document(clock({"calendar": "PT9H"}, priority=["P1", "P2"], customer="others", type="incident"))
    assert not check(above, support("desk", same)).holds


def test_the_clause_of_continuity_promises_a_recovery() -> None:
    above = document(clauses={"continuity": {"text": "x", "rto": "PT4H", "rpo": "PT15M"}})
    site = document(clauses={"continuity": {"rto": "PT5H", "rpo": "PT5M", "plan": ["x"]}})
    found = check(above, support("site", site))
    assert [(each.code, each.number, each.needed, each.target) for each in found.findings] == [
        ("chain.recovery-time", "PT5H", "PT4H", "continuity")
    ]
    odd = document(clauses={"continuity": {"rto": ["PT5H"], "rpo": "soon"}})
    assert check(above, support("site", odd)).promised == []


def test_both_limits_of_a_recovery_within_are_compared() -> None:
    target = {"key": "back", "aggregation": {"recovered_within": {"time": "PT4H", "point": "PT15M"}},
              "objective": {"at_least": "100"}, "service_hours": "24x7"}  # fmt: skip
    minutes = {"key": "rto", "aggregation": "recovery_time", "objective": {"at_most": "300"}, "service_hours": "24x7"}
    found = check(document(target), support("site", document(minutes)))
    assert [(each.code, each.number, each.needed) for each in found.findings] == [
        ("chain.recovery-time", "PT5H", "PT4H")
    ]


def available(percent: str, aggregation: Any = "availability") -> dict[str, Any]:
    objective = {"at_least": percent, "unit": "percent"}
    return {"key": "up", "aggregation": aggregation, "objective": objective, "service_hours": "24x7"}


def test_the_weakest_version_of_a_support_during_the_term_counts() -> None:
    versions = document(available("99.9")), document(available("99.0"))
    changed = support("net", *versions, ends=("2027-03-01T00:00:00Z", None))
    found = check(document(available("99.5")), changed)
    assert [(each.code, each.number, each.needed) for each in found.findings] == [
        ("chain.availability", "99 %", "99.5 %")
    ]
    before = support("net", *versions[::-1], ends=("2026-12-01T00:00:00Z", None))
    assert check(document(available("99.5")), before).holds


def test_a_composite_of_states_is_an_availability() -> None:
    of_states = available("99.9", {"composite": {"of": "states", "rule": "serial", "members": []}})
    assert not check(document(of_states), support("net", document(available("99.0")))).holds
    of_figures = available("99.9", {"composite": {"of": "figures", "rule": "weighted_mean", "members": []}})
    assert check(document(of_figures), support("net", document(available("99.0")))).promised == []


def test_a_support_that_carries_no_target_must_still_last() -> None:
    found = check(document(available("99.9")), support("desk", document(), ends=("2027-01-01T00:00:00Z",)))
    assert (found.promised, [each.code for each in found.findings]) == ([], ["chain.term"])


def test_service_hours_in_words_join_days_with_equal_hours() -> None:
    assert hours_in_words(LONG_FRIDAYS) == "mon-tue 08:00-16:00, fri 08:00-20:00 UTC"
    assert hours_in_words("24x7") == "around the clock"
