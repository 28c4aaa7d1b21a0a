"""The rules that all registers share: parties, people, services, requirements and principals.

An entry is created under a key. The same content under the same key changes nothing; other content is refused. A use
case that edits an entry locks it first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.errors import KeyTaken, Unknown
from slm_chassis.access import Principal
from slm_chassis.ledger import Repository

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True)
class Register(Generic[T]):
    """A register of one kind of entries: where they are stored, who may see an entry, and what is published and
    audited.
    """

    noun: str
    """The kind of entry as error texts name it, such as ``named company``; the audit trail writes ``named-company``."""
    verb: str
    """The verb for creating an entry, as the audit trail names it, such as ``register``."""
    kept: Callable[[Ledger], Repository[T]]
    may_see: Callable[[Principal, T], bool]
    audited: Callable[[T], Mapping[str, Any]]
    """The details of a new entry for the audit trail. For an edited entry the same details without the key are written.
    """
    event: Callable[[T], Any] | None = None
    """The event that is published when an entry is created or edited."""
    incidental: tuple[str, ...] = ()
    """Fields that are ignored when two contents are compared, such as the instant of recording."""
    unknown: str = " that you may see"
    """The last words of the error text for an entry that does not exist."""

    @property
    def audited_noun(self) -> str:
        """Return the kind of entry as the audit trail names it."""
        return self.noun.replace(" ", "-")

    async def enter(self, ledger: Ledger, caller: Principal, value: T) -> tuple[T, bool]:
        """Create an entry, or find the one with its id; return the entry and whether it is new.

        Raises KeyTaken if the existing entry has other content.
        """
        identity, kept = self._id_of(value), self.kept(ledger)
        await ledger.lock(identity)
        known = await kept.get(identity)
        if known is not None:
            if self._content(known) != self._content(value):
                remedy = "edit that with PUT, or use another key."
                raise KeyTaken(f"The key belongs to an entry with other content: {remedy}")
            return known, False
        await self._keep(ledger, value)
        await ledger.note(caller, f"{self.audited_noun}.{self.verb}", identity, self.audited(value))
        return value, True

    async def locked(self, ledger: Ledger, caller: Principal, identity: str) -> T:
        """Lock an entry until the end of the transaction and return it.

        Raises Unknown if there is no entry with this id, or if the caller may not see the entry.
        """
        await ledger.lock(identity)
        found = await self.kept(ledger).get(identity)
        if found is None or not self.may_see(caller, found):
            raise Unknown(f"There is no {self.noun} {identity!r}{self.unknown}.")
        return found

    async def change(self, ledger: Ledger, caller: Principal, value: T) -> T:
        """Store the new content of a locked entry, publish and audit the change, and return the entry."""
        await self._keep(ledger, value)
        detail = {name: told for name, told in self.audited(value).items() if name != "key"}
        await ledger.note(caller, f"{self.audited_noun}.edit", self._id_of(value), detail)
        return value

    async def _keep(self, ledger: Ledger, value: T) -> None:
        await self.kept(ledger).put(value)
        if self.event is not None:
            ledger.publish(self.event(value))

    def _id_of(self, value: T) -> str:
        return str(getattr(value, fields(value)[0].name))

    def _content(self, value: T) -> dict[str, object]:
        return {field.name: getattr(value, field.name) for field in fields(value) if field.name not in self.incidental}


def replace_details(value: T, details: DataclassInstance) -> T:
    """Return a copy of the value in which the fields of ``details`` replace the fields of the same names."""
    return replace(value, **{field.name: getattr(details, field.name) for field in fields(details)})
