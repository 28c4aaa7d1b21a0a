"""How the supports of a side are combined: as the dependencies of the agreement's service say. Without dependencies,
every support is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slm_agreement.domain.checks.chain_arithmetic import Structure
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import SupportGroup


@dataclass(frozen=True, slots=True)
class CombinedSupports:
    """Supports in the structure of the service's dependencies."""

    structure: Structure | None
    """None if there are no supports."""
    unsupported_services: tuple[str, ...] = ()
    """Ids of services in the dependencies for which there is no support."""


def combine_supports(dependencies: Any, services: Mapping[str, str]) -> CombinedSupports:
    """Return the structure of a service's dependencies with a support in place of each service.

    ``services``: id of a support → id of the service that the support is about. If several supports are about one
    service, all of them are needed. Supports about a service outside the dependencies are all needed, too.
    ``dependencies`` None: every support is needed.
    """
    about: defaultdict[str, list[str]] = defaultdict(list)
    for support_id, service_id in services.items():
        about[service_id].append(support_id)
    written = None if dependencies is None else chain.parse_support_structure(dependencies)
    named = [] if written is None else list(dict.fromkeys(chain.support_names(written)))
    placed = None if written is None else _placed(written, about)
    rest = [support for service, found in about.items() if service not in named for support in found]
    parts = [*([] if placed is None else [placed]), *rest]
    structure = None if not parts else parts[0] if len(parts) == 1 else SupportGroup(len(parts), tuple(parts))
    return CombinedSupports(structure, tuple(each for each in named if each not in about))


def _placed(structure: Structure, about: Mapping[str, list[str]]) -> Structure | None:
    """Return the structure with supports in place of services; None if no support is left.

    A k-of-n group works if at least k of its n members work. If fewer than k members have a support, the result does
    not contain the group.
    """
    if isinstance(structure, str):
        found = about.get(structure, [])
        return None if not found else found[0] if len(found) == 1 else SupportGroup(len(found), tuple(found))
    parts = [part for each in structure.parts if (part := _placed(each, about)) is not None]
    if structure.is_serial:
        return None if not parts else parts[0] if len(parts) == 1 else SupportGroup(len(parts), tuple(parts))
    return SupportGroup(structure.needed, tuple(parts)) if len(parts) >= structure.needed else None
