"""Conversion of pulls, their progress and their runs to database rows, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from slm_monitor.domain.pulls.pulls import (
    MOST_RUNS,
    Position,
    Pull,
    PullAuthentication,
    PullProgress,
    PullRun,
    ReconciliationProgress,
)
from slm_monitor.domain.pulls.queries import SampleQuery

PULL_COLUMNS = (
    "pull_id, party_id, title, connector, source, address, path, filter, mapping, authentication_kind,"
    " authentication_user, every_seconds, reconcile_at, zone, cancels_missing, is_paused, version, created_at,"
    " created_by_principal_id, query"
)
RUN_COLUMNS = (
    "run_id, pull_id, kind, started_at, ended_at, outcome, requests, tickets, changed, refused, problem, errors,"
    " missing, samples, ignored"
)
MOST_RECONCILIATIONS = MOST_RUNS // 5
"""How many of the kept runs of a pull are reconciliations. Without this share, the many runs that ask for changes in a
day would push out the run of the nightly reconciliation.
"""


def pull_of(row: RowMapping) -> Pull:
    """Convert a row to a pull. The row must have all ``PULL_COLUMNS``, and may have more columns."""
    names = PULL_COLUMNS.replace("\n", " ").split(", ")
    values = {name.strip(): row[name.strip()] for name in names}
    way = PullAuthentication(values.pop("authentication_kind"), values.pop("authentication_user"))
    query = values.pop("query")
    return Pull(**values, authentication=way, query=SampleQuery(**json.loads(query)) if query else None)


def pull_row(pull: Pull, progress: PullProgress, secret: str | None) -> dict[str, Any]:
    """Convert a pull, its progress and its secret to the values of a row, column → value."""
    row = asdict(pull)
    row["query"] = "" if pull.query is None else json.dumps(row["query"])
    row |= {f"authentication_{name}": value for name, value in row.pop("authentication").items()}
    return row | {"secret": secret, **progress_row(progress)}


def progress_of(text: str) -> PullProgress:
    """Convert the stored JSON text of a pull's progress to an object."""
    values = json.loads(text)
    reconciling = values.pop("reconciling")
    if reconciling is not None:
        reconciling = ReconciliationProgress(**{**reconciling, "missing": tuple(reconciling["missing"])})
    position, missing = Position(**values.pop("position")), tuple(values.pop("missing"))
    return PullProgress(position=position, reconciling=reconciling, missing=missing, **values)


def progress_row(progress: PullProgress) -> dict[str, Any]:
    """Return the values of a pull's row that change with the pull's progress, column → value."""
    return {"progress": json.dumps(asdict(progress)), "due_at": progress.due_at()}


def run_of(row: RowMapping) -> PullRun:
    """Convert a row to a run of a pull."""
    lists = {name: tuple(json.loads(row[name])) for name in ("errors", "missing")}
    return PullRun(**{**row, **lists})


def run_row(run: PullRun) -> dict[str, Any]:
    """Convert a run of a pull to the values of a row, column → value."""
    return {**asdict(run), "errors": json.dumps(run.errors), "missing": json.dumps(run.missing)}
