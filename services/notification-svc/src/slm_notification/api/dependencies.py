"""The dependencies of routes: the typed parts of the service, and the callers that may change endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_chassis.access import Principal
from slm_chassis.http.access import require_role
from slm_chassis.http.parts import Part
from slm_notification.application.mail_ports import PreferenceDesk
from slm_notification.application.ticket_writing import WriterOffice
from slm_notification.application.webhooks import WebhookOffice

OFFICE = Part[WebhookOffice]("office")
EDITORS = ("integrator", "service_level_manager")

WRITERS = Part[WriterOffice]("writers")
PREFERENCES = Part[PreferenceDesk]("preferences")

TheOffice = Annotated[WebhookOffice, Depends(OFFICE.of)]
TheWriters = Annotated[WriterOffice, Depends(WRITERS.of)]
ThePreferences = Annotated[PreferenceDesk, Depends(PREFERENCES.of)]
Editor = Annotated[Principal, Depends(require_role(*EDITORS))]
"""Type of a route's parameter: the caller, who needs one of the roles ``EDITORS``."""
