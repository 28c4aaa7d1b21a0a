"""What happens to a test without PostgreSQL or Kafka: it is skipped, or fails with ``SLM_REQUIRE_REAL=1``."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unavailable(what: str, cause: BaseException) -> NoReturn:
    """Skip the test, or fail it with ``SLM_REQUIRE_REAL=1``. ``what`` is missing because of ``cause``."""
    reason = f"{what} is not available here: {cause}"
    if os.environ.get("SLM_REQUIRE_REAL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
