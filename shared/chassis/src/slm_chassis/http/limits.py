"""How much of everything the HTTP door takes: one value for each limit, read from the settings."""

from __future__ import annotations

from dataclasses import dataclass, fields

from slm_chassis.settings import Settings

REFUSED_BYTES = 64 << 10
"""The most that is read of a body that is refused, and the largest body of a route that takes no key."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one service's HTTP door. The settings of the same names document and bound them."""

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
        """The limits that an installation's settings name."""
        return cls(**{each.name: getattr(settings, each.name) for each in fields(cls)})
