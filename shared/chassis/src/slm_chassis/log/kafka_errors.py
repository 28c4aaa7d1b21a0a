"""The translation of the Kafka client's errors into those of the log port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors

from slm_chassis.log.port import LogUnavailable, OffsetVanished, RecordRefused, UnknownTopic


@contextmanager
def translate_kafka_errors() -> Iterator[None]:
    """In the body of the ``with`` statement, replace each error of the Kafka client by the log port's error."""
    try:
        yield
    except errors.MessageSizeTooLargeError as cause:
        raise RecordRefused(f"the record is too large: {cause}") from cause
    except errors.OffsetOutOfRangeError as cause:
        raise OffsetVanished(f"Kafka does not hold the position: {cause}") from cause
    except errors.UnknownTopicOrPartitionError as cause:
        raise UnknownTopic(f"Kafka does not know the topic: {cause}") from cause
    except (errors.KafkaError, OSError) as cause:
        raise LogUnavailable(f"Kafka cannot be reached: {cause or type(cause).__name__}") from cause
