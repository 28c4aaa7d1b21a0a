"""Settings of this service, read from ``SLM_AGREEMENT_*`` or else ``SLM_*``."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class AgreementSettings(ServiceSettings):
    """The settings that every service has; there are no others."""

    context: ClassVar[str] = "agreement"
