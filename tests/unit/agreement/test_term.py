"""What time does to signed agreements."""

from __future__ import annotations

from slm_agreement.domain.checks.smart import run_smart_check
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import Version, VersionState
from slm_events.agreement import AgreementExpired, AgreementInForce, AgreementSuperseded, AgreementTerminated
from tests.unit.agreement.people import DAY, NOW, draft


def _finalized(number: int = 1, begins: int = 1, ends: int | None = None, base: int | None = None) -> Version:
    """A version that is effective ``begins`` days from now, and ends ``ends`` days from now."""
    version = draft(number, base)
    version.state, version.finalized_at = VersionState.FINALIZED, NOW + number
    version.effective_at = NOW + begins * DAY
    version.ends_at = None if ends is None else NOW + ends * DAY
    return version


def _kinds(turned: list[tuple[int, object]]) -> list[tuple[int, type]]:
    return [((at - NOW) // DAY, type(event)) for at, event in turned]


def test_a_version_is_in_force_from_its_effective_instant_to_its_end() -> None:
    version = _finalized(begins=1, ends=3)
    assert term.apply_due_state_changes([version], NOW + DAY - 1) == []
    assert _kinds(term.apply_due_state_changes([version], NOW + DAY)) == [(1, AgreementInForce)]
    assert term.apply_due_state_changes([version], NOW + DAY) == []
    assert _kinds(term.apply_due_state_changes([version], NOW + 9 * DAY)) == [(3, AgreementExpired)]
    assert version.state == VersionState.EXPIRED


def test_what_was_slept_through_is_turned_in_the_order_of_its_instants() -> None:
    first, second = _finalized(1, 1, 9), _finalized(2, 4, 6)
    assert _kinds(term.apply_due_state_changes([first, second], NOW + 20 * DAY)) == [
        (1, AgreementInForce),
        (4, AgreementSuperseded),
        (4, AgreementInForce),
        (6, AgreementExpired),
    ]
    assert (first.state, second.state) == (VersionState.SUPERSEDED, VersionState.EXPIRED)


def test_an_amendment_effective_at_the_old_versions_expiry_supersedes_it() -> None:
    turned = term.apply_due_state_changes([_finalized(1, 1, 4), _finalized(2, 4)], NOW + 4 * DAY)
    assert [kind for _, kind in _kinds(turned)] == [AgreementInForce, AgreementSuperseded, AgreementInForce]


def test_a_termination_ends_the_version_and_prevents_a_pending_amendment() -> None:
    first, second = _finalized(1, 0), _finalized(2, 4)
    term.apply_due_state_changes([first], NOW)
    assert term.end_versions([first, second], "Insourced", NOW + 2 * DAY, NOW) == []
    turned = term.apply_due_state_changes([first, second], NOW + 5 * DAY)
    assert _kinds(turned) == [(2, AgreementTerminated), (2, AgreementTerminated)]
    assert {first.state, second.state} == {VersionState.TERMINATED}


def test_a_termination_for_now_takes_effect_at_once() -> None:
    version = _finalized(1, 0)
    term.apply_due_state_changes([version], NOW)
    [(_, event)] = term.end_versions([version], "Insourced", NOW, NOW)
    assert isinstance(event, AgreementTerminated)
    assert event.reason == "Insourced"


def test_a_termination_after_the_end_leaves_the_expiry() -> None:
    version = _finalized(1, 0, ends=2)
    term.apply_due_state_changes([version], NOW)
    term.end_versions([version], "Insourced", NOW + 5 * DAY, NOW)
    [(_, event)] = term.apply_due_state_changes([version], NOW + 9 * DAY)
    assert isinstance(event, AgreementExpired)


def test_an_amendment_never_takes_effect_in_the_past() -> None:
    signed, amendment = _finalized(1, 0), draft(2, base=1, term={"effective_at": "2026-11-22T10:00:00Z"})
    codes = [finding.code for finding in run_smart_check(amendment, amendment.head, [signed], NOW)]
    assert codes == ["time-bound.amends-the-past"]
    assert run_smart_check(amendment, amendment.head, [signed], NOW - 1) == []
    assert run_smart_check(draft(1, term={"effective_at": "2016-01-01T00:00:00Z"}), draft().head, [], NOW) == []


def test_an_amendment_of_an_older_version_is_out_of_date() -> None:
    signed = [_finalized(1, 0), _finalized(2, 1)]
    amendment = draft(3, base=1)
    assert [finding.code for finding in run_smart_check(amendment, amendment.head, signed, NOW)] == [
        "up-to-date.base-version"
    ]


def test_versions_take_effect_in_the_order_of_their_numbers() -> None:
    later = _finalized(2, begins=3)
    overtaken = draft(1, base=2, term={"effective_at": "2027-01-01T00:00:00Z"})
    assert [finding.code for finding in run_smart_check(overtaken, overtaken.head, [later], NOW)] == [
        "up-to-date.overtaken"
    ]
    before = draft(3, base=2, term={"effective_at": "2026-11-24T10:00:00Z"})
    assert [finding.code for finding in run_smart_check(before, before.head, [later], NOW)] == [
        "time-bound.before-its-base"
    ]
    together = draft(3, base=2, term={"effective_at": "2026-11-25T10:00:00Z"})
    assert run_smart_check(together, together.head, [later], NOW) == []
