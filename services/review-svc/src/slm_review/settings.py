"""What review-svc is told by its environment."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class ReviewSettings(ServiceSettings):
    """``SLM_REVIEW_<FIELD>`` over ``SLM_<FIELD>``."""

    context: ClassVar[str] = "review"

    watch_pause_seconds: float = 0.5
    """Real time between two looks for reviews that are due."""
