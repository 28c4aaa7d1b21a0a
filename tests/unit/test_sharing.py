"""Members of a group share every partition, none twice, and like topics alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slm_chassis.log.port import TopicPartition
from slm_chassis.log.sharing import share_of


@given(members=st.integers(1, 9), partitions=st.integers(1, 16))
def test_every_partition_has_one_owner_and_shares_are_even(members: int, partitions: int) -> None:
    group = {member: ["one", "twin"] for member in range(members)}
    shares = [share_of(member, group, {"one": partitions, "twin": partitions}) for member in group]
    owned = [source for share in shares for source in share]
    assert sorted(owned) == [TopicPartition(topic, n) for topic in ("one", "twin") for n in range(partitions)]
    for share in shares:
        assert {s.partition for s in share if s.topic == "one"} == {s.partition for s in share if s.topic == "twin"}
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 2


def test_only_those_who_read_a_topic_share_it() -> None:
    group = {"old": ["one"], "new": ["one", "two"]}
    assert share_of("new", group, {"one": 2, "two": 2}) == {
        TopicPartition("one", 1),
        TopicPartition("two", 0),
        TopicPartition("two", 1),
    }
