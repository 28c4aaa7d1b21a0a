"""Types of fields and references to other systems that many answers share."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer

Role = Literal[
    "operator", "service_level_manager", "business_signatory", "provider_signatory", "integrator", "viewer", "auditor"
]
IssuedHow = Literal["operator", "invitation", "holder", "manager"]
IdentifiedBy = Literal["key", "password", "sign_in_link", "mail_code", "oidc"]


class ExternalRefResponse(Answer):
    """The id of the same object in another system."""

    system: str
    """Name of the other system"""
    id: str
    """Id of the object in the other system"""
    url: str | None
    """Address of a page about it; null: none is known"""
