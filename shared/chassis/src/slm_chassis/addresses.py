"""URLs of databases and logs: checked at the start, and shown without their passwords."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

POSTGRES = ("postgresql", "postgres")
_FORM = "postgresql://user:password@host:5432/database"


def check_log_url(url: str) -> str:
    """Return the URL of a log unchanged; raises ValueError that says how to write one."""
    scheme, separator, rest = url.partition("://")
    if scheme in POSTGRES:
        return check_postgres_url(url)
    if scheme == "kafka" and separator:
        for server in rest.rstrip("/").split(","):
            host, colon, port = server.strip().rpartition(":")
            if not colon or not host or not _is_port(port):
                raise ValueError(f"{server!r} is not host:port; write kafka://host:9092[,host:9092]")
        return url
    if scheme == "memory" and separator:
        return url
    raise ValueError(f"it is not the address of a log; write {_FORM} or kafka://host:9092")


def check_postgres_url(url: str) -> str:
    """Return the URL of a PostgreSQL database unchanged; raises ValueError that says how to write one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"it is not a URL ({error}); write {_FORM}") from None
    if parts.scheme not in POSTGRES or "://" not in url:
        raise ValueError(f"its scheme is {parts.scheme or 'missing'}; write {_FORM}")
    if not parts.path.strip("/"):
        raise ValueError(f"it names no database; write {_FORM}")
    if not parts.hostname and "host" not in dict(parse_qsl(parts.query)):
        raise ValueError(f"it names no host; write {_FORM}")
    return url


def add_tls_settings(url: str, sslmode: str, root_certificate: Path | None) -> str:
    """Return a PostgreSQL URL with ``sslmode`` and ``sslrootcert`` added where it lacks them. A URL without a host or
    of another kind of database is returned unchanged.
    """
    if not url.startswith(tuple(f"{scheme}://" for scheme in POSTGRES)) or not (sslmode or root_certificate):
        return url
    parts = urlsplit(url)
    given = parse_qsl(parts.query)
    if parts.hostname is None:
        # A socket on this machine: nothing to encrypt.
        return url
    names = {name for name, _ in given}
    if sslmode and "sslmode" not in names:
        given.append(("sslmode", sslmode))
    if root_certificate and "sslrootcert" not in names:
        given.append(("sslrootcert", str(root_certificate)))
    return urlunsplit(parts._replace(query=urlencode(given, quote_via=quote)))


def hide_password(url: str) -> str:
    """Return a URL for people to read: without the password and the query string."""
    parts = urlsplit(url)
    if parts.scheme not in POSTGRES:
        return url
    host = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "")
    return f"{parts.scheme}://{host}{parts.path}"


def _is_port(text: str) -> bool:
    return text.isdigit() and 0 < int(text) <= 65_535
