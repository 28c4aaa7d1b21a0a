"""Conversion of domain objects and database rows to the JSON of the API, with instants as RFC 3339 text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.application.accounts import CallerProfile
from slm_agreement.domain.checks import smart
from slm_agreement.domain.contracting import signing
from slm_agreement.domain.documents.canonical import canonical_json, sha256_hex
from slm_agreement.domain.people.enrolment import KEY, ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.named_companies import NamedCompany
from slm_agreement.domain.people.people import Mandate, Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import SIGNED, Actor, Revision, Signature, Version, VersionState
from slm_events import instants


def instant_text(instant: int | None) -> str | None:
    """Return an instant as RFC 3339 text; None for None."""
    return None if instant is None else instants.to_text(instant)


def party_json(value: Party) -> dict[str, Any]:
    """Return a party as JSON."""
    return {
        "party_id": value.party_id,
        "key": value.key,
        "name": value.name,
        "external_refs": value.external_refs,
    }


def named_company_json(value: NamedCompany) -> dict[str, Any]:
    """Return a named company as JSON."""
    return {
        **party_json(value.as_party()),
        "named_by_party_id": value.named_by_party_id,
        "joined_party_id": value.joined_party_id,
    }


def person_json(value: Person) -> dict[str, Any]:
    """Return a person as JSON."""
    return {
        "person_id": value.person_id,
        "party_id": value.party_id,
        "key": value.key,
        "name": value.name,
        "email": value.email,
        "mandates": [_mandate(mandate) for mandate in value.mandates],
        "external_refs": value.external_refs,
    }


def _mandate(value: Mandate) -> dict[str, Any]:
    return {
        "role": value.role,
        "text": value.text,
        "valid_from": instant_text(value.valid_from),
        "valid_until": instant_text(value.valid_until),
    }


def principal_json(value: EnrolledPrincipal) -> dict[str, Any]:
    """Return a principal as JSON, with the ids of its API keys but without the keys."""
    return {
        "principal_id": value.principal_id,
        "party_id": value.party_id,
        "key": value.key,
        "name": value.name,
        "roles": value.roles,
        "person_id": value.person_id,
        "ends_at": instant_text(value.ends_at),
        "keys": [
            {
                "key_id": key.key_id,
                "scopes": key.scopes,
                "created_at": instant_text(key.created_at),
                "issued_how": key.issued_how,
                "issued_by": key.issued_by_name,
                "may_sign": key.may_sign,
                "identified_by": key.identified_by,
                "expires_at": instant_text(value.expiry_of(key)),
                "revoked_at": instant_text(key.revoked_at),
            }
            for key in value.keys
        ],
    }


def session_json(value: ApiKey, caller_key_id: str | None) -> dict[str, Any]:
    """Return a session as JSON, without its API key."""
    return {
        "session_id": value.key_id,
        "client": value.client,
        "identified_by": value.identified_by,
        "may_sign": value.may_sign,
        "created_at": instant_text(value.created_at),
        "expires_at": instant_text(value.expires_at),
        "is_current": value.key_id == caller_key_id,
    }


def caller_json(value: CallerProfile) -> dict[str, Any]:
    """Return the JSON of ``/api/v1/me``: principal, party, person and API key of the caller."""
    caller, key = value.caller, value.key
    return {
        "principal_id": caller.principal_id,
        "name": caller.name,
        "roles": sorted(caller.roles),
        "party": None if value.party is None else party_json(value.party),
        "person": None if value.person is None else person_json(value.person),
        "email": None if value.account is None else value.account.email,
        "key_id": caller.key_id,
        "scopes": sorted(caller.scopes),
        "identified_by": KEY if key is None else key.identified_by,
        "limited_to": list(caller.limited_to),
        "may_sign": key is not None and key.may_sign,
        "expires_at": instant_text(caller.expires_at),
    }


def relation_json(value: Relation) -> dict[str, Any]:
    """Return a relation as JSON."""
    return {
        "relation_id": value.relation_id,
        "party_ids": [value.first_party_id, value.second_party_id],
        "made_how": value.made_how,
        "made_at": instant_text(value.made_at),
    }


def invitation_json(value: Invitation, now: int) -> dict[str, Any]:
    """Return an invitation as JSON."""
    return {
        "invitation_id": value.invitation_id,
        "kind": value.kind,
        "state": value.state_at(now),
        "party_id": value.party_id,
        "principal_id": value.principal_id,
        "alias": value.alias,
        "note": value.note,
        "created_at": instant_text(value.created_at),
        "created_by": value.created_by_name,
        "expires_at": instant_text(value.expires_at),
        "ended_at": instant_text(value.ended_at),
        "accepted_party_id": value.accepted_party_id,
        "email": value.email,
        **({} if value.named_company_id is None else {"named_company_id": value.named_company_id}),
    }


def service_json(value: Service, party_id: str | None) -> dict[str, Any]:
    """Return a service as JSON for a reader of this party.

    Only the provider reads on what its service depends and from what it is made.
    """
    is_own = value.provider_party_id == party_id
    inside: dict[str, Any] = {}
    if is_own and value.dependencies is not None:
        inside["dependencies"] = value.dependencies
    if is_own and value.configuration_items:
        inside["configuration_items"] = value.configuration_items
    return {
        "service_id": value.service_id,
        "provider_party_id": value.provider_party_id,
        "key": value.key,
        "name": value.name,
        "outcome": value.outcome,
        "description": value.description,
        "external_refs": value.external_refs,
        "status": value.status,
        "status_history": [{**each, "since": instant_text(each["since"])} for each in value.status_history],
        "planned_on": value.planned_on,
        "further_outcomes": value.further_outcomes,
        "moments_of_truth": value.moments_of_truth,
        "owner": value.owner,
        "priority": value.priority,
        "weight": value.weight,
        **inside,
    }


def requirement_json(value: Requirement) -> dict[str, Any]:
    """Return a requirement as JSON."""
    return {
        "requirement_id": value.requirement_id,
        "customer_party_id": value.customer_party_id,
        "service_id": value.service_id,
        "key": value.key,
        "text": value.text,
        "outcome": value.outcome,
        "recorded_at": instant_text(value.recorded_at),
        "external_refs": value.external_refs,
    }


def entity_tag_of(shape: Mapping[str, Any]) -> str:
    """Return the entity tag of an object's JSON. Equal JSON has equal tags."""
    return sha256_hex(canonical_json(shape))[:32]


def version_tag(version: Version) -> str:
    """Return the text for the entity tag of a version: it changes with every change of the version."""
    return f"{version.number}.{version.edits}"


def agreement_json(versions: Sequence[Version], shown: Version) -> dict[str, Any]:
    """Return an agreement as JSON, with one version in full and a summary of each version that the caller may see."""
    identity, revision = shown.identity, shown.current
    terms = revision.document["term"]
    return {
        "agreement_id": identity.agreement_id,
        "key": identity.key,
        "kind": identity.kind,
        "scope": identity.scope,
        "drafting_party_id": identity.drafting_party_id,
        "provider_party_id": identity.provider_party_id,
        "customer_party_id": identity.customer_party_id,
        "service_id": identity.service_id,
        "external_refs": identity.external_refs,
        "version": shown.number,
        "state": str(shown.state),
        "title": revision.document["title"],
        "timezone": revision.document["timezone"],
        "revision": revision_summary_json(revision),
        "on_the_table_of": None if shown.tabled is None else shown.tabled_by_party_id,
        "accepted_by": sorted({a.party_id for a in shown.acceptances if a.revision_hash == revision.hash}),
        "signatures": [_signature(signature) for signature in shown.signatures],
        "missing_signatures": signing.describe_missing_signatures(shown) if shown.state == VersionState.AGREED else [],
        "effective_at": terms["effective_at"],
        "expires_at": terms["expires_at"],
        "ends_at": instant_text(shown.ends_at),
        "finalized_at": instant_text(shown.finalized_at),
        "ended_at": instant_text(shown.ended_at),
        "end_reason": shown.end_reason,
        "termination_request": _ending(versions),
        "proposal_id": shown.proposal_id,
        "versions": [
            {
                "version": version.number,
                "state": str(version.state),
                "effective_at": version.current.document["term"]["effective_at"],
                "proposal_id": version.proposal_id,
            }
            for version in versions
        ],
        "document": revision.document,
    }


def find_version_to_show(versions: Sequence[Version], number: int | None) -> Version | None:
    """Return the version with this number; None if there is none.

    Without a number it is the version signed last or, if none is signed, the newest.
    """
    if number is not None:
        return next((version for version in versions if version.number == number), None)
    signed = smart.latest_signed_number(versions)
    wanted = signed if signed is not None else max(version.number for version in versions)
    return next(version for version in versions if version.number == wanted)


def revision_summary_json(revision: Revision) -> dict[str, Any]:
    """Return a revision as JSON without its content."""
    return {
        "number": revision.number,
        "hash": revision.hash,
        "author": _author(revision.author),
        "created_at": instant_text(revision.created_at),
        "tabled_at": instant_text(revision.tabled_at),
        "base_version": revision.base_version,
    }


def revision_json(value: Revision) -> dict[str, Any]:
    """Return a revision as JSON with its content; ``hash`` is the SHA-256 of the content in RFC 8785 form."""
    return {**revision_summary_json(value), "content": value.content}


def history_entry_json(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an audit entry as JSON for the history of an agreement."""
    detail = {name: value for name, value in row["detail"].items() if name != "private"}
    return {
        "seq": row["seq"],
        "at": instant_text(row["at"]),
        "action": row["action"],
        "by_principal_id": row["principal_id"],
        "by_party_id": row["party_id"],
        "detail": detail,
    }


def _ending(versions: Sequence[Version]) -> dict[str, Any] | None:
    """Return, as JSON, the open request of one side to end the agreement early; None without a request."""
    asked = next((v.ending for v in versions if v.ending is not None and v.state in term.LIVE), None)
    return asked and {
        "request_id": asked["request_id"],
        "by_party_id": asked["party_id"],
        "by": asked["name"],
        "reason": asked["reason"],
        "at": instant_text(asked["at"]),
        "asked_at": instant_text(asked["asked_at"]),
    }


def is_signed_version(version: Version) -> bool:
    """Return whether the version is finalized, including versions that have ended since."""
    return version.state in SIGNED


def _author(author: Actor) -> dict[str, Any]:
    return {"principal_id": author.principal_id, "party_id": author.party_id, "person_id": author.person_id}


def _signature(value: Signature) -> dict[str, Any]:
    return {
        "side": value.side,
        "party_id": value.party_id,
        "person_id": value.person_id,
        "name": value.name,
        "mandate": value.mandate,
        "key_id": value.key_id,
        "key_issued_how": value.key_issued_how,
        "key_issued_by": value.key_issued_by,
        "key_issued_at": instant_text(value.key_issued_at),
        "identified_by": value.identified_by,
        "revision_hash": value.revision_hash,
        "signed_at": instant_text(value.signed_at),
        "findings": value.findings,
        "waivers": value.waivers,
    }
