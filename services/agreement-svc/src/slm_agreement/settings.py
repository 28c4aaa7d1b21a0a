"""Settings of agreement-svc, read from ``SLM_AGREEMENT_*`` or else ``SLM_*``."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class AgreementSettings(ServiceSettings):
    """The settings of agreement-svc. It has only the settings that every service has."""

    context: ClassVar[str] = "agreement"
