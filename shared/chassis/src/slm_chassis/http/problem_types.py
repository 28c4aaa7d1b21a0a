"""The types of problem that every API answers with: for each code its status, cause and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

PREFIX = "/problems/"
"""A problem's type URI is this prefix and its code. A page at that path explains it."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One code of a problem document. ``cause`` and ``remedy`` are whole sentences."""

    code: str
    status: int
    title: str
    cause: str
    remedy: str

    @property
    def uri(self) -> str:
        """The ``type`` of a problem document, which is also the path of the page that explains it."""
        return PREFIX + self.code


def by_code(types: Iterable[ProblemType]) -> Mapping[str, ProblemType]:
    """Return code → problem type; raises ValueError if one code has two meanings."""
    found: dict[str, ProblemType] = {}
    for each in types:
        if found.setdefault(each.code, each) != each:
            raise ValueError(f"two types of problem are called {each.code!r}")
    return found


OF_EVERY_API = by_code(
    (
        ProblemType(
            "malformed-request",
            400,
            "The request is not HTTP/1.1",
            "The request line or a header cannot be read.",
            "Send a valid HTTP/1.1 request; use an HTTP client rather than writing one by hand.",
        ),
        ProblemType(
            "malformed-json",
            400,
            "The body is not JSON",
            "The body cannot be read as JSON. `detail` says at which byte reading stopped.",
            "Send valid JSON, in UTF-8, with the header Content-Type: application/json.",
        ),
        ProblemType(
            "too-deep",
            400,
            "The body is nested too deeply",
            "Arrays and objects of the body are nested in each other more often than is allowed.",
            "Send a flatter document; `detail` names the limit.",
        ),
        ProblemType(
            "disconnected",
            400,
            "The request is incomplete",
            "The connection ended before the whole body had arrived.",
            "Send the request again.",
        ),
        ProblemType(
            "wrong-idempotency-key",
            400,
            "The Idempotency-Key is not valid",
            "The header Idempotency-Key is empty, too long, or holds characters that are not visible ASCII.",
            "Send 1 to 255 visible ASCII characters, for example a UUID.",
        ),
        ProblemType(
            "no-key",
            401,
            "No API key",
            "The request carries no API key, and this resource is not open to everyone.",
            "Send your key as Authorization: Bearer slm_…, or as X-API-Key.",
        ),
        ProblemType(
            "wrong-key",
            401,
            "The API key is not valid",
            "The API key is unknown, was revoked, or has expired like the key of a session.",
            "Check that the whole key was sent. Log in again, or ask whoever manages your party's principals for a new"
            " key.",
        ),
        ProblemType(
            "missing-role",
            403,
            "A role is missing",
            "The key belongs to a principal that does not hold a role that this operation needs.",
            "Use a key of a principal with one of the roles that `detail` names, or have the role granted.",
        ),
        ProblemType(
            "only-reads",
            403,
            "An auditor changes nothing",
            "The key belongs to an auditor, who reads everything of the own party and may change only the own password"
            " and sessions.",
            "Ask somebody with another role to do it, or have another principal enrolled for yourself.",
        ),
        ProblemType(
            "out-of-scope",
            403,
            "Outside the key's scopes",
            "The key is limited to some resources, and this request is not among them.",
            "Use a key with the scope that `detail` names.",
        ),
        ProblemType(
            "not-found",
            404,
            "No such resource",
            "Nothing has this id or path, or it belongs to others. Both are answered alike, so that nobody learns what"
            " others have.",
            "Check the id, and that the key belongs to the right party.",
        ),
        ProblemType(
            "method-not-allowed",
            405,
            "Method not allowed",
            "The path exists, but it does not take this method.",
            "Use one of the methods in the header Allow.",
        ),
        ProblemType(
            "not-acceptable",
            406,
            "Nothing that Accept names can be sent",
            "The header Accept excludes every media type that this operation can answer with.",
            "Name a media type that `detail` offers, or leave the header out.",
        ),
        ProblemType(
            "head-too-slow",
            408,
            "The request came too slowly",
            "The request line and the headers did not arrive in time.",
            "Send the request line and all headers at once.",
        ),
        ProblemType(
            "body-too-slow",
            408,
            "The body came too slowly",
            "The body did not arrive in time.",
            "Send the body at once; split a large body over several requests.",
        ),
        ProblemType(
            "request-in-flight",
            409,
            "The same request is in flight",
            "Another request with the same Idempotency-Key is being worked on.",
            "Send the request again after the seconds in Retry-After to get its answer.",
        ),
        ProblemType(
            "conflict",
            409,
            "Conflicts with what is stored",
            "Another request changed the same thing at the same moment.",
            "Read the present state and send the request again if it still applies.",
        ),
        ProblemType(
            "changed-meanwhile",
            412,
            "It has changed since you read it",
            "The header If-Match names a version that is not the present one.",
            "Read the resource again, apply your change to it, and send it with the new ETag.",
        ),
        ProblemType(
            "too-large",
            413,
            "The body is too large",
            "The body has more bytes than this operation takes.",
            "Split the body over several requests; `detail` names the limit.",
        ),
        ProblemType(
            "too-many-values",
            413,
            "The body has too many values",
            "The JSON document holds more values than this operation takes.",
            "Split the body over several requests; `detail` names the limit.",
        ),
        ProblemType(
            "invalid-request",
            422,
            "The request is not valid",
            "A field, a parameter or a header holds a value that is not allowed.",
            "`errors` names each field with the value that was sent and what to send instead.",
        ),
        ProblemType(
            "unknown-parameter",
            422,
            "A query parameter is not known",
            "The query string holds a parameter that this operation does not have and would have ignored.",
            "Leave the parameter out, or correct its name; `errors` lists the parameters that exist.",
        ),
        ProblemType(
            "idempotency-key-reused",
            422,
            "The Idempotency-Key belongs to another request",
            "The same Idempotency-Key came with another body or query before.",
            "Use a new key for a new request.",
        ),
        ProblemType(
            "if-match-required",
            428,
            "If-Match is required",
            "The operation changes something that others may have changed, and the header If-Match is missing.",
            "Read the resource first and send its ETag back in If-Match.",
        ),
        ProblemType(
            "rate-exceeded",
            429,
            "Too many requests",
            "The principal or the address has used up its rate.",
            "Wait for the seconds in Retry-After. RateLimit-Remaining and RateLimit-Reset tell what is left.",
        ),
        ProblemType(
            "too-many-requests",
            429,
            "Too many requests at once",
            "The principal has as many requests in progress as it may have.",
            "Wait for one of them to end.",
        ),
        ProblemType(
            "too-many-streams",
            429,
            "Too many streams at once",
            "The principal has as many event streams open as it may have.",
            "Close one of them.",
        ),
        ProblemType(
            "overloaded",
            429,
            "Too many requests are waiting",
            "The service has more work in progress than it takes on at once. Nothing of the request was done.",
            "Send the same request again after the seconds in Retry-After.",
        ),
        ProblemType(
            "head-too-large",
            431,
            "The headers are too large or too many",
            "The request line and the headers have more bytes, or the headers are more, than is allowed.",
            "Send fewer and shorter headers.",
        ),
        ProblemType(
            "unexpected",
            500,
            "Unexpected error",
            "The service has a fault. It is recorded in its log under the id that `detail` names.",
            "Tell the operator of the installation the id.",
        ),
        ProblemType(
            "access-unknown",
            503,
            "Keys cannot be checked now",
            "The service has not read the log of keys to its end within the last two seconds. A key may have been"
            " revoked meanwhile, so none is accepted.",
            "Send the same request again after the seconds in Retry-After.",
        ),
        ProblemType(
            "unavailable",
            503,
            "Not available now",
            "Something that the service depends on, such as its database, cannot be reached.",
            "Send the same request again after the seconds in Retry-After.",
        ),
        ProblemType(
            "service-away",
            503,
            "The service is away",
            "The gateway reaches no replica of the service that owns the resource.",
            "Send the same request again after the seconds in Retry-After.",
        ),
        ProblemType(
            "waits-behind",
            409,
            "Another record must be handled first",
            "The record is parked behind an earlier one of the same key, which could not be handled either.",
            "Redrive the record that `detail` names; those behind it follow by themselves.",
        ),
    )
)
"""Code → the types of problem that any operation of any service can answer with."""

ALREADY_ENDED = ProblemType(
    "already-ended",
    409,
    "It has already ended",
    "It was completed, declined, revoked or cancelled before this request.",
    "Read its present state; there is nothing left to do.",
)
KEY_TAKEN = ProblemType(
    "key-taken",
    409,
    "The key is taken",
    "This key already belongs to something with other content. A request with the same content would have been"
    " answered with the existing one.",
    "Use another key, or change what exists.",
)
NOT_YOUR_TURN = ProblemType(
    "not-your-turn",
    403,
    "It is the other party's turn",
    "This step belongs to the other party.",
    "Ask the other party, or use a key of the party that `detail` names.",
)
NO_IDEMPOTENCY_HERE = ProblemType(
    "no-idempotency-here",
    400,
    "Secrets are issued without Idempotency-Key",
    "The answer holds a secret that is not stored, so that it cannot be given again.",
    "Send the request without Idempotency-Key, and revoke or replace a secret whose answer was lost.",
)
OF_SEVERAL = (ALREADY_ENDED, KEY_TAKEN, NO_IDEMPOTENCY_HERE, NOT_YOUR_TURN)
"""Types of problem that several services share. Each service lists those that it uses."""
