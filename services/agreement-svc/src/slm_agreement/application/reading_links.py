"""Links in the product's mails with which somebody who has no account reads one agreement."""

from __future__ import annotations

from slm_agreement.application import agreements, callers, throttle
from slm_agreement.application.guests import PAGE
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.application.throttle import AttemptLimit
from slm_agreement.domain.errors import HasAccount, MailNeeded, NotAllowed
from slm_agreement.domain.people import guests
from slm_agreement.domain.people import mails as mails_of
from slm_agreement.domain.people.accounts import normalise_address
from slm_agreement.domain.people.guests import GuestLink
from slm_chassis.access import Principal, hash_of, new_key
from slm_chassis.identity import new_id

_LINKS = 5


async def make_reading_link(ledgers: LedgerFactory, caller: Principal, agreement_id: str) -> tuple[GuestLink, str]:
    """Make a link with which the caller can read an agreement without an account; return the link and its web address.

    The link opens nothing until the reader enters a code that is mailed to the caller. So somebody who has only the
    link can read nothing. Raises NotAllowed, Unknown, HasAccount, MailNeeded, Invalid and TooManyAttempts.
    """
    if caller.key_id is not None:
        # A service that mails to the person reads in the person's place, without a key.
        callers.refuse_token(caller)
    party_id = callers.require_party(caller)
    if ledgers.console_url is None:
        raise MailNeeded("This installation sends no mails: an operator must set SLM_SMTP_URL first.")
    if caller.person_id is None:
        raise NotAllowed("A link that only reads is for a person, and this key belongs to none.")
    subject = f"reading links of {caller.person_id} to {agreement_id}"
    await throttle.count_attempt(ledgers, [AttemptLimit(subject, _LINKS)])
    code = new_key()
    async with ledgers.begin() as ledger:
        await agreements.lock_visible_versions(ledger, caller, agreement_id)
        person = await ledger.people.get(caller.person_id)
        account = await ledger.accounts.get(caller.principal_id)
        if account is not None or await ledger.openid_links.find(principal_id=caller.principal_id):
            raise HasAccount(f"{caller.name} can log in and read the agreement.")
        email = mails_of.check_mail_address(str(person.email or "") if person else "", "email")
        link = GuestLink(
            new_id(),
            agreement_id,
            caller.principal_id,
            caller.person_id,
            normalise_address(email),
            hash_of(code),
            caller.principal_id,
            caller.name,
            ledger.now,
            ledger.now + guests.LINK_LASTS,
            party_id=party_id,
            reads_only=True,
        )
        await ledger.guest_links.put(link)
        detail = {"link_id": link.link_id, "person_id": link.person_id, "private": True}
        await ledger.note(caller, "guest-link.make", agreement_id, detail)
    return link, f"{ledgers.console_url}{PAGE}{code}"
