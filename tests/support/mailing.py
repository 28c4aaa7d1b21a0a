"""notification-svc in a process of its own with a mail server on this machine, to be killed and started again."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from slm_chassis.clock import SystemClock
from slm_chassis.log.connect import open_log
from slm_chassis.log.port import EventLog, Record
from slm_events import envelope
from slm_events.agreement import PersonRecorded, PrincipalEnrolled
from slm_events.catalogue import PUBLISHED
from slm_events.instants import to_text
from tests.support.mailbox import Mailbox
from tests.support.operator_key import KEY
from tests.support.postgres import fresh_name, session
from tests.support.processes import Running, free_port, started
from tests.unit.notification.test_event_filters import parties_of, sample

WAITS_SECONDS = 240.0
BREACH, RISK = "slm.monitor.target-breached.v1", "slm.monitor.target-at-risk.v1"
READER = "ada@acme.example"


@dataclass
class MailingProcess:
    """The process, the log that it reads, and the mailbox; one person of the provider hears of everything."""

    folder: Path
    stack: AsyncExitStack
    log_url: str
    database_url: str
    mailbox: Mailbox
    more: Mapping[str, str]
    log: EventLog | None = None
    port: int = field(default_factory=free_port)
    running: Running | None = None
    told: dict[str, float] = field(default_factory=dict)
    """Number in the title of the target → when its event was appended, in seconds of the loop's clock."""

    async def start(self) -> None:
        environment = {
            "SLM_LOG": self.log_url,
            "SLM_BOOTSTRAP_KEY": KEY,
            "SLM_NOTIFICATION_DATABASE_URL": self.database_url,
            "SLM_NOTIFICATION_PORT": str(self.port),
            "SLM_SMTP_URL": self.mailbox.url,
            "SLM_MAIL_FROM": "slm@acme.example",
            "SLM_CONSOLE_URL": "https://slm.acme.example",
            "SLM_NOTIFICATION_MAIL_REPLY_SECONDS": "0.5",
            "SLM_NOTIFICATION_FIRST_RETRY_SECONDS": "0.3",
            **self.more,
        }
        running = started(["slm_notification"], self.folder / "output", self.port, environment)
        self.running = await self.stack.enter_async_context(running)
        await self.running.ready(WAITS_SECONDS)

    async def kill(self) -> None:
        assert self.running is not None
        await self.running.stop(signal.SIGKILL)

    async def tell(self, kind: str) -> None:
        """Append an event about a target of its own, of a service of its own: each is a mail of its own."""
        number = f"{len(self.told):06}"
        known = sample(kind, target_title=f"Target {number}", service_id=f"service {number}")
        self.told[number] = asyncio.get_running_loop().time()
        await self.append(kind, known.data, f"0193a5c0-0000-7000-8000-000000{number}")

    async def append(self, kind: str, data: object, event_id: str) -> None:
        assert self.log is not None
        row, now = PUBLISHED[type(data)], to_text(SystemClock().now())
        event = envelope.Envelope(
            id=event_id, source="/slm/test/other", type=kind, subject="s", time=now, recorded_at=now, data=data
        )
        record = Record(str(getattr(data, row.key_field)), envelope.to_json(data), envelope.to_headers(event))
        await self.log.append(row.topic.name, [record])

    def arrived(self) -> dict[str, list[str]]:
        """Number of each event whose mail has arrived → the Message-IDs of the mails."""
        found: dict[str, list[str]] = {}
        for each in self.mailbox.messages:
            found.setdefault(str(each["Subject"])[-6:], []).append(str(each["Message-ID"]))
        return found

    async def all_arrived(self) -> bool:
        return self.arrived().keys() >= self.told.keys()


@asynccontextmanager
async def mailing_process(folder: Path, **more: str) -> AsyncIterator[MailingProcess]:
    """Run the process with one reader. ``more``: further environment variables."""
    log_url, database_url = session().url(fresh_name("slm_log")), session().url(fresh_name("slm_notification"))
    async with AsyncExitStack() as stack:
        mailbox = stack.enter_context(Mailbox())
        process = MailingProcess(folder, stack, log_url, database_url, mailbox, more)
        await process.start()
        process.log = await open_log(log_url, clock=SystemClock(), client="test")
        stack.push_async_callback(process.log.close)
        party_id = parties_of(sample(BREACH))[0]
        person = PersonRecorded(person_id="person", party_id=party_id, name="Ada", email=READER)
        roles = ["service_level_manager"]
        principal = PrincipalEnrolled(
            principal_id="principal", party_id=party_id, name="Ada", roles=roles, person_id="person"
        )
        await process.append("slm.agreement.person-recorded.v1", person, "0193a5c0-1111-7000-8000-000000000001")
        await process.append("slm.agreement.principal-enrolled.v1", principal, "0193a5c0-1111-7000-8000-000000000002")
        await asyncio.sleep(3.0)
        yield process
