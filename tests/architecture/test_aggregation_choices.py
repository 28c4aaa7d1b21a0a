"""What counts as a choice by kind of aggregation, and how many there are."""

from __future__ import annotations

from pathlib import Path

from tools import aggregation_choices

MOST = 6
"""The number of choices outside the registry, all of them in SQL. It may only become lower."""


def test_a_new_choice_by_kind_of_aggregation_belongs_into_the_registry() -> None:
    found = aggregation_choices.find_choices(aggregation_choices.ROOT)
    assert len(found) <= MOST, "\n".join(f"{each.path}:{each.line}  {each.text}" for each in found)


def test_comparisons_tables_look_ups_and_classes_are_choices(tmp_path: Path) -> None:
    domain = tmp_path / aggregation_choices.SOURCE / "domain"
    (domain / "aggregations").mkdir(parents=True)
    (domain / "aggregations" / "means.py").write_text('is_mean = terms.aggregation == "mean"\n')
    (domain / "windows.py").write_text(
        '"""A docstring about aggregation = \'mean\'."""\n'
        'a = terms.aggregation == "mean"\n'
        "b = kind in DERIVED_AGGREGATIONS\n"
        "c = isinstance(tally, ShareAccumulator)\n"
        "d = TABLE[terms.aggregation]\n"
        'e = {"mean": 1, "max": 2}\n'
        "f = \"SELECT 1 WHERE terms ->> 'aggregation' = 'clock'\"\n"
        'g = indicator.kind == "availability"\n'
    )
    found = aggregation_choices.find_choices(tmp_path)
    assert [each.line for each in found] == [2, 3, 4, 5, 6, 6, 7]
