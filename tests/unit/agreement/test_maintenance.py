"""What is agreed of planned maintenance: kept as it was written, refused where it means nothing."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Invalid
from tests.unit.agreement.people import AVAILABILITY, IDENTITY, resolved


def test_nothing_said_leaves_nothing_in_the_document() -> None:
    assert "planned_maintenance" not in resolved(targets=[AVAILABILITY])


def test_notice_and_cap_are_kept_and_resolving_again_changes_nothing() -> None:
    planned = {"notice": "P5D", "cap": {"hours": 8}}
    once = resolved(targets=[AVAILABILITY], planned_maintenance=planned)
    assert once["planned_maintenance"] == {"notice": "P5D", "cap": {"hours": "8", "per": "month"}}
    assert documents.resolve_document(once, IDENTITY.subject, None, "") == once


@pytest.mark.parametrize(
    ("planned", "field"),
    [
        ({"notice": "soon"}, "planned_maintenance.notice"),
        ({"notice": "-P5D"}, "planned_maintenance.notice"),
        ({"cap": {"per": "month"}}, "planned_maintenance.cap.hours"),
        ({"cap": {"hours": "8", "per": "fortnight"}}, "planned_maintenance.cap.per"),
        ({"cap": {"hours": "-1"}}, "planned_maintenance.cap.hours"),
        ({"limit": "8"}, "planned_maintenance.limit"),
    ],
)
def test_what_means_nothing_is_refused_by_its_field(planned: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        resolved(targets=[AVAILABILITY], planned_maintenance=planned)
    assert field in {finding.field for finding in refused.value.findings}
