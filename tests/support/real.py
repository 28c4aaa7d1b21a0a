"""Whether a missing PostgreSQL or Kafka skips a test, visibly, or fails it (``SLM_REQUIRE_REAL=1``)."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(what: str, cause: BaseException) -> NoReturn:
    """Skip the test, or fail it where the real thing is required."""
    reason = f"{what} is not available here: {cause}"
    if os.environ.get("SLM_REQUIRE_REAL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
