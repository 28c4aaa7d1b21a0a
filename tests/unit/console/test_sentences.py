"""Targets as sentences with blanks: nothing is lost on the way to terms and back; what people type is understood."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slm.demo import terms as demo_terms
from slm.demo.alder.script import agreements as alder
from slm_agreement.api import examples
from slm_agreement.domain.documents import templates
from slm_console.views.agreements import editor
from slm_console.views.reader import Reader
from slm_console.views.sentences import forms, typed, written_terms
from slm_console.views.sentences.blanks import Surroundings
from slm_console.views.sentences.typed import Misread
from tests.unit.agreement import aggregation_terms, people
from tests.unit.agreement.aggregation_terms import written as resolved_terms
from tests.unit.console.negotiated import NOW, READER, agreement

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "tests/unit/events/samples/slm.agreement.agreement-finalized.v1.json"
RECORDING = ROOT / "services/agreement-svc/src/slm_agreement/api/answers.json"
AROUND = Surroundings(["24x7", "business"])
GERMAN = Reader(NOW, Locale("de", "CH"))


def _guides() -> list[dict[str, Any]]:
    """Every document with targets that a guide shows as JSON."""
    found = []
    for path in sorted((ROOT / "docs/guides").glob("*.md")):
        for block in re.findall(r"cat > \S+ <<'?END'?\n(.*?)\nEND", path.read_text(encoding="utf-8"), re.DOTALL):
            try:
                body = json.loads(re.sub(r"\$\([^)]*\)|\$\w+", "x", block))
            except ValueError:
                continue
            found += [each["document"] for each in [body] if isinstance(each, dict) and "document" in each]
    return found


def _in_answers(value: Any) -> list[dict[str, Any]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) and isinstance(value.get("targets"), list) and "term" in value else []
    return own + [each for one in inner for each in _in_answers(one)]


def _documents() -> list[dict[str, Any]]:
    """Every template and example agreement of the repository, and a target of every aggregation."""
    every = [each for name, each in vars(aggregation_terms).items() if isinstance(each, dict) and "aggregation" in each]
    resolved = [target for each in every for target in resolved_terms(each)[0]]
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))["data"]
    return [
        *(template.document()["document"] for template in templates.TEMPLATES.values()),
        *({**people.resolved(), "targets": [each]} for each in resolved),
        {**people.resolved(), "targets": sample["targets"], "service_hours": sample["service_hours"]},
        people.resolved(targets=[people.AVAILABILITY, people.CLOCK, people.SHARE]),
        demo_terms.agreement_document("2026-12-01T00:00:00Z"),
        *(each.document(1_796_000_000_000_000, ["x"], ["y"]) for each in (*alder.SIGNED, alder.DRAFT, alder.COUNTERED)),
        examples.DOCUMENT,
        agreement()["document"],
        *_guides(),
        *_in_answers(json.loads(RECORDING.read_text(encoding="utf-8"))),
    ]


def sent_by(reader: Reader, document: Mapping[str, Any]) -> dict[str, str]:
    """What the form sends if nobody types anything."""
    made = editor.WorkingDocument(dict(document))
    texts = {each.name: each.value for each in editor.field_forms(reader, made)}
    for target in editor.target_forms(reader, made, AROUND):
        texts |= {piece.name: piece.value for piece in target.pieces if piece.blank is not None}
        texts |= {target.title_field.name: target.title_field.value} if target.title_field else {}
    return texts


DOCUMENTS = _documents()


def test_there_are_documents_of_every_kind() -> None:
    said = {form.name for each in DOCUMENTS for one in each.get("targets", ()) if (form := forms.form_of(one))}
    assert said >= {"available", "answers", "resolved", "errors"} and len(DOCUMENTS) > 20


@pytest.mark.parametrize("reader", [READER, GERMAN], ids=["en", "de"])
@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_form_in_which_nothing_was_typed_changes_nothing(number: int, reader: Reader) -> None:
    document = DOCUMENTS[number]
    through = editor.unpacked(editor.packed(document))
    made = editor.applied(reader, through, sent_by(reader, through))
    assert (made.document, made.errors) == (document, {})
    assert written_terms.read_terms(reader, written_terms.text_of(document)).document == document


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_a_changed_blank_changes_only_its_own_terms(number: int) -> None:
    document = DOCUMENTS[number]
    for index, target in enumerate(document.get("targets") or ()):
        form = forms.form_of(target)
        if form is None:
            continue
        limit = next((blank for blank in form.blanks if blank.name in ("limit", "within")), None)
        assert limit is not None
        text = {"limit": "7", "within": "7 h"}[limit.name]
        made = editor.applied(READER, document, {**sent_by(READER, document), f"t{index}:{limit.name}": text})
        assert made.errors == {}
        changed = made.document["targets"][index]
        assert {name for name in {*changed, *target} if changed.get(name) != target.get(name)} == {"objective"}
        others = [*document["targets"][:index], *document["targets"][index + 1 :]]
        assert [*made.document["targets"][:index], *made.document["targets"][index + 1 :]] == others
        assert {**made.document, "targets": ()} == {**document, "targets": ()}


PERCENTS = st.decimals(min_value="0.0001", max_value="100", places=4).map(
    lambda number: format(number.normalize(), "f")
)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,20}", fullmatch=True)
PERIODS = st.sampled_from(["day", "week", "month", "quarter", "year"])
HOURS = st.sampled_from(["24x7"])
TITLES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40)
WITHIN = st.one_of(
    st.integers(1, 23).map(lambda count: f"{count} h"),
    st.integers(1, 59).map(lambda count: f"{count} min"),
    st.integers(2, 20).map(lambda count: f"{count} working days"),
    st.integers(2, 20).map(lambda count: f"the end of {count} working days"),
)
TICKETS: Mapping[str, st.SearchStrategy[str]] = {
    "priorities": st.lists(st.sampled_from(["P1", "P2", "P3"]), unique=True).map(", ".join),
    "tickets": st.sampled_from(["incident", "service_request", "problem", "change"]),
    "within": WITHIN,
    "counted": st.just("hours:24x7"),
}
BLANKS: Mapping[str, Mapping[str, st.SearchStrategy[str]]] = {
    "available": {"limit": PERCENTS, "hours": HOURS, "period": PERIODS, "measurement": NAMES},
    "answers": {
        "most": st.integers(1, 9999).map(lambda number: f"{number} ms"),
        "limit": PERCENTS,
        "hours": HOURS,
        "period": PERIODS,
        "measurement": NAMES,
    },
    "errors": {
        "limit": st.integers(0, 9999).map(str),
        "category": st.sampled_from(["", "A", "B"]),
        "hours": HOURS,
        "period": PERIODS,
        "measurement": NAMES,
    },
    "rated": {
        "limit": st.decimals(min_value="0", max_value="10", places=2).map(lambda n: format(n.normalize(), "f")),
        "hours": HOURS,
        "period": PERIODS,
        "measurement": NAMES,
    },
    "answered": TICKETS,
    "resolved": TICKETS,
}


# A busy machine draws texts slowly.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(BLANKS)).flatmap(
        lambda name: st.tuples(st.just(name), st.fixed_dictionaries({**BLANKS[name], "title": TITLES}))
    )
)
def test_a_sentence_becomes_terms_and_the_same_sentence_again(drawn: tuple[str, dict[str, str]]) -> None:
    name, texts = drawn
    form = forms.BY_NAME[name]
    made, errors = forms.filled(READER, form, form.new(READER, "Checkout"), texts)
    assert errors == {}
    [resolved], faults = resolved_terms(made)
    assert faults == {}
    for terms in (made, resolved):
        assert forms.form_of(terms) is form
        shown = {blank.name: blank.shown(READER, terms) for blank in (*form.blanks, forms.TITLE)}
        assert shown == {**texts, "title": texts["title"].strip()}
        assert forms.filled(READER, form, terms, shown) == (terms, {})


def test_every_blank_is_tried() -> None:
    for form in forms.FORMS:
        assert set(BLANKS[form.name]) == {blank.name for blank in form.blanks}
        assert [each.name for each in forms.pieces_of(READER, form) if not isinstance(each, str)] != []


@pytest.mark.parametrize(
    ("text", "unit", "read"),
    [
        ("300 ms", "ms", ("300", "ms")),
        ("0.3 s", "ms", ("300", "ms")),
        ("0,25s", "ms", ("250", "ms")),
        ("2", "s", ("2", "s")),
    ],
)
def test_answer_times_are_read_in_the_unit_that_is_measured(text: str, unit: str, read: tuple[str, str]) -> None:
    assert typed.quantity(READER, text, unit) == read


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (lambda text: typed.percent(READER, text), "much", "“much” is not a number. Write one such as 99.9."),
        (lambda text: typed.percent(READER, text), "999", "Understood 999 %. Write a share above 0 and up to 100"),
        (lambda text: typed.whole(READER, text), "1.000", "without a point or comma, such as 1000"),
        (lambda text: typed.whole(READER, text), "2,5", "Understood 2.5. Write a whole number"),
        (lambda text: typed.quantity(READER, text, "MB"), "3 s", "Understood 3 s, but it is measured in MB."),
        (lambda text: typed.quantity(READER, text, "min"), "1 s", "it is measured in min."),
        (lambda text: typed.within(READER, text), "soon", "“soon” is not a length of time."),
        (lambda text: typed.within(READER, text), "P1M", "is not a length of time"),
        (lambda text: typed.notice(READER, text), "3 months", "Write it in days, such as 90 days."),
    ],
)
def test_what_cannot_be_read_says_what_to_write(read: Any, text: str, says: str) -> None:
    with pytest.raises(Misread, match=re.escape(says)):
        read(text)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("1.12.2027", "2027-11-30T23:00:00Z"),
        ("1/12/2027", "2027-11-30T23:00:00Z"),
        ("1 Dec 2027", "2027-11-30T23:00:00Z"),
        ("2027-12-01 08:30", "2027-12-01T07:30:00Z"),
        ("1.12.", "2026-11-30T23:00:00Z"),
        ("", None),
    ],
)
def test_days_are_the_agreements_and_a_missing_year_is_the_next(text: str, begins: str | None) -> None:
    document = agreement()["document"]
    made = editor.applied(READER, document, {"begins": text})
    assert made.document["term"]["effective_at"] == begins and made.errors == {}


def test_a_last_day_is_included() -> None:
    made = editor.applied(READER, agreement()["document"], {"ends": "31.12.2027"})
    assert made.document["term"]["expires_at"] == "2027-12-31T23:00:00Z"
    assert sent_by(READER, made.document)["ends"] == "31 Dec 2027"


def test_a_field_that_cannot_be_read_keeps_what_was_typed_and_its_old_terms() -> None:
    document = agreement()["document"]
    made = editor.applied(READER, document, {"begins": "soon", "t0:limit": "much"})
    assert made.document == document and set(made.errors) == {"begins", "t0:limit"}
    [first, _] = editor.target_forms(READER, made, AROUND)
    assert [piece.value for piece in first.pieces if piece.name == "t0:limit"] == ["much"]
    moved = editor.rearranged(READER, made, "down:0", "Checkout")
    assert set(moved.errors) == {"begins", "t1:limit"}
    assert set(editor.rearranged(READER, made, "remove:0", "Checkout").errors) == {"begins"}


def test_targets_are_added_moved_and_taken_out() -> None:
    made = editor.WorkingDocument(agreement()["document"])
    for name in ("available", "available", "rated"):
        made = editor.rearranged(READER, made, f"add:{name}", "Checkout")
    keys = [each["key"] for each in made.document["targets"]]
    assert keys == ["availability", "p1", "availability-2", "availability-3", "rating"]
    for act in ("up:0", "down:4", "remove:9", "remove:x", "add:nothing", "up:²"):
        assert editor.rearranged(READER, made, act, "Checkout").document == made.document, act
    made = editor.rearranged(READER, made, "up:4", "Checkout")
    made = editor.rearranged(READER, made, "remove:0", "Checkout")
    assert [each["key"] for each in made.document["targets"]] == ["p1", "availability-2", "rating", "availability-3"]


def test_a_limit_without_any_allowance_leaves_out_warnings_about_it() -> None:
    [target], _ = resolved_terms(people.AVAILABILITY)
    made, errors = forms.filled(READER, forms.BY_NAME["available"], target, {"limit": "100"})
    assert errors == {}
    assert resolved_terms(made)[1] == {}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"targets": 3}', '{"targets": [{"key": 1}]}', "[" * 100_000])
def test_a_document_that_did_not_arrive_whole_is_refused(text: str) -> None:
    with pytest.raises(editor.UnreadableDocument):
        editor.unpacked(text)


@pytest.mark.parametrize(
    "odd", [{}, {"aggregation": None}, {"aggregation": []}, {"aggregation": "clock", "objective": 3}]
)
def test_terms_that_are_not_finished_are_shown_all_the_same(odd: dict[str, Any]) -> None:
    document = {"title": 7, "term": "x", "timezone": "Nowhere", "targets": [{"key": "odd", **odd}]}
    assert forms.form_of(document["targets"][0]) is None  # type: ignore[index]
    made = editor.WorkingDocument(document)
    assert len(editor.target_forms(READER, made, AROUND)) == 1 and len(editor.field_forms(READER, made)) == 4


def test_ids_that_the_api_computes_are_left_out_and_nothing_else() -> None:
    document = agreement()["document"]
    ids = {"target_id", "service_id"}
    bare = [{name: value for name, value in each.items() if name not in ids} for each in document["targets"]]
    assert editor.writable(document) == {**document, "targets": bare}


def test_text_is_read_as_people_mean_it() -> None:
    text = "a: yes\nb: 18:00\nc: 2026-12-01\nd: 007\ne: 1.5\nf: 12\ng: true\nh:\ni: '99.9'\n"
    assert written_terms.read_terms(READER, text).document == {
        "a": "yes", "b": "18:00", "c": "2026-12-01", "d": "007", "e": 1.5, "f": 12, "g": True, "h": None, "i": "99.9",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [", 1),
        ("a: 1\nb: 2\na: 3", 3),
        ("a: 1\nb: &x 2\nc: *x", 2),
        ("a: 1\nb: !!python/object:os.system x", 2),
        ("- 1", 1),
        ("", 1),
        ("a: " + "[" * 100, 1),
        ("a:\n\t- b", 2),
        ("a: \x00", 1),
        ("? [1]\n: 2", 1),
        ("x" * (written_terms.LONGEST + 1), 1),
    ],
)
def test_text_that_terms_cannot_be_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(written_terms.YamlFault) as caught:
        written_terms.read_terms(READER, text)
    assert abs(caught.value.line - line) <= 1 and caught.value.why


def test_a_finding_is_at_the_line_of_its_field_or_of_what_holds_it() -> None:
    written = written_terms.read_terms(
        READER, "title: x\ntargets:\n- key: a\n  objective:\n    at_least: '1'\n- key: b\n"
    )
    places = ("title", "targets[0].objective.at_least", "targets[0].warn_at.elapsed[0]", "targets[1].window", "review")
    assert [written.line_of(place) for place in places] == [1, 5, 3, 6, 1]
