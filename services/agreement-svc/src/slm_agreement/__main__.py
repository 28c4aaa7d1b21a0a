"""The entry point of agreement-svc in a process of its own: ``python -m slm_agreement``."""

from __future__ import annotations

from slm_agreement.bootstrap import CONTEXT, build
from slm_agreement.settings import AgreementSettings
from slm_chassis.app import main

if __name__ == "__main__":
    main(CONTEXT, build, AgreementSettings)
