from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from slm_chassis import tables as chassis_tables
from slm_events.review import (
    ActionPlanEnded,
    ActionPlanOpened,
    ReviewOpened,
    ReviewScheduled,
    TargetRevisionProposed,
)
from slm_review.adapters import tables
from tests.integration.review.conftest import Service
from tests.support.review import (
    AGREEMENT,
    at_risk,
    breached,
    cleared,
    closed,
    drafted,
    finalized,
    id_of,
    month,
    reported,
    restated,
    withdrawn,
)


async def test_the_migrations_make_the_tables_that_the_code_expects(service: Service) -> None:
    own = set(tables.metadata.tables) | set(chassis_tables.metadata.tables)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection)
        return [
            difference
            for metadata in (tables.metadata, chassis_tables.metadata)
            for difference in compare_metadata(context, metadata)
            if difference[0] not in ("remove_table", "remove_index")
        ]

    async with service.app.database.read() as connection:
        assert await connection.run_sync(differences) == []
        assert own <= set(await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync)))


async def test_a_risk_becomes_a_plan_and_a_breach_ends_it(service: Service) -> None:
    await service.hear(finalized(), at_risk("r", "2026-11-22T09:00", until="2026-11-22T10:40"))
    assert len(await service.told(ActionPlanOpened)) == 1
    await service.hear(breached("b", "2026-11-22T10:30"), cleared("r", "breached", "2026-11-22T10:30"))
    (ended,) = await service.told(ActionPlanEnded)
    assert (ended.outcome, ended.breach_id) == ("breached", id_of("b"))


async def test_everything_heard_again_under_new_ids_changes_nothing(service: Service) -> None:
    everything = [
        at_risk("r", "2026-11-22T09:00"),
        breached("b", "2026-11-22T10:30"),
        withdrawn("b"),
        breached("b", "2026-11-22T10:30", revision=1),
        cleared("r", "breached", "2026-11-22T10:30"),
        *(closed(month(number)) for number in (7, 8, 9)),
        restated(month(9), "met", "9998/100"),
        reported("november"),
        finalized(),
        drafted(None),
    ]
    await service.hear(*everything)
    kinds = (ActionPlanOpened, ActionPlanEnded, ReviewScheduled, ReviewOpened, TargetRevisionProposed)
    before = [await service.told(kind) for kind in kinds]
    assert [len(events) for events in before] == [1, 1, 1, 1, 1]
    await service.hear(*everything)
    assert [await service.told(kind) for kind in kinds] == before


async def test_the_same_record_delivered_twice_is_handled_once(service: Service) -> None:
    for _ in range(2):
        await service.hear(at_risk("r", "2026-11-22T09:00"), event_id=id_of("one event"))
    assert len(await service.told(ActionPlanOpened)) == 1


async def test_the_calendar_opens_a_scheduled_review_once(service: Service) -> None:
    await service.hear(finalized(review={"cadence": "month"}), breached("b", "2026-11-22T09:00"), reported("november"))
    assert await service.move_to("2026-12-01T00:09") == 0
    assert await service.move_to("2026-12-01T00:10") == 1
    assert await service.move_to("2026-12-01T00:11") == 0
    (opened,) = await service.told(ReviewOpened)
    assert (opened.agreement_id, opened.period) == (AGREEMENT, "2026-11")
    assert [item["kind"] for item in opened.agenda] == ["breach", "report"]
