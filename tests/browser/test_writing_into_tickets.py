"""A ticket writer is set up by clicking, and every act of its pages changes what a simulated tool shows.

The tool is a simulation of Zammad, made from its public documentation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from slm_chassis.clock import SystemClock
from slm_events.instants import to_text
from tests.browser.desks import one_agreement
from tests.browser.journeys import Cost, Journey
from tests.browser.people import World
from tests.browser.scenario import empty, eventually
from tests.browser.test_asked_tools import says
from tests.browser.watching import opened
from tests.support.processes import Running
from tests.support.ticket_tool import TicketTool, ticket_tool

MINUTE = 60_000_000
SECRET = "the token that nobody may see"
FIELDS = {"slm_due_at", "slm_state", "slm_breached"}
NETWORK = {"SLM_NOTIFICATION_ALLOWED_NETWORKS": "127.0.0.0/8"}


@pytest.fixture(scope="module")
async def desk(undeclared: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Running, World]]:
    """An installation with one agreement, and one ticket whose clock runs."""
    async with empty(tmp_path_factory.mktemp("written"), NETWORK) as (running, world):
        await one_agreement(world)
        opened_at = to_text(SystemClock().now() - 15 * MINUTE)
        about = {"type": "incident", "priority": "P1", "service": "checkout", "customer": "corner-shop"}
        ticket = {"source": "zammad", "ticket": "21007", "id": "1", "event": "opened", "at": opened_at, **about}
        await world.post("ada", "ticket-events", [ticket])

        async def runs() -> bool:
            return bool((await world.get("ada", "clocks"))["items"])

        await eventually(runs)
        yield running, world


async def shows(tool: TicketTool, ticket: str, **wanted: object) -> None:
    """Wait until a ticket of the tool has these values."""

    async def has() -> bool:
        return {name: tool.tickets[ticket].get(name) for name in wanted} == wanted

    await eventually(has)


async def test_a_writer_is_made_tried_and_writes_the_open_ticket(
    desk: tuple[Running, World], browser: Browser, costs: list[Cost]
) -> None:
    running, world = desk
    async with (
        ticket_tool("zammad", f"Token token={SECRET}", FIELDS) as tool,
        opened(browser, running.url, key=world.keys["ada"]) as (page, _),
    ):
        tool.add("21007", "21008")
        journey = Journey(page, "2 integrator lets due dates be written into tickets")
        await journey.open("/connections", then="Sources")
        await journey.click("Written into tickets", then="Nothing is written into tickets yet.")
        await journey.click("Zammad", then="What to enter in the tool")
        await journey.type("What the writer is for", "Due dates of the desk")
        await journey.type("Address of the tool", tool.url)
        await journey.type("Password or token", SECRET)
        await journey.click("Make the writer", then="paused, changes wait")
        assert SECRET not in await page.content() and "slm_due_at" not in tool.tickets["21007"]
        await journey.type("Number of the ticket", "21007")
        await journey.click("Write into this ticket", then="written")
        assert tool.tickets["21007"]["slm_state"] == "running"
        await journey.click("Go on writing", then="writes every change")
        await says(page, "21007", "running", without="No ticket was written yet.")
        costs.append(journey.cost)
        assert journey.cost.clicks <= 5
        # A ticket without a clock gets samples; a number that the tool does not know is refused in words.
        await journey.type("Number of the ticket", "21008")
        await journey.click("Write into this ticket", then="these are samples")
        assert tool.tickets["21008"]["slm_state"] == "test"
        await journey.type("Number of the ticket", "404")
        await journey.click("Write into this ticket", then="not written")


async def test_a_writer_is_paused_rewritten_changed_and_removed(desk: tuple[Running, World], browser: Browser) -> None:
    running, world = desk
    async with (
        ticket_tool("zammad", f"Token token={SECRET}", FIELDS) as tool,
        opened(browser, running.url, key=world.keys["ada"]) as (page, _),
    ):
        tool.add("21007")
        journey = Journey(page, "acts of a writer")
        await journey.open("/connections/writers/new/zammad", then="What to enter in the tool")
        await journey.type("What the writer is for", "Second desk")
        await journey.type("Address of the tool", tool.url)
        await journey.type("Password or token", SECRET)
        await page.get_by_text("Write into all open tickets at once.").click()
        await journey.click("Make the writer", then="writes every change")
        await shows(tool, "21007", slm_state="running", slm_breached=False)
        # Somebody overwrites a field by hand; it comes back only when everything is written again.
        tool.tickets["21007"]["slm_state"] = "by hand"
        await journey.click("Write all again", then="writes every change")
        await shows(tool, "21007", slm_state="running")
        await journey.click("Pause", then="paused, changes wait")
        await journey.click("Change", then="Change Second desk")
        await journey.type("What the writer is for", "Desk in Bern")
        await journey.type("Field for the breach", "")
        await journey.click("Save", then="Desk in Bern")
        await journey.sees("paused, changes wait")
        await journey.click("Go on writing", then="writes every change")
        await expect(page.locator("tr[data-row=slm_breached]")).to_have_count(0)
        # The tool refuses one ticket: it is given up with the answer, and written when everything is written again.
        tool.fault = lambda call: 422 if call.method == "PUT" else None
        await journey.click("Write all again", then="writes every change")
        await says(page, "Given up", "422")
        tool.fault = None
        await journey.click("Write all again", then="writes every change")
        await says(page, without="422")
        # The tool is away: the page says since when, and what is wrong.
        await tool.stop()
        await journey.click("Write all again", then="The last tickets")
        await says(page, "fails since", "What is wrong")
        await tool.start()
        await journey.click("Remove", then="Nothing more is written.")
        await journey.click("Write no more", then="Write into a tool")
        await expect(page.locator("main")).not_to_contain_text("Desk in Bern")
        assert tool.tickets["21007"]["slm_state"] == "running", "the fields of the tool stay as they are"
