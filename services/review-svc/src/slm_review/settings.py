"""Settings of review-svc, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class ReviewSettings(ServiceSettings):
    """Settings read from ``SLM_REVIEW_<FIELD>`` or else ``SLM_<FIELD>``."""

    context: ClassVar[str] = "review"

    watch_pause_seconds: float = 1.0
    """Real seconds between two checks for reviews that are due."""
