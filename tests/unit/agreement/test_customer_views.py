"""The term ``customer_sees``: its defaults, those of templates, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.documents import differences, templates
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Invalid
from slm_agreement.domain.terms import customer_views
from slm_agreement.domain.versions import finalizing
from slm_agreement.domain.versions.agreement import add_revision
from tests.unit.agreement.people import ADA, IDENTITY, NAMES, NOW, draft, resolved, written


def test_the_default_is_written_out() -> None:
    assert resolved()["customer_sees"] == {"risks": "at_breach", "live_figure": "yes", "plans": "none"}


def test_a_template_brings_its_own() -> None:
    template = templates.template_by_key("ola-standard")
    found = documents.resolve_document(written(customer_sees={"plans": "titles"}), IDENTITY.subject, template, "")
    assert found["customer_sees"] == {"risks": "at_once", "live_figure": "yes", "plans": "titles"}
    assert template.document()["document"]["customer_sees"]["risks"] == "at_once"


@pytest.mark.parametrize(
    "said",
    [
        {"risks": "at_once", "live_figure": "at_close", "plans": "full"},
        {"risks": {"after": "PT30M"}, "live_figure": "yes", "plans": "none"},
        {"risks": "never", "live_figure": "yes", "plans": "titles"},
    ],
)
def test_resolving_again_changes_nothing(said: dict[str, Any]) -> None:
    once = resolved(customer_sees=said)
    assert once["customer_sees"] == said
    assert documents.resolve_document(once, IDENTITY.subject, None, "") == once


def test_a_plain_yes_of_yaml_is_understood() -> None:
    assert resolved(customer_sees={"live_figure": True})["customer_sees"]["live_figure"] == "yes"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"risks": "sometimes"}, "customer_sees.risks"),
        ({"risks": {"after": "soon"}}, "customer_sees.risks.after"),
        ({"risks": {"after": "PT0S"}}, "customer_sees.risks.after"),
        ({"risks": {"after": "P91D"}}, "customer_sees.risks.after"),
        ({"risks": {"after": "PT30M", "until": "x"}}, "customer_sees.risks.until"),
        ({"live_figure": False}, "customer_sees.live_figure"),
        ({"plans": "some"}, "customer_sees.plans"),
        ({"breaches": "never"}, "customer_sees.breaches"),
        ("all", "customer_sees"),
    ],
)
def test_what_means_nothing_is_refused_by_its_field(said: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        resolved(customer_sees=said)
    assert field in {finding.field for finding in refused.value.findings}


def test_a_change_of_it_is_a_difference_of_the_document() -> None:
    found = differences.compare_documents(resolved(), resolved(customer_sees={"plans": "full"}))
    assert found["document"] == [{"field": "customer_sees.plans", "from": "none", "to": "full"}]


def test_the_finalized_event_carries_it_and_the_default_of_older_documents() -> None:
    version = draft(customer_sees={"risks": {"after": "PT30M"}}, term={"effective_at": "2026-12-01T00:00:00Z"})
    assert finalizing.agreement_finalized_event(version, NAMES).customer_sees["risks"] == {"after": "PT30M"}
    older = draft()
    document = {name: value for name, value in older.current.document.items() if name != "customer_sees"}
    older.revisions.clear()
    add_revision(older, document, ADA, None, NOW)
    assert finalizing.agreement_finalized_event(older, NAMES).customer_sees == customer_views.DEFAULT
