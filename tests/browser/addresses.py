"""The addresses of all pages that are looked at in a browser, each with a person who may read it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.browser.people import World
from tests.browser.scenario import Scene


@dataclass(frozen=True)
class Address:
    """A page: its name in test ids, who opens it, and the address. ``heading`` is the text of its heading."""

    name: str
    who: str
    path: str
    heading: str


NAMES = [
    "sign-in",
    "today",
    "services",
    "service",
    "service-maintenance",
    "service-entry",
    "catalogue",
    "new-service",
    "target",
    "worked-out",
    "breach",
    "cause",
    "maintenance",
    "all-maintenance",
    "ask-for-time",
    "search",
    "customers",
    "customer",
    "suppliers",
    "supplier",
    "agreements",
    "new-agreement",
    "new-supplier-contract",
    "agreement-in-force",
    "agreement-to-answer",
    "agreement-changed",
    "agreement-draft",
    "editor",
    "editor-as-text",
    "editor-of-changes",
    "withdraw-agreement",
    "end-agreement",
    "timeline",
    "versions",
    "rests-on",
    "people",
    "sign",
    "signatures",
    "tickets",
    "not-judged",
    "ticket",
    "reports",
    "meetings",
    "meeting",
    "actions",
    "lessons",
    "more",
    "sessions",
    "invite",
    "settings",
    "settings-people",
    "settings-person",
    "guest-links",
    "preferences",
    "mails",
    "audit-trail",
    "sources",
    "source",
    "measurements",
    "set-aside",
    "unread",
    "imports",
    "import",
    "new-import",
    "import-file",
    "hooks",
    "new-hook",
    "hook",
    "hook-call",
    "hook-mapping",
    "remove-hook",
    "pulls",
    "new-pull",
    "new-pull-of-samples",
    "pull",
    "change-pull",
    "remove-pull",
    "writers",
    "new-writer",
    "writer",
    "change-writer",
    "remove-writer",
    "series",
    "webhooks",
    "webhook",
    "webhook-of-tool",
    "change-webhook",
    "remove-webhook",
    "keys",
    "revoke-key",
]
"""The names, known before the installation with their ids is."""


async def addresses(scene: Scene) -> dict[str, Address]:
    """Return every address by its name."""
    world = scene.world
    service, target, breach, cause, request = await _judged(world)
    meeting = (await world.get("ada", "reviews", state="open"))["items"][0]["review_id"]
    myself = f"/settings/people/{(await world.get('ada', 'me'))['principal_id']}"
    in_force = f"/agreements/{world.agreements['checkout-corner-shop']}"
    shop, alder = world.parties["corner-shop"], world.parties["alder"]
    found = [
        Address("sign-in", "", "/sign-in", "Sign in"),
        Address("today", "ada", "/", "1 outage now"),
        Address("services", "ada", "/services", "Services"),
        Address("service", "carl", service, "Customers can pay online"),
        Address("service-maintenance", "ada", f"{service}/maintenance", "Customers can pay online"),
        Address("service-entry", "ada", f"{service}/entry", "Customers can pay online"),
        Address("catalogue", "ada", "/services/catalogue", "Services"),
        Address("new-service", "ada", "/services/new", "Enter a service"),
        Address("target", "ada", target, "Checkout is available"),
        Address("worked-out", "carl", f"{target}/worked-out", "How is this worked out?"),
        Address("breach", "carl", breach, "Checkout is available"),
        Address("cause", "ada", cause, "Customers can pay online"),
        Address("maintenance", "carl", request, "asks that 2 h do not count"),
        Address("all-maintenance", "ada", "/maintenance", "Time that does not count"),
        Address("ask-for-time", "ada", f"/maintenance/new?target={target.removeprefix('/targets/')}", "Ask for time"),
        Address("search", "ada", "/search?q=checkout", "Search"),
        Address("customers", "ada", "/customers", "Customers"),
        Address("customer", "ada", f"/customers/{shop}", "Corner Shop Group"),
        Address("suppliers", "carl", "/suppliers", "Suppliers"),
        Address("supplier", "carl", f"/suppliers/{alder}", "Alder Managed Services"),
        Address("agreements", "ada", "/agreements", "Agreements"),
        Address("new-agreement", "ada", "/agreements/new", "New agreement"),
        Address("new-supplier-contract", "ada", "/agreements/new?kind=uc", "New agreement"),
        Address("agreement-in-force", "carl", in_force, "Checkout for Corner Shop"),
        Address("agreement-to-answer", "carl", f"/agreements/{world.agreements['returns']}", "Returns for Corner Shop"),
        Address("agreement-changed", "ada", f"/agreements/{world.agreements['vouchers']}", "Vouchers for Corner Shop"),
        Address("agreement-draft", "ada", f"/agreements/{world.agreements['results-harbour']}", "Results portal"),
        Address("editor", "ada", f"/agreements/{world.agreements['results-harbour']}/edit", "Results portal"),
        Address(
            "editor-as-text", "ada", f"/agreements/{world.agreements['results-harbour']}/edit?view=text", "Results"
        ),
        Address("editor-of-changes", "carl", f"/agreements/{world.agreements['returns']}/edit", "Returns"),
        Address("withdraw-agreement", "ada", f"/agreements/{world.agreements['results-harbour']}/withdraw", "Withdraw"),
        Address("end-agreement", "grace", f"{in_force}/end", "End the agreement"),
        Address("timeline", "ada", f"{in_force}/timeline", "Checkout for Corner Shop"),
        Address("versions", "ada", f"/agreements/{world.agreements['vouchers']}/versions", "Vouchers"),
        Address("rests-on", "ada", f"{in_force}/rests-on", "Checkout for Corner Shop"),
        Address("people", "ada", f"{in_force}/people", "Checkout for Corner Shop"),
        Address("sign", "grace", f"/agreements/{world.agreements['terminals']}/sign", "Sign for Alder"),
        Address("signatures", "carl", f"{in_force}/signed", "Signed by both sides"),
        Address("tickets", "ada", "/tickets", "Tickets"),
        Address("not-judged", "ada", "/tickets/not-judged", "Tickets"),
        Address("ticket", "ada", "/tickets/desk/INC-20418", "INC-20418"),
        Address("reports", "ada", "/reviews", "Reviews"),
        Address("meetings", "ada", "/reviews/meetings", "Reviews"),
        Address("meeting", "ada", f"/reviews/meetings/{meeting}", "Checkout for Corner Shop"),
        Address("actions", "ada", "/reviews/actions", "Reviews"),
        Address("lessons", "ada", "/reviews/lessons", "Reviews"),
        Address("more", "ada", "/more", "More"),
        Address("sessions", "ada", "/sessions", "Settings"),
        Address("invite", "ada", "/invite", "Invite"),
        Address("settings", "ada", "/settings", "Settings"),
        Address("settings-people", "ada", "/settings/people", "Settings"),
        Address("settings-person", "ada", myself, "Ada Byron"),
        Address("guest-links", "ada", "/settings/guest-links", "Settings"),
        Address("preferences", "ada", "/settings/preferences", "Settings"),
        Address("mails", "ada", "/settings/mails", "Settings"),
        Address("audit-trail", "ada", "/settings/audit-trail", "Settings"),
        *await _connections(world),
    ]
    return {address.name: address for address in found}


async def _connections(world: World) -> list[Address]:
    """Return the pages of what sends, of what became of it, and of keys."""
    sources = (await world.get("ada", "sources"))["items"]
    source = next(each["source_id"] for each in sources if each["source"] == "probes-berlin")
    imported = (await world.get("ada", "imports"))["items"][0]["import_id"]
    pull = (await world.get("ada", "pulls"))["items"][0]["pull_id"]
    writer = (await world.get("ada", "ticket-writers"))["items"][0]["writer_id"]
    endpoints = {each["title"]: each for each in (await world.get("ada", "webhook-endpoints"))["items"]}
    hook, pager = (endpoints[title]["endpoint_id"] for title in ("On-call bridge", "Pager"))
    tool = (await world.get("ada", "hooks"))["items"][0]["hook_id"]
    call = (await world.get("ada", f"hooks/{tool}/calls"))["items"][0]["call_id"]
    systems = (await world.get("ada", "principals"))["items"]
    board = next(each for each in systems if each["name"] == "The board on the wall")
    key = f"/connections/keys/{board['principal_id']}/{board['keys'][0]['key_id']}"
    return [
        Address("sources", "ada", "/connections", "Connections"),
        Address("source", "ada", f"/connections/sources/{source}", "probes-berlin"),
        Address("measurements", "ada", "/connections/measurements", "Connections"),
        Address("set-aside", "ada", "/connections/aside", "Connections"),
        Address("unread", "operator", "/connections/unread", "Connections"),
        Address("imports", "ada", "/connections/imports", "Connections"),
        Address("import", "ada", f"/connections/imports/{imported}", "old-desk"),
        Address("new-import", "ada", "/connections/imports/new", "Import measurements"),
        Address("import-file", "ada", "/connections/imports/new/probes", "A file of measurements"),
        Address("hooks", "ada", "/connections/hooks", "Connections"),
        Address("new-hook", "ada", "/connections/hooks/new/zammad", "Connect Zammad"),
        Address("hook", "ada", f"/connections/hooks/{tool}", "Finance desk"),
        Address("hook-call", "ada", f"/connections/hooks/{tool}/calls/{call}", "Call of"),
        Address("hook-mapping", "ada", f"/connections/hooks/{tool}/mapping", "What the calls of Finance desk mean"),
        Address("remove-hook", "ada", f"/connections/hooks/{tool}/remove", "Remove Finance desk"),
        Address("pulls", "ada", "/connections/pulls", "Connections"),
        Address("new-pull", "ada", "/connections/pulls/new/zammad", "Ask Zammad"),
        Address("new-pull-of-samples", "ada", "/connections/pulls/new/prometheus", "Ask Prometheus"),
        Address("pull", "ada", f"/connections/pulls/{pull}", "Orders desk"),
        Address("change-pull", "ada", f"/connections/pulls/{pull}/change", "Change Orders desk"),
        Address("remove-pull", "ada", f"/connections/pulls/{pull}/remove", "Remove Orders desk"),
        Address("writers", "ada", "/connections/writers", "Connections"),
        Address("new-writer", "ada", "/connections/writers/new/zammad", "Write into Zammad"),
        Address("writer", "ada", f"/connections/writers/{writer}", "Due dates of the desk"),
        Address("change-writer", "ada", f"/connections/writers/{writer}/change", "Change Due dates of the desk"),
        Address("remove-writer", "ada", f"/connections/writers/{writer}/remove", "Remove Due dates of the desk"),
        Address("series", "ada", "/connections/series", "Connections"),
        Address("webhooks", "ada", "/connections/webhooks", "Connections"),
        Address("webhook", "ada", f"/connections/webhooks/{hook}", "On-call bridge"),
        Address("webhook-of-tool", "ada", f"/connections/webhooks/{pager}", "Pager"),
        Address("change-webhook", "ada", f"/connections/webhooks/{hook}/change", "What On-call bridge gets"),
        Address("remove-webhook", "ada", f"/connections/webhooks/{hook}/remove", "Remove On-call bridge"),
        Address("keys", "ada", "/connections/keys", "Connections"),
        Address("revoke-key", "ada", f"{key}/revoke", "Revoke a key of The board on the wall"),
    ]


async def _judged(world: World) -> tuple[str, str, str, str, str]:
    """Return the paths of the service, its target, the breach, its cause and the request for time that are shown."""
    of_checkout = {"agreement_id": world.agreements["checkout-corner-shop"]}
    targets = (await world.get("ada", "targets", **of_checkout))["items"]
    breaches = (await world.get("ada", "breaches", **of_checkout))["items"]
    causes = (await world.get("ada", "causes", service_id=world.services["checkout"]))["items"]
    requests = (await world.get("ada", "exclusions", **of_checkout))["items"]
    target = next(each["target_id"] for each in targets if each["title"] == "Checkout is available")
    breach = next(each["breach_id"] for each in breaches if each["ticket"] is None)
    return (
        f"/services/{world.services['checkout']}",
        f"/targets/{target}",
        f"/breaches/{breach}",
        f"/causes/{causes[0]['cause_id']}",
        f"/maintenance/{requests[0]['exclusion_id']}",
    )
