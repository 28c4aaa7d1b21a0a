"""The partitioner agrees with Kafka's Java clients."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import DefaultPartitioner

from slm_chassis.log.partitioner import murmur2, partition_of

# org.apache.kafka.common.utils.UtilsTest.testMurmur2
PUBLISHED = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("data", PUBLISHED)
def test_murmur2_gives_the_values_kafka_publishes(data: bytes) -> None:
    assert murmur2(data) == PUBLISHED[data] & 0xFFFFFFFF


@pytest.mark.parametrize("partitions", [1, 3, 4, 12, 97])
def test_a_key_goes_to_the_partition_another_implementation_chooses(partitions: int) -> None:
    choose = DefaultPartitioner()
    for key in ["", "a", "payments.checkout", "Zürich/日本", *(f"key-{number}" for number in range(200))]:
        assert partition_of(key, partitions) == choose(key.encode(), list(range(partitions)), [])
