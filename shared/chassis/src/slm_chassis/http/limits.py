"""The limits of a service's HTTP API, read from the settings."""

from __future__ import annotations

from dataclasses import dataclass, fields

from slm_chassis.settings import Settings

REFUSED_BYTES = 64 << 10
"""The most bytes of a refused body that are read; also the largest body on a route without a key."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one service's HTTP API. The settings of the same names describe them and check their range."""

    max_body_bytes: int = 1 << 20
    max_bulk_body_bytes: int = 16 << 20
    max_bodies_bytes: int = 256 << 20
    max_head_bytes: int = 64 << 10
    max_headers: int = 100
    max_json_depth: int = 64
    max_json_values: int = 100_000
    max_connections: int = 10_000
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: int = 75
    streams_per_principal: int = 20
    requests_per_principal: int = 256
    rate: str = "1000/second"
    intake_rate: str = "5000/second"
    address_rate: str = "100/second"
    trusted_proxies: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings give."""
        return cls(**{each.name: getattr(settings, each.name) for each in fields(cls)})
