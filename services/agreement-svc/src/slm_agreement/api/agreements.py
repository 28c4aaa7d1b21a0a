"""``/api/v1/agreements``: draft, amend, read, compare and check agreements."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy import ColumnElement

from slm_agreement.adapters import queries, tables
from slm_agreement.api import reading, shapes
from slm_agreement.api.agreement_answers import (
    AgreementAnswer,
    AgreementCheck,
    AgreementSummary,
    HistoryEntry,
    RevisionAnswer,
    RevisionDifferences,
    RevisionSummary,
)
from slm_agreement.api.dependencies import TheDesk
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.schemas import NewAgreement, NewAmendment, NewRevision
from slm_agreement.application import agreements, amendments, ticket_scopes
from slm_agreement.application.agreements import Draft, Redraft
from slm_agreement.domain.checks import smart
from slm_agreement.domain.documents import clauses, differences, templates
from slm_agreement.domain.versions.agreement import Revision, Version
from slm_chassis.access import Principal
from slm_chassis.http import etag
from slm_chassis.http.access import Caller
from slm_chassis.http.etag import IfMatch
from slm_chassis.http.operation import ETAG, operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of

VersionNumber = Annotated[int | None, Query(description="By default the version signed last, else the newest")]

router = APIRouter(prefix="/api/v1/agreements", tags=["agreements"])


@router.post(
    "",
    **operation(
        "Draft an agreement",
        AgreementAnswer,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def draft_agreement(body: NewAgreement, caller: Caller, desk: TheDesk, response: Response) -> dict[str, Any]:
    """Draft an agreement from a document, a template or both. The same key and document again answer 200."""
    order = Draft(external_refs=body.references(), **body.model_dump(exclude={"external_refs"}))
    versions, is_new = await agreements.draft(desk, caller, order)
    response.status_code = 201 if is_new else 200
    return shown(versions, versions[0], response)


@router.get("", **operation("List the agreements of your party", list_of(AgreementSummary)))
async def list_agreements(
    caller: Caller,
    database: TheDatabase,
    page: Paging,
    external_ref: ExternalReference = None,
    key: Annotated[str | None, Query(max_length=100)] = None,
    kind: Annotated[str | None, Query(max_length=10)] = None,
) -> dict[str, Any]:
    """List your party's agreements, each with its last signed version, else the newest one."""
    conditions: list[ColumnElement[bool]] = reading.by_reference(tables.agreement, external_ref)
    conditions += [tables.agreement.c.key == key] if key is not None else []
    conditions += [tables.agreement.c.kind == kind] if kind is not None else []
    rows = await queries.agreements(database, caller, page, *conditions)
    return page.shape(rows, lambda row: [row["agreement_id"]], shapes.agreement_line)


@router.get(
    "/{agreement_id}", **operation("Read an agreement with one version in full", AgreementAnswer, headers=(ETAG,))
)
async def get_agreement(
    agreement_id: str, caller: Caller, desk: TheDesk, response: Response, version: VersionNumber = None
) -> dict[str, Any]:
    """Read an agreement: one version with its document, and a summary of every version."""
    versions = await agreements.visible_versions(desk, caller, agreement_id)
    return shown(versions, _chosen(versions, version), response)


@router.get("/{agreement_id}/revisions", **operation("List the revisions of a version", list_of(RevisionSummary)))
async def list_revisions(
    agreement_id: str, caller: Caller, desk: TheDesk, page: Paging, version: VersionNumber = None
) -> dict[str, Any]:
    """List the revisions of a version that you may read: your party's own, and those proposed to it."""
    chosen = _chosen(await agreements.visible_versions(desk, caller, agreement_id), version)
    readable = page.within(_readable(chosen, caller), _number)
    return page.shape(readable, _number, shapes.revision_line)


@router.post(
    "/{agreement_id}/revisions",
    **operation(
        "Write another revision of your draft",
        AgreementAnswer,
        "not-allowed",
        "wrong-state",
        "invalid",
        status=201,
        headers=(ETAG,),
    ),
)
async def revise_draft(
    agreement_id: str, body: NewRevision, caller: Caller, desk: TheDesk, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Write another revision of your draft. A proposed revision is countered instead."""

    def unless_changed(present: Version) -> None:
        etag.check_if_match(if_match, shapes.version_tag(present))

    redraft = Redraft(body.document, body.template, body.version)
    versions, version = await agreements.revise(desk, caller, agreement_id, redraft, unless_changed)
    return shown(versions, version, response)


@router.get("/{agreement_id}/revisions/{revision}", **operation("Read a revision with its content", RevisionAnswer))
async def get_revision(
    agreement_id: str, revision: str, caller: Caller, desk: TheDesk, version: VersionNumber = None
) -> dict[str, Any]:
    """Read a revision by number or hash, with the content from which the hash is computed."""
    versions = await agreements.visible_versions(desk, caller, agreement_id)
    return shapes.revision(_revision(versions, version, revision, caller))


@router.get("/{agreement_id}/diff", **operation("Compare two revisions field by field", RevisionDifferences))
async def compare_revisions(
    agreement_id: str,
    caller: Caller,
    desk: TheDesk,
    before: Annotated[str, Query(alias="from", description="Number or hash")],
    after: Annotated[str, Query(alias="to", description="Number or hash")],
    version: VersionNumber = None,
) -> dict[str, Any]:
    """Compare two revisions by clause and by target. Revisions of different versions can be given by hash."""
    versions = await agreements.visible_versions(desk, caller, agreement_id)
    old = _revision(versions, version, before, caller)
    new = _revision(versions, version, after, caller)
    return {
        "from": shapes.revision_line(old),
        "to": shapes.revision_line(new),
        **differences.between(old.document, new.document),
    }


@router.get("/{agreement_id}/check", **operation("Check what a version still lacks", AgreementCheck))
async def check_agreement(
    agreement_id: str, caller: Caller, desk: TheDesk, clock: TheClock, version: VersionNumber = None
) -> dict[str, Any]:
    """List the ten points of the agreement, which of them are empty, and the findings of the SMART check."""
    versions = await agreements.visible_versions(desk, caller, agreement_id)
    chosen = _chosen(versions, version)
    others = [other for other in versions if other is not chosen]
    document = chosen.current.document
    template = templates.of_kind(chosen.identity.kind)
    findings = []
    if not shapes.is_signed(chosen):
        around = await ticket_scopes.findings_now(desk, chosen)
        findings = smart.smart_findings(chosen, chosen.current, others, clock.now(), around)
    return {
        "version": chosen.number,
        "revision": shapes.revision_line(chosen.current),
        "points": clauses.completeness(document, template.may_be_empty),
        "findings": [finding.document() for finding in findings],
    }


@router.post(
    "/{agreement_id}/amendments",
    **operation(
        "Draft an amendment of a signed agreement",
        AgreementAnswer,
        "not-allowed",
        "wrong-state",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def draft_amendment(
    agreement_id: str, body: NewAmendment, caller: Caller, desk: TheDesk, response: Response
) -> dict[str, Any]:
    """Draft a new version while the signed one stays in force. It is revised, proposed and signed like the first."""
    versions, version, is_new = await amendments.draft(desk, caller, agreement_id, body.document)
    response.status_code = 201 if is_new else 200
    return shown(versions, version, response)


@router.get("/{agreement_id}/events", **operation("List what was done to an agreement", list_of(HistoryEntry)))
async def list_agreement_history(
    agreement_id: str, caller: Caller, desk: TheDesk, database: TheDatabase, page: Paging
) -> dict[str, Any]:
    """List what was done to the agreement, by whom and when."""
    await agreements.visible_versions(desk, caller, agreement_id)
    rows = await queries.history(database, caller, agreement_id, page)
    return page.shape(rows, lambda row: [row["seq"]], shapes.history_line)


def shown(versions: list[Version], version: Version, response: Response) -> dict[str, Any]:
    """Return an agreement as the answer to a request, and set its entity tag."""
    response.headers["ETag"] = etag.etag_of(shapes.version_tag(version))
    return shapes.agreement(versions, version)


def _chosen(versions: list[Version], number: int | None) -> Version:
    version = shapes.chosen(versions, number)
    if version is None:
        raise not_found("version", str(number))
    return version


def _number(revision: Revision) -> list[int]:
    return [revision.number]


def _readable(version: Version, caller: Principal) -> list[Revision]:
    return version.revisions_for("*" if caller.is_operator else caller.party_id)


def _revision(versions: list[Version], number: int | None, named: str, caller: Principal) -> Revision:
    """Return a revision by its number in a version, or by its hash in any version. Raises 404."""
    for revision in _readable(_chosen(versions, number), caller):
        if named in (str(revision.number), revision.hash):
            return revision
    for version in versions:
        for revision in _readable(version, caller):
            if named == revision.hash:
                return revision
    raise not_found("revision", named)
