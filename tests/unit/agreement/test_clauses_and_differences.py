"""The ten points and which are empty; what differs between two revisions."""

from __future__ import annotations

from slm_agreement.domain.checks.smart import run_smart_check
from slm_agreement.domain.documents import clauses, differences, templates
from tests.unit.agreement.people import AVAILABILITY, CLOCK, NOW, SHARE, draft, resolved


def _filled(**changed: object) -> set[str]:
    return {point["point"] for point in clauses.check_sla_points(resolved(**changed), ()) if point["filled"]}


def test_there_are_ten_points_and_every_kind_says_which_may_be_empty() -> None:
    assert len(clauses.TEN_POINTS) == 10
    names = {point.name for point in clauses.TEN_POINTS}
    for template in templates.TEMPLATES.values():
        assert set(template.may_be_empty) < names
    assert [
        template["points"][9]["point"] for template in map(templates.Template.document, templates.TEMPLATES.values())
    ]


def test_a_point_is_covered_by_its_clause_or_by_equivalent_terms() -> None:
    assert "performance" not in _filled()
    assert "performance" in _filled(targets=[SHARE])
    assert "availability" not in _filled(targets=[CLOCK])
    assert "continuity" in _filled(clauses={"continuity": {"rto": "PT1H"}})


def test_an_empty_clause_is_none() -> None:
    assert "warranty" not in resolved(clauses={"warranty": {"text": ""}})["clauses"]


def test_an_empty_point_that_may_not_be_is_an_error() -> None:
    version = draft(clauses={}, targets=[CLOCK])
    fields = [finding.field for finding in run_smart_check(version, version.head, [], NOW)]
    assert fields == ["clauses.service_description", "clauses.availability"]


def test_a_template_fills_what_the_author_left_out_and_nothing_else() -> None:
    document = resolved(clauses={"security": "None."})
    assert document["clauses"]["security"] == {"text": "None."}
    assert "amendment" in document["clauses"]["changes"]["text"]


def test_differences_are_told_by_clause_and_by_target() -> None:
    raised = {**AVAILABILITY, "objective": {"at_least": "99.95"}}
    before = resolved(targets=[AVAILABILITY, CLOCK], title="Old")
    after = resolved(targets=[raised, SHARE], clauses={"service_description": "Takes payments.", "warranty": "A year."})
    found = differences.compare_documents(before, after)
    assert [(change["target"], change["change"]) for change in found["targets"]] == [
        ("up", "changed"),
        ("p1", "removed"),
        ("fast", "added"),
    ]
    assert found["targets"][0]["fields"] == [{"field": "objective.at_least", "from": "99.9", "to": "99.95"}]
    assert found["clauses"] == [
        {"clause": "warranty", "change": "added", "fields": [{"field": "text", "to": "A year."}]}
    ]
    assert found["document"] == [{"field": "title", "from": "Old", "to": "Checkout"}]


def test_nothing_differs_from_itself() -> None:
    document = resolved()
    assert differences.compare_documents(document, document) == {"clauses": [], "targets": [], "document": []}
