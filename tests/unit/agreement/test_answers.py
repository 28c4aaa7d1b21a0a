"""The response models name the same words as the rules."""

from __future__ import annotations

from typing import get_args

from slm_agreement.api.responses import agreements, shapes, terms
from slm_agreement.application.drafting import SCOPES
from slm_agreement.domain.documents import templates
from slm_agreement.domain.people import enrolment
from slm_agreement.domain.terms import clock_targets, target_windows
from slm_agreement.domain.versions.agreement import VersionState
from slm_events import aggregations as vocabulary


def test_every_state_role_kind_scope_and_period_is_in_the_models() -> None:
    assert set(get_args(agreements.AgreementState)) == set(VersionState)
    assert set(get_args(shapes.Role)) == {enrolment.OPERATOR, *enrolment.PARTY_ROLES}
    assert set(get_args(agreements.Kind)) == set(templates.KINDS)
    assert set(get_args(agreements.Scope)) == set(SCOPES)
    assert get_args(terms.Period) == target_windows.CALENDAR_WINDOWS


def test_every_clock_and_kind_of_indicator_is_in_the_models() -> None:
    fields = terms.ClockTargetResponse.model_fields
    assert set(get_args(fields["clock"].annotation)) == set(clock_targets.CLOCKS)
    assert set(get_args(fields["on_reopen"].annotation)) == set(clock_targets.ON_REOPEN)
    assert set(get_args(fields["on_priority_change"].annotation)) == set(clock_targets.ON_PRIORITY_CHANGE)
    assert set(get_args(fields["on_terms_change"].annotation)) == set(clock_targets.ON_TERMS_CHANGE)
    kinds = get_args(terms.IndicatorResponse.model_fields["kind"].annotation)
    assert set(kinds) == {kind for each in vocabulary.KINDS.values() for kind in each.indicators}
