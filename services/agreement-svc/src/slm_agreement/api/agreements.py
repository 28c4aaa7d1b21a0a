"""``/api/v1/agreements``: draft, amend, read, compare and check agreements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import RowMapping, or_

from slm_agreement.adapters import agreement_queries, agreement_tables, queries
from slm_agreement.adapters.agreement_queries import AgreementFilter
from slm_agreement.api import answer_shapes, chain_shapes, difference_shapes, reading, reading_shapes, shapes
from slm_agreement.api.agreement_summaries import AgreementSummary
from slm_agreement.api.bodies.agreements import NewAgreement, NewAmendment, NewRevision
from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.reading import ExternalReference
from slm_agreement.api.responses.agreements import (
    AgreementCheckResponse,
    AgreementResponse,
    AgreementState,
    HistoryEntry,
    RevisionResponse,
    RevisionSummary,
)
from slm_agreement.api.responses.differences import RevisionDifferencesResponse
from slm_agreement.application import (
    agreements,
    amendments,
    backtests,
    document_names,
    offers,
    supports,
    surroundings,
)
from slm_agreement.application.agreements import AgreementDraft, DraftChange
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.checks import revision_backtest, smart
from slm_agreement.domain.documents import clauses, differences, templates
from slm_agreement.domain.documents.supports import NAME
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

VersionNumber = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="By default the version signed last, else the newest")
]

router = APIRouter(prefix="/api/v1/agreements", tags=["agreements"])


@router.post(
    "",
    **operation(
        "Draft an agreement",
        AgreementResponse,
        "not-allowed",
        "not-found",
        "key-taken",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def draft_agreement(
    body: NewAgreement, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Draft an agreement from a document, a template or both. If you send the same key and content again, no agreement
    is created: the answer is 200 with the existing agreement.
    """
    order = AgreementDraft(external_refs=body.references(), **body.model_dump(exclude={"external_refs"}))
    versions, is_new = await agreements.draft_agreement(ledgers, caller, order)
    response.status_code = 201 if is_new else 200
    return await agreement_response(ledgers, caller, (versions, versions[0]), response)


@dataclass(frozen=True, slots=True)
class AgreementListQuery:
    """The query parameters that filter the list of agreements."""

    external_ref: ExternalReference = None
    key: Annotated[str | None, Query(max_length=100)] = None
    kind: Annotated[str | None, Query(max_length=10)] = None
    state: Annotated[AgreementState | None, Query(description="State of the version that is shown")] = None
    party_id: Annotated[
        str | None, Query(max_length=100, description="Id of a party to the agreement, such as the other party")
    ] = None
    service_id: Annotated[str | None, Query(max_length=100, description="Id of the service")] = None
    needs: Annotated[
        Literal["answer", "signature", "decision"] | None,
        Query(description="Only agreements on which you may perform this act now"),
    ] = None

    def conditions(self) -> AgreementFilter:
        """Return the query parameters as a filter for the query. Raises 422 for an invalid external reference."""
        agreement = agreement_tables.agreement.c
        conditions = reading.external_reference_conditions(agreement_tables.agreement, self.external_ref)
        for column, wanted in ((agreement.key, self.key), (agreement.kind, self.kind)):
            conditions += [column == wanted] if wanted is not None else []
        if self.service_id is not None:
            conditions.append(agreement.service_id == self.service_id)
        if self.party_id is not None:
            either = (agreement.provider_party_id, agreement.customer_party_id)
            conditions.append(or_(*(column == self.party_id for column in either)))
        return AgreementFilter(self.state, self.needs, conditions)


@router.get("", **operation("List the agreements of your party", list_of(AgreementSummary)))
async def list_agreements(
    caller: Caller, database: TheDatabase, page: Paging, wanted: Annotated[AgreementListQuery, Depends()]
) -> dict[str, Any]:
    """List your party's agreements, each with the version signed last or, if none is signed, the newest."""
    rows = await agreement_queries.fetch_agreements(database, caller, page, wanted.conditions())
    needs: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for need in await agreement_queries.fetch_needs_of_agreements(
        database, caller, [row["agreement_id"] for row in rows]
    ):
        needs[need["agreement_id"]].append(need)
    return page.shape(
        rows,
        lambda row: [row["agreement_id"]],
        lambda row: reading_shapes.agreement_summary_json(row, needs[row["agreement_id"]]),
    )


@router.get(
    "/{agreement_id}", **operation("Read an agreement with one version in full", AgreementResponse, headers=(ETAG,))
)
async def get_agreement(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, response: Response, version: VersionNumber = None
) -> dict[str, Any]:
    """Read an agreement: one version with its document, and a summary of every version."""
    versions = await agreements.read_visible_versions(ledgers, caller, agreement_id)
    return await agreement_response(ledgers, caller, (versions, choose_version(versions, version)), response)


@router.get("/{agreement_id}/revisions", **operation("List the revisions of a version", list_of(RevisionSummary)))
async def list_revisions(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, page: Paging, version: VersionNumber = None
) -> dict[str, Any]:
    """List the revisions of a version that you may read: your party's own, and those proposed to it."""
    chosen = choose_version(await agreements.read_visible_versions(ledgers, caller, agreement_id), version)
    readable = page.within(_readable(chosen, caller), _number)
    return page.shape(readable, _number, shapes.revision_summary_json)


@router.post(
    "/{agreement_id}/revisions",
    **operation(
        "Write another revision of your draft",
        AgreementResponse,
        "not-allowed",
        "wrong-state",
        "invalid",
        status=201,
        headers=(ETAG,),
    ),
)
async def revise_draft(
    agreement_id: str, body: NewRevision, caller: Caller, ledgers: TheLedgers, if_match: IfMatch, response: Response
) -> dict[str, Any]:
    """Write another revision of your draft. To change a proposed revision, send a counter-proposal instead."""

    def unless_changed(present: Version) -> None:
        etag.check_if_match(if_match, shapes.version_tag(present))

    redraft = DraftChange(body.document, body.template, body.version)
    versions, version = await agreements.revise_draft(ledgers, caller, agreement_id, redraft, unless_changed)
    return await agreement_response(ledgers, caller, (versions, version), response)


@router.get("/{agreement_id}/revisions/{revision}", **operation("Read a revision with its content", RevisionResponse))
async def get_revision(
    agreement_id: str, revision: str, caller: Caller, ledgers: TheLedgers, version: VersionNumber = None
) -> dict[str, Any]:
    """Read a revision by number or hash, with the content from which the hash is computed."""
    versions = await agreements.read_visible_versions(ledgers, caller, agreement_id)
    return shapes.revision_json(_revision(versions, version, revision, caller))


@router.get("/{agreement_id}/diff", **operation("Compare two revisions field by field", RevisionDifferencesResponse))
async def compare_revisions(
    agreement_id: str,
    caller: Caller,
    ledgers: TheLedgers,
    before: Annotated[str, Query(alias="from", description="Number or hash")],
    after: Annotated[str, Query(alias="to", description="Number or hash")],
    version: VersionNumber = None,
) -> dict[str, Any]:
    """Compare two revisions by clause and by target. Revisions of different versions are given by their hashes."""
    versions = await agreements.read_visible_versions(ledgers, caller, agreement_id)
    old = _revision(versions, version, before, caller)
    new = _revision(versions, version, after, caller)
    answered = next((each for each in versions if each.tabled is not None and each.current.hash == new.hash), None)
    return {
        "from": shapes.revision_summary_json(old),
        "to": shapes.revision_summary_json(new),
        **difference_shapes.differences_json(
            differences.compare_documents(old.document, new.document), old.document, new.document
        ),
        "target_answers": [] if answered is None else answer_shapes.target_answers_json(answered)["target_answers"],
    }


@router.get("/{agreement_id}/check", **operation("Check what a version still lacks", AgreementCheckResponse))
async def check_agreement(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, clock: TheClock, version: VersionNumber = None
) -> dict[str, Any]:
    """List the ten points that an agreement should cover, which of them are empty, and the SMART check's findings.

    `backtest` is the result of trying the targets on past measurements; null: nobody has asked for it.
    Everything but `chain` is the same for both parties, byte for byte. `chain` says whether each side's supporting
    agreements promise enough for the targets. It has the numbers of all supporting agreements that your party named. Of
    those that the other party named, it has only the numbers that this party discloses.
    """
    versions = await agreements.read_visible_versions(ledgers, caller, agreement_id)
    chosen = choose_version(versions, version)
    others = [other for other in versions if other is not chosen]
    document = chosen.current.document
    template = templates.template_of_kind(chosen.identity.kind)
    backtest = await backtests.read_backtest(ledgers, chosen)
    findings = []
    if chosen.identity.is_on_record or not shapes.is_signed_version(chosen):
        around = await surroundings.read_surrounding_findings(ledgers, chosen)
        around += revision_backtest.find_backtest_findings(chosen, backtest)
        findings = smart.run_smart_check(chosen, chosen.current, others, clock.now(), around)
    return {
        "version": chosen.number,
        "revision": shapes.revision_summary_json(chosen.current),
        "points": clauses.check_sla_points(document, template.may_be_empty),
        "findings": [finding.document() for finding in findings],
        "backtest": revision_backtest.backtest_document(chosen, backtest),
        "chain": chain_shapes.chain_json(await supports.read_chain(ledgers, chosen), chosen.identity, caller.party_id),
    }


@router.post(
    "/{agreement_id}/amendments",
    **operation(
        "Draft an amendment of a signed agreement",
        AgreementResponse,
        "not-allowed",
        "wrong-state",
        "invalid",
        status=201,
        also=200,
        headers=(ETAG,),
    ),
)
async def draft_amendment(
    agreement_id: str, body: NewAmendment, caller: Caller, ledgers: TheLedgers, response: Response
) -> dict[str, Any]:
    """Draft a new version while the signed one stays in force. It is revised, proposed and signed like the first
    version.
    """
    versions, version, is_new = await amendments.draft_amendment(ledgers, caller, agreement_id, body.document)
    response.status_code = 201 if is_new else 200
    return await agreement_response(ledgers, caller, (versions, version), response)


@router.get("/{agreement_id}/events", **operation("List what was done to an agreement", list_of(HistoryEntry)))
async def list_agreement_history(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, database: TheDatabase, page: Paging
) -> dict[str, Any]:
    """List what was done to the agreement, by whom and when."""
    await agreements.read_visible_versions(ledgers, caller, agreement_id)
    rows = await queries.fetch_agreement_history(database, caller, agreement_id, page)
    return page.shape(rows, lambda row: [row["seq"]], shapes.history_entry_json)


async def agreement_response(
    ledgers: LedgerFactory, caller: Principal, found: tuple[list[Version], Version], response: Response
) -> dict[str, Any]:
    """Return the JSON of an agreement and set the response's entity tag.

    ``found`` has the versions that the caller may see, and the version to show in full.
    """
    versions, version = found
    response.headers["ETag"] = etag.etag_of(shapes.version_tag(version))
    names = await document_names.read_document_names(ledgers, caller, version)
    shown = shapes.agreement_json(versions, version)
    shown["document"] = {**shown["document"], NAME: await supports.read_own_supports(ledgers, caller, version)}
    if version.identity.is_on_record:
        shown["offers"] = await offers.read_offers(ledgers, version.identity.agreement_id)
    return {
        **shown,
        **answer_shapes.target_answers_json(version),
        **reading_shapes.reader_fields_json(versions, caller, names),
    }


def choose_version(versions: list[Version], number: int | None) -> Version:
    """Return the version with this number. Without a number, return the version signed last or, if none is signed, the
    newest. Raises 404.
    """
    version = shapes.find_version_to_show(versions, number)
    if version is None:
        raise not_found("version", str(number))
    return version


def _number(revision: Revision) -> list[int]:
    return [revision.number]


def _readable(version: Version, caller: Principal) -> list[Revision]:
    return version.revisions_for("*" if caller.is_operator else caller.party_id)


def _revision(versions: list[Version], number: int | None, named: str, caller: Principal) -> Revision:
    """Return the revision that ``named`` means: a number in the version ``number``, or a hash in any version. Raises
    404.
    """
    for revision in _readable(choose_version(versions, number), caller):
        if named in (str(revision.number), revision.hash):
            return revision
    for version in versions:
        for revision in _readable(version, caller):
            if named == revision.hash:
                return revision
    raise not_found("revision", named)
