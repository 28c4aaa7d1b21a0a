"""Parts of a service: put once, asked for by routes with their type, missing ones told by name."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from slm_chassis.http.parts import Part

GREETING = Part[str]("greeting")
TheGreeting = Annotated[str, Depends(GREETING.of)]


def api() -> FastAPI:
    made = FastAPI()

    @made.get("/greeting")
    async def greet(greeting: TheGreeting) -> str:
        return greeting

    return made


async def asked(of: FastAPI) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(of), base_url="http://parts") as client:
        return await client.get("/greeting")


async def test_a_route_is_given_the_part_of_its_own_api() -> None:
    one, other = api(), api()
    assert GREETING.put(one, "hello") == "hello"
    GREETING.put(other, "goodbye")
    assert (await asked(one)).json() == "hello"
    assert (await asked(other)).json() == "goodbye"


async def test_a_part_is_no_parameter_of_the_operation() -> None:
    assert "parameters" not in api().openapi()["paths"]["/greeting"]["get"]


def test_a_part_that_nobody_put_is_named() -> None:
    with pytest.raises(AttributeError, match="greeting"):
        GREETING.find(api())
