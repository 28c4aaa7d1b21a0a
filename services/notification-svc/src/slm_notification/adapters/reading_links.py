"""The client that asks agreement-svc for a link to an agreement, for a reader who cannot log in."""

from __future__ import annotations

import json

import httpx
import structlog

from slm_chassis.access_registry import AccessUnavailable
from slm_chassis.http.peers import Peer, PeerUnavailable
from slm_chassis.reading_tokens import AnnouncedSigner
from slm_notification.domain.readers import Reader

_log = structlog.get_logger(__name__)


class AgreementReadingLinks:
    """The client of agreement-svc that makes links; implements ``application.mail_ports.ReadingLinks``.

    A link is in the mail only: this service stores none and writes none to its log.
    """

    def __init__(self, agreement: Peer, signer: AnnouncedSigner) -> None:
        self._agreement = agreement
        self._signer = signer

    async def link_for(self, reader: Reader, agreement_id: str) -> str | None:
        """Return a link for a reader who cannot log in; None if the reader can log in, or no link can be made now."""
        path = f"/api/v1/agreements/{agreement_id}/reading-links"
        try:
            key = await self._signer.reading_token(reader.principal_id, [f"POST {path}"])
            answer = await self._agreement.post(path, key)
        except (AccessUnavailable, PeerUnavailable) as away:
            _log.warning("mail without a link for a reader without an account", reason=str(away))
            return None
        if answer.status_code != httpx.codes.CREATED:
            return None
        return str(json.loads(answer.content)["url"])
