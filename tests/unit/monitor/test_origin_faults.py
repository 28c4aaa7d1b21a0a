"""Origin faults: those of one party suspend its source; those of several parties or of no party stop the process."""

from __future__ import annotations

import pytest

from slm_chassis.workers import Halt
from slm_monitor.application.engine.origin_faults import OriginFaultCounter, SubjectRecordPart
from slm_monitor.domain.facts.facts import Fact

LIMIT = 100


def faulty(party: str, source: str = "probe") -> SubjectRecordPart:
    subject = f"{party}/payments.checkout"
    return SubjectRecordPart(subject, [], [Fact(subject, f"{source}\x1fid", 0, {"state": "up"})])


def fail(origins: OriginFaultCounter, part: SubjectRecordPart, times: int) -> list[object]:
    return [each for _ in range(times) if (each := origins.failed(part, "it cannot be judged")) is not None]


def test_a_source_is_set_aside_once_and_for_its_own_faults_alone() -> None:
    origins = OriginFaultCounter(lambda: 0.0)
    assert fail(origins, faulty("one"), LIMIT) == []
    assert fail(origins, faulty("two"), 1) == []
    (aside,) = fail(origins, faulty("one"), 5)
    assert (aside.owner_party_id, aside.source) == ("one", "probe")  # type: ignore[attr-defined]


def test_two_sources_of_one_party_stop_nobody() -> None:
    origins = OriginFaultCounter(lambda: 0.0)
    assert len(fail(origins, faulty("one"), LIMIT + 1)) == 1
    assert len(fail(origins, faulty("one", "another"), LIMIT + 1)) == 1


def test_sources_of_several_parties_that_fail_alike_stop_the_process() -> None:
    origins = OriginFaultCounter(lambda: 0.0)
    fail(origins, faulty("one"), LIMIT + 1)
    with pytest.raises(Halt, match="records of 2 parties"):
        fail(origins, faulty("two"), LIMIT + 1)


def test_records_that_belong_to_nobody_stop_the_process() -> None:
    origins = OriginFaultCounter(lambda: 0.0)
    with pytest.raises(Halt, match="in a row"):
        for _ in range(LIMIT + 1):
            origins.unattributed("it cannot be judged")
