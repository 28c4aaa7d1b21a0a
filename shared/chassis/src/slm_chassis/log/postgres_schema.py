"""The tables of the PostgreSQL log, and the creation of its database."""

from __future__ import annotations

from slm_chassis.log.port import LogError
from slm_chassis.log.postgres_pool import connect
from slm_chassis.migrations import ensure_database

# Keys of advisory locks; any number, but the same in every process.
CREATE_LOCK = 7_305_001
TIDY_LOCK = 7_305_002

VERSIONS = (
    """
    CREATE TABLE topic (
        id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name          text NOT NULL UNIQUE,
        compacted     boolean NOT NULL,
        retention_days integer
    );

    -- Updated by every append. Free space on the page lets PostgreSQL write the new row version there.
    CREATE TABLE partition (
        id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic         integer NOT NULL REFERENCES topic,
        number        integer NOT NULL,
        next_offset   bigint NOT NULL DEFAULT 0,
        first_offset  bigint NOT NULL DEFAULT 0,
        UNIQUE (topic, number)
    ) WITH (fillfactor = 20);

    CREATE TABLE record (
        partition     integer NOT NULL,
        "offset"      bigint NOT NULL,
        key           bytea NOT NULL,
        value         bytea NOT NULL,
        headers       bytea NOT NULL,
        appended_at   bigint NOT NULL,
        PRIMARY KEY (partition, "offset")
    );
    -- Compressing 100 KB values costs more than it saves, and hides their length from octet_length.
    ALTER TABLE record ALTER COLUMN value SET STORAGE EXTERNAL;

    CREATE TABLE member (
        "group"       text NOT NULL,
        id            text NOT NULL,
        topics        text[] NOT NULL,
        alive_until   timestamptz NOT NULL,
        PRIMARY KEY ("group", id)
    ) WITH (fillfactor = 20);

    CREATE TABLE lease (
        "group"       text NOT NULL,
        partition     integer NOT NULL REFERENCES partition,
        member        text,
        epoch         bigint NOT NULL DEFAULT 1,
        expires_at    timestamptz NOT NULL,
        read_up_to    bigint,
        PRIMARY KEY ("group", partition)
    ) WITH (fillfactor = 20);
    """,
    """
    -- One round trip for a whole append. "into_partitions" are in ascending order, so that two appends cannot
    -- deadlock. A partition's lock is held until the commit, so that offsets follow the order of commits.
    -- Returns the first offset in each partition, and then the instant of all of them.
    CREATE OR REPLACE FUNCTION append_records(
        into_partitions integer[], counts integer[],
        turns integer[], ranks integer[], keys bytea[], vals bytea[], heads bytea[]
    ) RETURNS bigint[] LANGUAGE plpgsql AS $$
    DECLARE
        firsts bigint[] := '{}';
        first_of bigint;
        now_at bigint;
    BEGIN
        FOR i IN 1 .. cardinality(into_partitions) LOOP
            UPDATE partition SET next_offset = next_offset + counts[i]
            WHERE id = into_partitions[i] RETURNING next_offset - counts[i] INTO STRICT first_of;
            firsts := firsts || first_of;
        END LOOP;
        now_at := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
        INSERT INTO record (partition, "offset", key, value, headers, appended_at)
        SELECT into_partitions[turn], firsts[turn] + rank, key, value, headers, now_at
        FROM unnest(turns, ranks, keys, vals, heads) AS given(turn, rank, key, value, headers);
        RETURN firsts || now_at;
    END $$;
    """,
)


async def create_log_database(url: str, client: str) -> None:
    """Create the log's database and its tables if they are missing. Several processes may do so at once."""
    await ensure_database(url)
    connection = await connect(url, client, client_min_messages="warning")
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", CREATE_LOCK)
            await connection.execute("CREATE TABLE IF NOT EXISTS log_version (version integer NOT NULL)")
            version = await connection.fetchval("SELECT coalesce(max(version), 0) FROM log_version")
            if version > len(VERSIONS):
                raise LogError(
                    f"the log's database is at version {version}, which this program does not know (its newest is "
                    f"{len(VERSIONS)}): a newer one has migrated it. Start that one, or restore the backup"
                )
            for number, script in enumerate(VERSIONS[version:], start=version + 1):
                await connection.execute(script)
                await connection.execute("INSERT INTO log_version VALUES ($1)", number)
    finally:
        await connection.close()
