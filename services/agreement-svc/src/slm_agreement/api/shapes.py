"""Conversion of domain values and rows to the JSON of the API, with instants as RFC 3339 text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_agreement.domain.checks import smart
from slm_agreement.domain.contracting import signing
from slm_agreement.domain.documents.canonical import canonical, hash_of
from slm_agreement.domain.people.enrolment import EnrolledPrincipal
from slm_agreement.domain.people.invitations import Invitation
from slm_agreement.domain.people.people import Mandate, Party, Person, Requirement, Service
from slm_agreement.domain.people.relations import Relation
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import SIGNED, Mover, Revision, Signature, State, Version
from slm_events import instants


def text_of(instant: int | None) -> str | None:
    """Return an instant as RFC 3339 text; None for None."""
    return None if instant is None else instants.to_text(instant)


def party(value: Party) -> dict[str, Any]:
    """Return a party as JSON."""
    return {
        "party_id": value.party_id,
        "key": value.key,
        "name": value.name,
        "external_refs": value.external_refs,
    }


def person(value: Person) -> dict[str, Any]:
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
        "valid_from": text_of(value.valid_from),
        "valid_until": text_of(value.valid_until),
    }


def principal(value: EnrolledPrincipal) -> dict[str, Any]:
    """Return a principal as JSON, with its keys' ids but without the keys."""
    return {
        "principal_id": value.principal_id,
        "party_id": value.party_id,
        "key": value.key,
        "name": value.name,
        "roles": value.roles,
        "person_id": value.person_id,
        "keys": [
            {
                "key_id": key.key_id,
                "scopes": key.scopes,
                "created_at": text_of(key.created_at),
                "issued_how": key.issued_how,
                "issued_by": key.issued_by_name,
                "may_sign": key.may_sign,
                "revoked_at": text_of(key.revoked_at),
            }
            for key in value.keys
        ],
    }


def relation(value: Relation) -> dict[str, Any]:
    """Return a relation as JSON."""
    return {
        "relation_id": value.relation_id,
        "party_ids": [value.first_party_id, value.second_party_id],
        "made_how": value.made_how,
        "made_at": text_of(value.made_at),
    }


def invitation(value: Invitation, now: int) -> dict[str, Any]:
    """Return an invitation as JSON."""
    return {
        "invitation_id": value.invitation_id,
        "kind": value.kind,
        "state": value.state_at(now),
        "party_id": value.party_id,
        "principal_id": value.principal_id,
        "alias": value.alias,
        "note": value.note,
        "created_at": text_of(value.created_at),
        "created_by": value.created_by_name,
        "expires_at": text_of(value.expires_at),
        "ended_at": text_of(value.ended_at),
        "accepted_party_id": value.accepted_party_id,
    }


def service(value: Service) -> dict[str, Any]:
    """Return a service as JSON."""
    return {
        "service_id": value.service_id,
        "provider_party_id": value.provider_party_id,
        "key": value.key,
        "name": value.name,
        "outcome": value.outcome,
        "description": value.description,
        "external_refs": value.external_refs,
    }


def requirement(value: Requirement) -> dict[str, Any]:
    """Return a requirement as JSON."""
    return {
        "requirement_id": value.requirement_id,
        "customer_party_id": value.customer_party_id,
        "service_id": value.service_id,
        "key": value.key,
        "text": value.text,
        "outcome": value.outcome,
        "recorded_at": text_of(value.recorded_at),
        "external_refs": value.external_refs,
    }


def tag(shape: Mapping[str, Any]) -> str:
    """Return an entity tag. Equal content has equal tags."""
    return hash_of(canonical(shape))[:32]


def version_tag(version: Version) -> str:
    """Return the text that identifies the state of a version, for its entity tag."""
    return f"{version.number}.{version.edits}"


def agreement(versions: Sequence[Version], shown: Version) -> dict[str, Any]:
    """Return an agreement with one version in full, and a summary of each version that the caller may see."""
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
        "revision": revision_line(revision),
        "on_the_table_of": None if shown.tabled is None else shown.tabled_by_party_id,
        "accepted_by": sorted({a.party_id for a in shown.acceptances if a.revision_hash == revision.hash}),
        "signatures": [_signature(signature) for signature in shown.signatures],
        "missing_signatures": signing.missing(shown) if shown.state == State.AGREED else [],
        "effective_at": terms["effective_at"],
        "expires_at": terms["expires_at"],
        "ends_at": text_of(shown.ends_at),
        "finalized_at": text_of(shown.finalized_at),
        "ended_at": text_of(shown.ended_at),
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


def chosen(versions: Sequence[Version], number: int | None) -> Version | None:
    """Return the version with this number; without one the last signed version, else the newest. None if there
    is none.
    """
    if number is not None:
        return next((version for version in versions if version.number == number), None)
    signed = smart.latest_signed(versions)
    wanted = signed if signed is not None else max(version.number for version in versions)
    return next(version for version in versions if version.number == wanted)


def agreement_line(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return an agreement as an item of a list."""
    instants_ = ("effective_at", "ends_at", "finalized_at", "ended_at")
    return {name: text_of(value) if name in instants_ else value for name, value in row.items()}


def revision_line(revision: Revision) -> dict[str, Any]:
    """Return a revision without its content."""
    return {
        "number": revision.number,
        "hash": revision.hash,
        "author": _author(revision.author),
        "created_at": text_of(revision.created_at),
        "tabled_at": text_of(revision.tabled_at),
        "base_version": revision.base_version,
    }


def revision(value: Revision) -> dict[str, Any]:
    """Return a revision with its content, whose RFC 8785 form has the SHA-256 ``hash``."""
    return {**revision_line(value), "content": value.content}


def history_line(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of the audit as an entry of an agreement's history."""
    detail = {name: value for name, value in row["detail"].items() if name != "private"}
    return {
        "seq": row["seq"],
        "at": text_of(row["at"]),
        "action": row["action"],
        "by_principal_id": row["principal_id"],
        "by_party_id": row["party_id"],
        "detail": detail,
    }


def _ending(versions: Sequence[Version]) -> dict[str, Any] | None:
    """Return a side's open request to end the agreement earlier than the notice period allows."""
    asked = next((v.ending for v in versions if v.ending is not None and v.state in term.LIVE), None)
    return asked and {
        "request_id": asked["request_id"],
        "by_party_id": asked["party_id"],
        "by": asked["name"],
        "reason": asked["reason"],
        "at": text_of(asked["at"]),
        "asked_at": text_of(asked["asked_at"]),
    }


def is_signed(version: Version) -> bool:
    """Whether the version is finalized, including versions that have ended since."""
    return version.state in SIGNED


def _author(author: Mover) -> dict[str, Any]:
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
        "key_issued_at": text_of(value.key_issued_at),
        "revision_hash": value.revision_hash,
        "signed_at": text_of(value.signed_at),
        "findings": value.findings,
        "waivers": value.waivers,
    }
