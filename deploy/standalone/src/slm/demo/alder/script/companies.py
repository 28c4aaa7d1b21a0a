"""The companies of the demonstration, their people and the services that they provide."""

from __future__ import annotations

from dataclasses import dataclass

PROVIDER = "alder"
TEAMS = ("alder-network", "alder-application-desk")

MANAGER = "service_level_manager"
SIGNS_BELOW = "business_signatory"
"""The role of a person who signs as the customer of an agreement."""
SIGNS_ABOVE = "provider_signatory"
"""The role of a person who signs as the provider of an agreement."""


@dataclass(frozen=True)
class Company:
    """A party of the demonstration: a company, or a team of the provider."""

    key: str
    name: str
    is_what: str


@dataclass(frozen=True)
class Person:
    """A person of a company. ``logs_in``: whether a visitor of the demonstration can sign in as this person."""

    key: str
    name: str
    company: str
    roles: tuple[str, ...]
    does: str
    logs_in: bool = True

    @property
    def email(self) -> str:
        """A mail address in a domain that cannot exist."""
        return f"{self.key}@{self.company}.example"


@dataclass(frozen=True)
class CatalogueEntry:
    """A service in a company's catalogue. ``outcome``: what the service is for, in the customers' words."""

    key: str
    provider: str
    name: str
    outcome: str


COMPANIES = (
    Company(PROVIDER, "Alder Managed Services", "the provider"),
    Company("corner-shop", "Corner Shop Group", "a customer: an online shop"),
    Company("harbour", "Harbour Savings Bank", "a customer: a bank"),
    Company("elmsted", "Town of Elmsted", "a customer: a town with a results portal"),
    Company("paylane", "Paylane", "a supplier: payments"),
    Company("greyline", "Greyline Cloud", "a supplier with published terms, which never logs in"),
    Company("brightwater", "Brightwater Telecom", "a supplier: lines"),
    Company("alder-network", "Network team", "a team of Alder"),
    Company("alder-application-desk", "Application desk", "a team of Alder"),
)

PEOPLE = (
    Person("ada", "Ada Brunner", PROVIDER, (MANAGER,), "writes, compares and reviews agreements"),
    Person("grace", "Grace Okafor", PROVIDER, (SIGNS_ABOVE, SIGNS_BELOW), "signs for Alder"),
    Person("noor", "Noor Haddad", PROVIDER, ("integrator",), "is on call and connects tools"),
    Person("felix", "Felix Amann", PROVIDER, ("viewer",), "keeps the books and reads"),
    Person("carl", "Carl Fischer", "corner-shop", (MANAGER,), "negotiates for the shop, approves maintenance"),
    Person("emmy", "Emmy Lindt", "corner-shop", (SIGNS_BELOW,), "signs for the shop"),
    Person("iris", "Iris Moreau", "corner-shop", ("viewer",), "owns the online shop and has five minutes"),
    Person("henry", "Henry Walsh", "harbour", (MANAGER,), "negotiates for the bank"),
    Person("lise", "Lise Aubert", "harbour", (SIGNS_BELOW,), "signs for the bank"),
    Person("paul", "Paul Meier", "elmsted", (MANAGER,), "negotiates for the town"),
    Person("rosa", "Rosa Tanner", "elmsted", (SIGNS_BELOW,), "signs for the town"),
    Person("dev", "Dev Anand", "paylane", (MANAGER,), "looks after Paylane's contracts"),
    Person("jo", "Jo Lund", "paylane", (SIGNS_ABOVE,), "signs for Paylane"),
    Person("terms", "Published terms", "greyline", (MANAGER,), "keeps Greyline's terms", logs_in=False),
    Person("legal", "Legal office", "greyline", (SIGNS_ABOVE,), "signs for Greyline", logs_in=False),
    Person("bea", "Bea Stone", "brightwater", (MANAGER,), "looks after Brightwater's contracts"),
    Person("max", "Max Rivers", "brightwater", (SIGNS_ABOVE,), "signs for Brightwater"),
    Person("nils", "Nils Berg", "alder-network", (MANAGER,), "leads the network team"),
    Person("nora", "Nora Frei", "alder-network", (SIGNS_ABOVE,), "signs for the network team"),
    Person("amir", "Amir Sutter", "alder-application-desk", (MANAGER,), "leads the application desk"),
    Person("anna", "Anna Wyss", "alder-application-desk", (SIGNS_ABOVE,), "signs for the application desk"),
)

SERVICES = (
    CatalogueEntry("checkout", PROVIDER, "Checkout", "Customers can pay online"),
    CatalogueEntry("mail", PROVIDER, "Mail", "Staff can read mail"),
    CatalogueEntry("online-banking", PROVIDER, "Online banking", "Clients can see their accounts and pay"),
    CatalogueEntry("results-portal", PROVIDER, "Results portal", "Citizens can follow the count on election night"),
    CatalogueEntry("service-desk", PROVIDER, "Service desk", "Staff get help in time"),
    CatalogueEntry("card-terminals", PROVIDER, "Card terminals", "Branches can take cards"),
)
"""The provider's services for its customers."""

SUPPLIES = (
    CatalogueEntry("payments", "paylane", "Payments", "Card payments are authorised"),
    CatalogueEntry("mail-platform", "greyline", "Mail platform", "Mailboxes can be reached"),
    CatalogueEntry("lines", "brightwater", "Lines", "Sites are connected"),
    CatalogueEntry("network", "alder-network", "Network", "Data centres are connected"),
    CatalogueEntry("releases", "alder-application-desk", "Releases", "Changes reach users without harm"),
)
"""The services that suppliers and internal teams provide to Alder."""


def people_of(company: str) -> list[Person]:
    """Return the people of a company."""
    return [person for person in PEOPLE if person.company == company]


def person_with_role(company: str, role: str) -> Person:
    """Return the first person of a company who has a role."""
    return next(person for person in people_of(company) if role in person.roles)
