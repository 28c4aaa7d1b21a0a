"""Settings of agreement-svc, read from ``SLM_AGREEMENT_*`` or else ``SLM_*``."""

from __future__ import annotations

from typing import ClassVar

from slm_chassis.settings import ServiceSettings


class AgreementSettings(ServiceSettings):
    """The settings of agreement-svc: those of every service, and no others."""

    context: ClassVar[str] = "agreement"
