"""The demonstration's own routes under ``/demo``: stories, progress, links to sign in, and playing the next hour."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from slm.demo.alder.played_clock import PlayedClock
from slm.demo.alder.script.companies import COMPANIES, PEOPLE
from slm.demo.alder.script.stories import stories
from slm.demo.alder.world import DemonstrationWorld
from slm_chassis.http.api import bare_api
from slm_chassis.metrics import Metrics
from slm_events.instants import to_text

PREFIX = "/demo"
_WAYS_IN = ("/show-me", "/sign-in")
_MINUTE = 60_000_000


class StoryAnswer(BaseModel):
    """A story on the page "Show me": a page of the console, whom to sign in as, and what to see there."""

    key: str = Field(description="Its key")
    title: str = Field(description="Its title")
    person: str = Field(description="Key of the person who best looks at it")
    path: str | None = Field(description="The page of the console; null while what it shows is not there yet")
    shows: str = Field(description="What is seen there")


class PersonAnswer(BaseModel):
    """A made-up person whom a visitor of the demonstration can sign in as."""

    key: str = Field(description="Its key")
    name: str = Field(description="Name")
    company: str = Field(description="Name of the company")
    company_is: str = Field(description="What the company is")
    does: str = Field(description="What the person does")


class ProgressAnswer(BaseModel):
    """How far the demonstration's data are built, and its present instant."""

    step: str = Field(description="`starting`, `signing`, `history`, `judging`, `answers` or `complete`")
    sent: int = Field(description="Facts of the history that were sent")
    facts: int = Field(description="All facts of the history")
    now: str = Field(description="The present instant of the demonstration")
    is_playing: bool = Field(description="Whether an hour is being played")


class ShowMeAnswer(BaseModel):
    """Answer with the content of the page "Show me": progress, stories and people."""

    progress: ProgressAnswer
    stories: list[StoryAnswer]
    people: list[PersonAnswer]


class PlayRequest(BaseModel):
    """Request body: how many minutes of the demonstration shall pass 60 times as fast as real time."""

    model_config = ConfigDict(extra="forbid")
    minutes: int = Field(default=60, ge=1, le=60, description="Minutes to pass, each within a second")


class SignInLinkRequest(BaseModel):
    """Request body: the person for whom a sign-in link is wanted."""

    model_config = ConfigDict(extra="forbid")
    person: str = Field(description="Key of the person")


class SignInLinkAnswer(BaseModel):
    """A sign-in link for a person. It works once."""

    code: str = Field(description="For `POST /api/v1/sessions`, once")
    path: str = Field(description="The page of the console that takes it")


class PlayedAnswer(BaseModel):
    """Answer to a request to play: when the clock will be back at real speed."""

    until: str = Field(description="The demonstration's instant at which its clock runs at real speed again")


def demo_api(world: DemonstrationWorld, clock: PlayedClock) -> FastAPI:
    """Return the application that answers below ``/demo``. It needs no API key, because all of its data are made up."""
    api = bare_api(title="Demonstration", metrics=Metrics("demo"))

    @api.get(f"{PREFIX}/stories")
    async def show_me() -> ShowMeAnswer:
        return ShowMeAnswer(
            progress=_progress(world, clock),
            stories=[
                StoryAnswer(
                    key=each.key,
                    title=each.title,
                    person=each.person,
                    path=each.place(world.places),
                    shows=each.shows,
                )
                for each in stories(world.timeline)
            ],
            people=_people(),
        )

    @api.post(f"{PREFIX}/play", status_code=202)
    async def play(body: PlayRequest) -> PlayedAnswer:
        return PlayedAnswer(until=to_text(clock.play(body.minutes * _MINUTE)))

    @api.post(f"{PREFIX}/sign-in-links", status_code=201)
    async def let_in(body: SignInLinkRequest) -> SignInLinkAnswer:
        if world.enrolled is None or body.person not in {person.key for person in PEOPLE if person.logs_in}:
            raise HTTPException(404)
        link = await world.enrolled.sign_in_link(body.person)
        return SignInLinkAnswer(code=link["code"], path=link["link"])

    return api


def _progress(world: DemonstrationWorld, clock: PlayedClock) -> ProgressAnswer:
    seen = world.progress
    return ProgressAnswer(
        step=seen.step, sent=seen.sent, facts=seen.facts, now=to_text(clock.now()), is_playing=clock.is_playing
    )


def _people() -> list[PersonAnswer]:
    companies = {company.key: company for company in COMPANIES}
    return [
        PersonAnswer(
            key=person.key,
            name=person.name,
            company=companies[person.company].name,
            company_is=companies[person.company].is_what,
            does=person.does,
        )
        for person in PEOPLE
        if person.logs_in
    ]


class DemoFace:
    """The installation's HTTP application with the demonstration's routes added.

    It tells the demonstration when a visitor opens a page, because the script begins with the first page opened.
    """

    def __init__(self, face: ASGIApp, own: ASGIApp, world: DemonstrationWorld) -> None:
        self._face = face
        self._own = own
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            await self._own(scope, receive, send)
            return
        if self._world.live is not None and _is_look(scope):
            self._world.live.looked()
        await self._face(scope, receive, send)


def _is_look(scope: Scope) -> bool:
    """Whether a visitor requests a page of the console.

    The pages on which a visitor chooses a person to sign in as do not count.
    """
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(_WAYS_IN):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
