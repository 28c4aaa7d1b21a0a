"""An installation with one agreement about a service, its tickets and its availability, and nothing connected."""

from __future__ import annotations

from slm_chassis.clock import SystemClock
from tests.browser.people import World, acquaint, company, person
from tests.browser.scenario import availability, document, draft, eventually, move, resolution


async def two_companies(world: World) -> None:
    """Register a provider and its customer, each with a manager and somebody who signs."""
    await company(world, "alder", "Alder Managed Services")
    await company(world, "corner-shop", "Corner Shop Group")
    await person(world, "alder", "Ada Byron", "service_level_manager", "integrator")
    await person(world, "alder", "Grace Hopper", "provider_signatory")
    await person(world, "corner-shop", "Carl Friedrich", "service_level_manager")
    await person(world, "corner-shop", "Emmy Noether", "business_signatory")
    await acquaint(world, "alder", "corner-shop")


async def one_agreement(world: World) -> None:
    """Register a provider with its customer, and bring their agreement about the service ``checkout`` into force."""
    await two_companies(world)
    service = {"key": "checkout", "name": "Checkout", "outcome": "Customers can pay online"}
    world.services["checkout"] = (await world.post("ada", "services", service))["service_id"]
    always = {"key": "always", "service_id": world.services["checkout"], "text": "Somebody helps at any time."}
    await world.post("carl", "requirements", always)
    about = {"key": "shop.checkout", "kind": "availability", "service_id": world.services["checkout"]}
    await world.post("ada", "indicators", about)
    targets = [availability("shop.checkout", "Checkout is available"), resolution()]
    terms = document("Checkout for Corner Shop", SystemClock().now(), targets)
    await draft(world, "desk", "corner-shop", "checkout", terms)
    for who, name in (("ada", "propose"), ("carl", "accept"), ("grace", "sign"), ("emmy", "sign")):
        await move(world, who, "desk", name)

    async def in_force() -> bool:
        return bool((await world.get("ada", "targets", agreement_id=world.agreements["desk"]))["items"])

    await eventually(in_force)
