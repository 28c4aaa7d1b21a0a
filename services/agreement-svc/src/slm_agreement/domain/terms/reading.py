"""A reader of documents, which reads one field after another.

It reports every unknown field, and every error with path and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_agreement.domain.errors import Findings

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
KEY_REMEDY = "write 1 to 100 letters, digits, dots, dashes or underscores, beginning with a letter or digit"
_DOUBLE_DIGITS = 15
"""A decimal literal with up to 15 significant digits survives the conversion to a double and back."""


class FieldReader:
    """A reader of one JSON object. ``done`` reports the fields that no method has read, and says which fields exist.

    Each method reads one field. For an invalid value it adds a finding and returns a valid replacement, so that reading
    can continue.
    """

    def __init__(self, data: Any, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._known: list[str] = []
        if not isinstance(data, Mapping):
            findings.add(path, data, "write an object")
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}

    def has(self, name: str) -> bool:
        """Return whether the field is present and not null."""
        return self._data.get(name) is not None

    def at(self, name: str) -> str:
        """Return the path of a field in the document, such as ``targets[0].objective``."""
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, value: Any, remedy: str) -> None:
        """Add a finding about a field."""
        self.findings.add(self.at(name), value, remedy)

    def raw(self, name: str, default: Any = None) -> Any:
        """Return the value as written; the default if it is missing or null."""
        self._known.append(name)
        value = self._data.get(name)
        return default if value is None else value

    def explicit(self, name: str, default: Any) -> Any:
        """Return the value as written, including null; the default if it is missing."""
        self._known.append(name)
        return self._data.get(name, default)

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """Return the field's value, which must be one of the options. Without ``default`` the field must not be
        missing.
        """
        value = self.raw(name, default)
        if value in options and isinstance(value, str):
            return value
        self.fault(name, value, f"write one of: {', '.join(options)}")
        return options[0]

    def text(self, name: str, default: str | None = None, longest: int = 10_000) -> str:
        """Return a text of 1 to ``longest`` characters. It may be empty if the default is empty."""
        value = self.raw(name, default)
        if isinstance(value, str) and len(value) <= longest and (value or default == ""):
            return value
        self.fault(name, value, f"write text of 1 to {longest} characters")
        return ""

    def key(self, name: str) -> str:
        """Return a key, such as ``p1-resolution``."""
        value = self.raw(name)
        if isinstance(value, str) and KEY.match(value):
            return value
        self.fault(name, value, KEY_REMEDY)
        return ""

    def flag(self, name: str, default: bool) -> bool:
        """Return a field that must be true or false."""
        value = self.raw(name, default)
        if not isinstance(value, bool):
            self.fault(name, value, "write true or false")
        return bool(value)

    def whole(self, name: str, default: int, least: int, most: int, says: str) -> int:
        """Return a whole number within the bounds; ``says`` completes the remedy "write …"."""
        value = self.raw(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,16}", value) and least <= int(value) <= most:
            # The number is right but quoted. The usual remedy would make the author write the same again.
            says = f"{int(value)} without quotes: it is a number, not text"
        self.fault(name, value, f"write {says}")
        return default

    def decimal(self, name: str, default: str | None = None, least: str = "0", most: str | None = None) -> str:
        """Return an exact decimal number as text. ``least`` and ``most`` are allowed values, too; ``most`` None: no
        upper limit.
        """
        value = self.raw(name, default)
        text = decimal_text(value)
        if text is None:
            self.fault(name, value, _decimal_remedy(value))
            return "0"
        if Decimal(text) < Decimal(least) or (most is not None and Decimal(text) > Decimal(most)):
            self.fault(name, value, f"write a number from {least}" + (f" to {most}" if most else " upwards"))
        return text

    def texts(self, name: str, default: Iterable[str] = (), options: Sequence[str] | None = None) -> list[str]:
        """Return a list of non-empty texts without repetition. A single text is read as a list of one."""
        value = self.raw(name, list(default))
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            self.fault(name, value, "write a list of texts")
            return []
        for item in items if options is not None else ():
            if item not in (options or ()):
                self.fault(name, item, f"write some of: {', '.join(options or ())}")
        return list(dict.fromkeys(items))

    def done(self) -> None:
        """Add a finding for each field that no method has read."""
        for name in self._data:
            if name not in self._known:
                known = ", ".join(dict.fromkeys(self._known))
                self.fault(
                    str(name),
                    self._data[name],
                    f"leave it out: it is unknown or not supported yet; known fields are {known}",
                )


def _decimal_remedy(value: Any) -> str:
    """Return what to write instead of a value that is no decimal number, with the number that was probably meant."""
    plain = decimal_text(value.strip().rstrip("%").strip().replace(",", ".")) if isinstance(value, str) else None
    if plain is not None and value.count(",") <= 1:
        return f'write "{plain}": digits with a point, without a percent sign or anything else'
    return 'write an exact decimal as text, like "99.9"'


def decimal_text(value: Any) -> str | None:
    """Return a number as plain decimal text; None if it is no number, or its exact value is unknown.

    Texts and integers are exact. A float counts as the decimal literal that it was read from, which can be recovered
    for up to 15 digits.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30 or len(number.as_tuple().digits) > 40:
        return None
    if isinstance(value, float) and len(number.normalize().as_tuple().digits) > _DOUBLE_DIGITS:
        return None
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
