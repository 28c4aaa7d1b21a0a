"""The typed parts of the service that routes depend on."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from slm_agreement.application.access_tokens import TokenIssuer
from slm_agreement.application.identity_provider import IdentityProvider
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.application.passwords import Passwords
from slm_chassis.http.parts import Part

LEDGERS = Part[LedgerFactory]("ledgers")
PASSWORDS = Part[Passwords]("passwords")
PROVIDER = Part[IdentityProvider | None]("identity_provider")
"""None if the settings name no OpenID provider."""
TOKEN_ISSUER = Part[TokenIssuer]("token_issuer")

TheLedgers = Annotated[LedgerFactory, Depends(LEDGERS.of)]
ThePasswords = Annotated[Passwords, Depends(PASSWORDS.of)]
TheProvider = Annotated[IdentityProvider | None, Depends(PROVIDER.of)]
TheTokenIssuer = Annotated[TokenIssuer, Depends(TOKEN_ISSUER.of)]
