"""Signatures: who may sign which revision under which mandate, and when all required people have signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.checks import smart
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, WrongState
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.people import SIGNATORY_ROLES, Mandate, Person
from slm_agreement.domain.versions import finalizing, term
from slm_agreement.domain.versions.agreement import Actor, Signature, Version, VersionState, require_current_hash
from slm_events import instants
from slm_events.instants import UtcMicroseconds

SIDES = ("provider", "customer")


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who may sign now for one side of an agreement, with mandate, principal and the API key in use."""

    side: str
    principal_id: str
    person: Person
    mandate: Mandate
    key: ApiKey


def authorize_signer(
    side: str, principal: EnrolledPrincipal | None, key_id: str | None, person: Person | None, now: UtcMicroseconds
) -> Signer:
    """Return the signer for a side: this person, with this principal and API key.

    Raises NotAllowed if the principal has no signatory's role for the side, the person is missing or has no valid
    mandate, the key is not valid, or a manager was involved in issuing the key.
    """
    role = SIGNATORY_ROLES[side]
    if principal is None or role not in principal.roles:
        raise NotAllowed(f"Signing for the {side} needs the role {role}.")
    if person is None or person.party_id != principal.party_id:
        raise NotAllowed("Only a person can sign: enrol the principal with the person_id of somebody of your party.")
    key = principal.live_key(key_id, now)
    if key is None or not key.may_sign:
        raise NotAllowed("A manager was involved in issuing this key: sign with a key from an operator's invitation.")
    mandate = person.mandate_for(side, now)
    if mandate is None:
        raise NotAllowed(f"{person.name} has no mandate as {role} now: record one with the person.")
    return Signer(side, principal.principal_id, person, mandate, key)


@dataclass(frozen=True, slots=True)
class SigningContext:
    """The data that a signature is checked against, in addition to the signed version.

    ``others`` are the agreement's other versions; ``names`` are the present names of the parties and the service;
    ``around`` are findings about other agreements of the provider.
    """

    others: Sequence[Version]
    names: finalizing.NamesAtSigning
    around: Sequence[Finding] = ()


def record_signature(
    version: Version,
    revision_hash: Any,
    waivers: Sequence[Mapping[str, str]],
    by: Signer,
    context: SigningContext,
    now: UtcMicroseconds,
) -> None:
    """Record one person's signature. The last required signature finalizes the version.

    ``waivers`` are ``{"code", "reason"}`` for slips and warnings. Raises NotAllowed if the person has signed for the
    other side, and WrongState unless both parties have accepted the revision. Raises Invalid if the hash is
    not that of the current revision, if the SMART check finds an error, or if nobody has waived a slip or warning.
    """
    if _has_signed(version, by.person, revision_hash):
        return
    if version.state != VersionState.AGREED:
        raise WrongState(
            f"Version {version.number} is {version.state}: only a version that both parties accepted can be signed."
        )
    require_current_hash(revision_hash, version)
    _one_side_only(version, by)
    findings = smart.run_smart_check(version, version.current, context.others, now, context.around)
    _waived(version, findings, waivers)
    # A waiver may have been written for a finding that is gone, such as a back-test that was still running.
    open_ = smart.select_findings_to_waive(findings)
    waivers = [waiver for waiver in waivers if any(_waives(waiver, finding, open_) for finding in open_)]
    version.signatures.append(_signature(version, by, findings, waivers, now))
    version.edits += 1
    if not describe_missing_signatures(version):
        _finalize(version, context.names, context.others, now)


def describe_missing_signatures(version: Version) -> list[dict[str, str]]:
    """Return the signatures that are still required, each as ``{"side", "needs"}``; ``needs`` says in words who must
    sign.

    There are three conditions. Everybody whom the document names has signed. Each side has at least one signature. The
    author of the revision is not the only one who signed for their side.
    """
    return [{"side": side, "needs": need} for side in SIDES for _, need in _missing_of(version, side)]


def pending_signatures(version: Version) -> list[tuple[str, str | None]]:
    """Return (side, person id) for each signature that is still required. Person id None: any person who may sign."""
    return [(side, person_id) for side in SIDES for person_id, _ in _missing_of(version, side)]


def _missing_of(version: Version, side: str) -> list[tuple[str | None, str]]:
    revision = version.current
    signed = [s for s in version.signatures if s.side == side and s.revision_hash == revision.hash]
    named = revision.document["signatories"][side]
    needs: list[tuple[str | None, str]] = [
        (person_id, f"person {person_id}") for person_id in named if person_id not in {s.person_id for s in signed}
    ]
    if not signed and not named:
        needs.append((None, f"a person with a mandate as {SIGNATORY_ROLES[side]}"))
    if signed and not needs and all(_wrote(revision.author, signature) for signature in signed):
        needs.append((None, "a person other than the author of the revision"))
    return needs


def _wrote(author: Actor, signature: Signature) -> bool:
    return signature.principal_id == author.principal_id or signature.person_id == author.person_id


def _has_signed(version: Version, person: Person, revision_hash: Any) -> bool:
    return any(s.person_id == person.person_id and s.revision_hash == revision_hash for s in version.signatures)


def _one_side_only(version: Version, by: Signer) -> None:
    if any(s.identity == by.person.identity and s.side != by.side for s in version.signatures):
        raise NotAllowed(f"{by.person.name} has signed for the other party: one person cannot sign for both.")


def _waived(version: Version, findings: Sequence[Finding], waivers: Sequence[Mapping[str, str]]) -> None:
    errors = smart.select_errors(findings)
    if errors:
        raise Invalid("The check finds errors: correct them before anybody signs.", errors)
    given = [waiver for signature in version.signatures for waiver in signature.waivers] + list(waivers)
    open_ = smart.select_findings_to_waive(findings)
    unwaived = [finding for finding in open_ if not any(_waives(waiver, finding, open_) for waiver in given)]
    if unwaived:
        remedy = 'add {"code", "reason"} to waivers for each, and "field" where several have the same code'
        raise Invalid(f"Slips and warnings must be corrected or waived: {remedy}.", unwaived)


def _waives(waiver: Mapping[str, str | None], finding: Finding, others: Sequence[Finding]) -> bool:
    """Return whether the waiver covers the finding.

    Both must have the same code and, if the waiver names a field, the same field. A waiver without a field covers a
    finding only if no other finding has its code.
    """
    if waiver["code"] != finding.code:
        return False
    if waiver.get("field") is not None:
        return waiver["field"] == finding.field
    return sum(other.code == finding.code for other in others) == 1


def _signature(
    version: Version,
    by: Signer,
    findings: Sequence[Finding],
    waivers: Sequence[Mapping[str, str]],
    now: UtcMicroseconds,
) -> Signature:
    person, key = by.person, by.key
    return Signature(
        revision_hash=version.current.hash,
        side=by.side,
        party_id=person.party_id,
        person_id=person.person_id,
        identity=person.identity,
        name=person.name,
        mandate=by.mandate.text or by.mandate.role,
        principal_id=by.principal_id,
        key_id=key.key_id,
        key_issued_how=key.issued_how,
        key_issued_by=key.issued_by_name,
        key_issued_at=key.created_at,
        identified_by=key.identified_by,
        signed_at=now,
        findings=[finding.document() for finding in findings],
        waivers=[{**waiver, "waived_by": person.name, "side": by.side} for waiver in waivers],
    )


def _finalize(
    version: Version, names: finalizing.NamesAtSigning, others: Sequence[Version], now: UtcMicroseconds
) -> None:
    written = version.current.document["term"]
    version.state = VersionState.FINALIZED
    version.finalized_at = now
    version.effective_at = instants.from_text(written["effective_at"])
    version.ends_at = instants.from_text(written["expires_at"]) if written["expires_at"] else None
    _heed_termination(version, others)
    version.events.append(finalizing.agreement_finalized_event(version, names))


def _heed_termination(version: Version, others: Sequence[Version]) -> None:
    """If the agreement was terminated before this version was signed, let the version end with it at the latest."""
    for other in others:
        given = other.state in term.LIVE and other.end_reason and other.ends_at is not None
        if given and (version.ends_at is None or (other.ends_at or 0) < version.ends_at):
            version.ends_at, version.end_reason = other.ends_at, other.end_reason
