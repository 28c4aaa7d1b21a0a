"""Entry point of the console as a process of its own: ``python -m slm_console``."""

from __future__ import annotations

import asyncio

from slm_chassis import app
from slm_chassis.app import Endpoint
from slm_chassis.clock import parse_clock
from slm_chassis.http.limits import Limits
from slm_chassis.startup import read_settings, require_free_port
from slm_console import bootstrap
from slm_console.settings import ConsoleSettings


def main() -> None:
    """Serve the console until SIGTERM or SIGINT; it calls the services at the addresses in its settings."""
    settings = read_settings(ConsoleSettings, ConsoleSettings)
    require_free_port(settings.host, settings.port, "SLM_CONSOLE_PORT and SLM_CONSOLE_HOST")
    console = bootstrap.build(settings, parse_clock(settings.clock))
    endpoint = Endpoint(settings.host, settings.port, Limits.of(settings), settings.graceful_seconds)
    asyncio.run(app.serve([], console, endpoint))


if __name__ == "__main__":
    main()
