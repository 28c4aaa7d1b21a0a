"""What this service is told by its environment: ``SLM_AGREEMENT_*``, else ``SLM_*``."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class AgreementSettings(ServiceSettings):
    """Nothing beyond what every service is told."""

    context: ClassVar[str] = "agreement"
