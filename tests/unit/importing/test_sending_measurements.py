"""Files of measurements, sent to the product's own validation: split, repeated or interrupted, they say the same."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slm.importing.door import ImportClient, SentItems
from slm.importing.measurement_run import MeasurementFile, SendingPlan, check_measurements, send_measurements
from slm_mappings import mapping
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.messages import ImportRefused
from slm_mappings.set_aside import SetAsideRows
from tests.unit.importing.real_door import RealDoor

HEADING = "at,name,host,ok,good,total,ms,count,n,stars,began\n"
BASE: dict[str, Any] = {
    "kind": "measurements",
    "source": {"column": "host"},
    "records": {"format": "csv"},
    "indicator": {"column": "name"},
    "at": "at",
}
KINDS: dict[str, dict[str, Any]] = {
    "probes": {"ok": "ok"},
    "states": {"state": {"column": "ok", "values": {"true": "up", "false": "down"}}},
    "ratios": {"good": "good", "total": "total"},
    "values": {"value": "ms", "unit": "ms"},
    "occurrences": {"count": "count"},
    "counters": {"cumulative": {"good": "good", "total": "total"}},
    "ratings": {"score": "stars", "scale": {"lowest": "1", "highest": "5"}},
    "recoveries": {"recovery": {"outage_start": "began", "service_restored": "at"}},
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm.importing.door.time.sleep", lambda seconds: None)


def mapped(measures: str, **more: Any) -> MeasurementMapping:
    document = BASE | {"measures": measures} | KINDS[measures] | more
    if measures == "recoveries":
        del document["at"]
    return mapping.parse_measurement_mapping(document)


def row(number: int) -> str:
    """A row whose values follow from the number alone, so that an equal number is an equal row."""
    total = number % 7 + 3
    return (
        f"2026-11-0{number % 9 + 1}T{number % 24:02}:00:0{number % 10}Z,part {number % 3},host-{number % 2},"
        f"{'true' if number % 5 else 'false'},{total - number % 3},{total},{number / 4},{number % 4 + 1},{number},"
        f"{number % 5 + 1},2026-10-0{number % 9 + 1}T00:00:00Z\n"
    )


def checked(path: Path, by: MeasurementMapping) -> MeasurementFile:
    return check_measurements(path, by, SetAsideRows())


def sent(api: RealDoor, found: MeasurementFile, **plan: Any) -> SentItems:
    with ImportClient("http://slm", "good-key", transport=api.transport) as door:
        return send_measurements(found, door, SendingPlan("run", **plan)).taken


@pytest.mark.parametrize("measures", KINDS)
def test_every_kind_is_accepted_by_the_product(tmp_path: Path, measures: str) -> None:
    (tmp_path / "file").write_text(HEADING + "".join(row(number) for number in range(20)))
    api = RealDoor()
    taken = sent(api, checked(tmp_path / "file", mapped(measures)))
    assert (taken.accepted, taken.refused) == (20, 0)
    assert len(api.rows) + len(api.kept) == 20
    assert set(api.indicators) == {"part-0", "part-1", "part-2"}
    assert api.imports == {"import-of-run": "judged"}


@pytest.mark.parametrize("measures", KINDS)
@pytest.mark.parametrize("own", [None, ["name", "n"]], ids=["by content", "by id"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_split_anywhere_and_sent_twice_comes_to_the_same(
    tmp_path: Path, measures: str, own: Any, data: st.DataObject
) -> None:
    chance = random.Random(data.draw(st.integers(0, 10_000)))
    numbers = data.draw(st.lists(st.integers(0, 200), min_size=2, max_size=40))
    lines = [row(number) for number in numbers]
    by = mapped(measures, id=own) if own else mapped(measures)
    (tmp_path / "whole").write_text(HEADING + "".join(lines))
    whole = RealDoor()
    sent(whole, checked(tmp_path / "whole", by))
    cut = data.draw(st.integers(1, len(lines) - 1))
    (tmp_path / "one").write_text(HEADING + "".join(lines[:cut]))
    (tmp_path / "two").write_text(HEADING + "".join(lines[cut:]))
    parts = RealDoor(largest_batch=chance.choice([3, 10_000]))
    for name in data.draw(st.permutations(["one", "two", "one", "two", "whole"])):
        sent(parts, checked(tmp_path / name, by), batch_size=chance.randint(1, 9))
    assert parts.state() == whole.state()


def test_a_server_that_dies_and_an_import_that_goes_on_after_a_row_lose_and_double_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(HEADING + "".join(row(number) for number in range(50)))
    by, whole, api = mapped("values"), RealDoor(), RealDoor()
    sent(whole, checked(tmp_path / "file", by))
    api.troubles = [None] * 7 + [403]
    with pytest.raises(ImportRefused) as refused:
        sent(api, checked(tmp_path / "file", by), batch_size=10)
    assert refused.value.findings[-1].remedy == "rows up to line 31 are sent; start again, or go on with --after 31"
    assert api.imports == {"import-of-run": "ended"}
    api.troubles = [httpx.ReadError("reset"), 503, None, 429]
    taken = sent(api, checked(tmp_path / "file", by), batch_size=10, after=31)
    assert taken.accepted == 20
    assert api.state() == whole.state()


def test_a_row_that_the_server_refuses_is_named(tmp_path: Path) -> None:
    lines = [row(number) for number in range(12)]
    lines[4] = lines[4].replace("2026-11-05", "2036-11-05")
    (tmp_path / "file").write_text(HEADING + "".join(lines))
    found = checked(tmp_path / "file", mapped("values"))
    taken = sent(RealDoor(largest_batch=3), found, batch_size=10)
    assert (taken.accepted, taken.refused) == (11, 1)
    assert found.bad.lines() == ["line 6, at '2036-11-05T04:00:04Z': check the sender's clock; it is kept, not judged"]


def test_bad_rows_are_set_aside_and_the_rest_is_sent(tmp_path: Path) -> None:
    lines = [row(number) for number in range(6)]
    (tmp_path / "file").write_text(
        HEADING + "".join(lines[:2]) + "too,short\n" + "".join(lines[2:]).replace("1.0", "x")
    )
    found = checked(tmp_path / "file", mapped("values"))
    assert (found.records, found.items, found.bad.count) == (7, 5, 2)
    assert [bad.row for bad in found.bad.first] == [4, 7]
    assert sent(RealDoor(), found).accepted == 5


def test_an_indicator_of_another_kind_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(HEADING + row(0))
    api = RealDoor()
    sent(api, checked(tmp_path / "file", mapped("values")))
    with pytest.raises(ImportRefused, match="another definition"):
        sent(api, checked(tmp_path / "file", mapped("ratios")))


def test_a_file_of_bad_rows_alone_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(HEADING + row(0).replace("0.0", "x"))
    with pytest.raises(ImportRefused, match="nothing to send: 1 record") as refused:
        checked(tmp_path / "file", mapped("values"))
    assert "line 2, ms 'x': it is not a number" in str(refused.value)


def test_the_length_of_a_file_does_not_matter_to_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm_mappings.measurements.LOOKED_BACK", 500)
    peaks = []
    for count in (2_000, 10_000):
        with (tmp_path / "file").open("w") as file:
            file.write(HEADING)
            file.writelines(row(number) for number in range(count))
        tracemalloc.start()
        found = checked(tmp_path / "file", mapped("values"))
        assert (found.items, sum(1 for _ in found.placed_items())) == (count, count)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
