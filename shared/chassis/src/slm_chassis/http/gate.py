"""Admission of requests: the caller, its rate and its limits are checked before the first byte of the body is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request

from slm_chassis.access import Principal
from slm_chassis.access_registry import AccessRegistry
from slm_chassis.http import accept
from slm_chassis.http.access import identify, key_of, path_of
from slm_chassis.http.bodies import BodyBudget
from slm_chassis.http.limits import REFUSED_BYTES, Limits
from slm_chassis.http.policies import Policies, Policy
from slm_chassis.http.problems import Problem
from slm_chassis.http.rates import RateLimit

QUIET = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that monitoring requests every few seconds. They are not limited and not logged."""
NOBODY = ""
"""The name under which the bodies of all callers without a key are counted: they share one limit."""
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(slots=True)
class Admission:
    """An admitted request: its policy, its size limit, and the resources that it holds until it is answered."""

    policy: Policy
    max_body_bytes: int
    principal_id: str = ""
    holder: str = NOBODY
    """Who the body counts for: a party's id, ``operators``, or NOBODY."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The ``RateLimit-*`` headers of the answer."""
    is_counted: bool = False
    """Whether the request counts as one of the principal's open requests or streams."""


class AdmissionGate:
    """Admits the requests of one service. ``access`` is None for an API that has no keys of its own."""

    def __init__(self, limits: Limits, access: AccessRegistry | None) -> None:
        self._limits = limits
        self._access = access
        self.policies = Policies()
        self._rate = RateLimit(limits.rate, "principal")
        self._intake_rate = RateLimit(limits.intake_rate, "principal")
        self._address_rate = RateLimit(limits.address_rate, "address")
        self._requests: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        largest = max(limits.max_body_bytes, limits.max_bulk_body_bytes)
        self.bodies = BodyBudget(limits.max_bodies_bytes, largest)

    async def admit(self, request: Request, announced: int) -> Admission:
        """Check everything about a request that needs no body; raises Problem, AccessUnavailable or Overload."""
        policy = self.policies.of(request.app, request.method, path_of(request))
        admission = Admission(
            policy, self._limits.max_bulk_body_bytes if policy.is_bulk else self._limits.max_body_bytes
        )
        if path_of(request) in QUIET:
            return admission
        key = key_of(request)
        if policy.is_keyless or self._access is None or not (key or self._serves(request)):
            admission.headers = self._address_rate.spend(client_address(request))
            if not policy.is_signed:
                admission.max_body_bytes = min(admission.max_body_bytes, REFUSED_BYTES)
        else:
            principal = await self._identified(request, self._access, key)
            admission.principal_id, admission.holder = principal.principal_id, principal.party_id or "operators"
            admission.headers = (self._intake_rate if policy.is_bulk else self._rate).spend(principal.principal_id)
            if principal.only_reads and request.method not in _SAFE and not policy.is_own_account:
                raise _only_reads(principal)
            self._count(admission)
        try:
            self._check(request, admission, announced)
        except BaseException:
            self.release(admission)
            raise
        return admission

    async def _identified(self, request: Request, access: AccessRegistry, key: str) -> Principal:
        if not key or access.known(key) is None:
            # Only a wrong or missing key counts for its address, so valid keys from there are not limited by it.
            self._address_rate.spend(client_address(request))
        return await identify(request)

    def _serves(self, request: Request) -> bool:
        """Whether the API has a route for the request. If not, a caller without a key gets 404 instead of 401."""
        return self.policies.serves(request.method, path_of(request))

    def _count(self, admission: Admission) -> None:
        counts, most, what = (
            (self._streams, self._limits.streams_per_principal, "streams")
            if admission.policy.is_stream
            else (self._requests, self._limits.requests_per_principal, "requests")
        )
        if counts[admission.principal_id] >= most:
            detail = f"A principal may have {most} {what} open at once. End one, or wait for it to end."
            raise Problem(429, f"too-many-{what}", f"Too many {what} at once", detail, headers={"Retry-After": "1"})
        counts[admission.principal_id] += 1
        admission.is_counted = True

    def _check(self, request: Request, admission: Admission, announced: int) -> None:
        if self.policies.refuses(request.method, path_of(request)):
            allowed = ", ".join(self.policies.allowed(request.app, path_of(request)))
            detail = "Use one of the methods in the header Allow."
            raise Problem(405, "method-not-allowed", "Method not allowed", detail, headers={"Allow": allowed})
        given = request.headers.get("accept", "")
        policy = admission.policy
        # A read is checked against the answer's own type, later. A write must not be done if its answer could not be
        # sent.
        is_known = policy.is_stream or request.method not in _SAFE
        if given and is_known and accept.preferred_media_type(given, policy.media) is None:
            raise accept.not_acceptable(given, policy.media)
        if announced > admission.max_body_bytes:
            raise body_too_large(admission.max_body_bytes)
        if announced:
            self.bodies.check(announced, admission.holder)

    def release(self, admission: Admission) -> None:
        """Stop counting an answered request as open."""
        if admission.is_counted:
            admission.is_counted = False
            counts = self._streams if admission.policy.is_stream else self._requests
            counts[admission.principal_id] -= 1
            if not counts[admission.principal_id]:
                del counts[admission.principal_id]


def body_too_large(most: int) -> Problem:
    """Return the problem 413 that names the limit."""
    detail = f"A body may have {most} bytes here. Send the rest in further requests."
    return Problem(413, "too-large", "The body is too large", detail)


def _only_reads(principal: Principal) -> Problem:
    detail = f"{principal.name!r} is an auditor, who reads and changes nothing: use a key with another role."
    return Problem(403, "only-reads", "An auditor changes nothing", detail)


def client_address(request: Request) -> str:
    """Return the network address of a request's client, taken from the headers of trusted proxies if there are any."""
    return request.client.host if request.client else "unknown"
