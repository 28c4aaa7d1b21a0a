"""``/api/v1/notification-preferences``: which events the caller is told of by mail, and when."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from slm_chassis.access import Principal
from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_notification.api.dependencies import ThePreferences
from slm_notification.api.mail_responses import NotificationPreferenceBody, NotificationPreferenceResponse
from slm_notification.application import preferences
from slm_notification.application.preferences import Choice, Choices
from slm_notification.domain.readers import KINDS, SEVERITIES, Preference, when_told

router = APIRouter(prefix="/api/v1/notification-preferences", tags=["notification-preferences"])


@router.get(
    "", **operation("Read what you hear of by mail", NotificationPreferenceResponse, "without-person", headers=(ETAG,))
)
async def get_notification_preferences(caller: Caller, desk: ThePreferences, response: Response) -> dict[str, Any]:
    """Read when you are told of notices of each kind and severity, by mail.

    For kinds that you have not chosen, the rules of your roles apply.
    """
    return _shape(await preferences.read_preference(desk, caller), caller, response)


@router.put(
    "",
    **operation("Choose what you hear of by mail", NotificationPreferenceResponse, "without-person", headers=(ETAG,)),
)
async def put_notification_preferences(
    body: NotificationPreferenceBody, caller: Caller, desk: ThePreferences, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Replace your choices. They apply to events from now on. If a notice already waits for your next digest, it is
    still sent with the digest.

    `monday_service_ids` are services of which you get five lines each Monday: whether they work, what was kept, the
    minutes lost, and what comes next.
    """
    choices = [Choice(each.kind, each.severity, each.when) for each in body.rules]
    chosen = Choices(choices, body.time_zone, body.monday_service_ids)
    changed = await preferences.change_preference(
        desk, caller, chosen, lambda known: etag.check_if_match(if_match, known.version)
    )
    return _shape(changed, caller, response)


def _shape(preference: Preference, caller: Principal, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = etag.etag_of(preference.version)
    roles = sorted(caller.roles)
    return {
        "person_id": preference.person_id,
        "time_zone": preference.time_zone,
        "monday_service_ids": list(preference.monday_service_ids),
        "rules": [
            {
                "kind": kind,
                "severity": severity,
                "when": when_told(roles, preference.rules, kind, severity),
                "by_role": severity not in preference.rules.get(kind, {}),
            }
            for kind in KINDS
            for severity in SEVERITIES
        ],
    }
