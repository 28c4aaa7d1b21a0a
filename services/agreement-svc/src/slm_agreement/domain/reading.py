"""Reading what somebody wrote, field by field: nothing is overlooked, and every fault has a name and a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_agreement.domain.errors import Findings

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
KEY_REMEDY = "write 1 to 100 letters, digits, dots, dashes or underscores, beginning with a letter or digit"
_DOUBLE_DIGITS = 15
"""Decimal literals of up to 15 significant digits come back from a double as they were written."""


class Reader:
    """Takes fields out of a mapping; what nobody took by ``done`` is unknown and refused with the fields there are."""

    def __init__(self, data: Any, path: str, findings: Findings) -> None:
        self.path = path
        self.findings = findings
        self._known: list[str] = []
        if not isinstance(data, Mapping):
            findings.add(path, data, "write an object")
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, value: Any, remedy: str) -> None:
        self.findings.add(self.at(name), value, remedy)

    def raw(self, name: str, default: Any = None) -> Any:
        """The value as written; absent and null give the default."""
        self._known.append(name)
        value = self._data.get(name)
        return default if value is None else value

    def explicit(self, name: str, default: Any) -> Any:
        """The value as written, null included; absent gives the default."""
        self._known.append(name)
        return self._data.get(name, default)

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        value = self.raw(name, default)
        if value in options and isinstance(value, str):
            return value
        self.fault(name, value, f"write one of: {', '.join(options)}")
        return options[0]

    def text(self, name: str, default: str | None = None, longest: int = 10_000) -> str:
        value = self.raw(name, default)
        if isinstance(value, str) and len(value) <= longest and (value or default == ""):
            return value
        self.fault(name, value, f"write text of 1 to {longest} characters")
        return ""

    def key(self, name: str) -> str:
        value = self.raw(name)
        if isinstance(value, str) and KEY.match(value):
            return value
        self.fault(name, value, KEY_REMEDY)
        return ""

    def flag(self, name: str, default: bool) -> bool:
        value = self.raw(name, default)
        if not isinstance(value, bool):
            self.fault(name, value, "write true or false")
        return bool(value)

    def whole(self, name: str, default: int, least: int, most: int, says: str) -> int:
        """A whole number within bounds; ``says`` completes the remedy "write …"."""
        value = self.raw(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,16}", value) and least <= int(value) <= most:
            # The number is right: whoever reads only what it is about would write the same again.
            says = f"{int(value)} without quotes: it is a number, not text"
        self.fault(name, value, f"write {says}")
        return default

    def decimal(self, name: str, default: str | None = None, least: str = "0", most: str | None = None) -> str:
        """An exact decimal as text; bounds are included."""
        value = self.raw(name, default)
        text = decimal_text(value)
        if text is None:
            self.fault(name, value, _decimal_remedy(value))
            return "0"
        if Decimal(text) < Decimal(least) or (most is not None and Decimal(text) > Decimal(most)):
            self.fault(name, value, f"write a number from {least}" + (f" to {most}" if most else " upwards"))
        return text

    def texts(self, name: str, default: Iterable[str] = (), options: Sequence[str] | None = None) -> list[str]:
        """A list of non-empty texts without repetition; a single text stands for a list of one."""
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
        for name in self._data:
            if name not in self._known:
                known = ", ".join(dict.fromkeys(self._known))
                self.fault(
                    str(name), self._data[name], f"leave it out: unknown or not supported yet; known are {known}"
                )


def _decimal_remedy(value: Any) -> str:
    """What to write instead of something that is no decimal: the number it was meant as, where that can be told."""
    plain = decimal_text(value.strip().rstrip("%").strip().replace(",", ".")) if isinstance(value, str) else None
    if plain is not None and value.count(",") <= 1:
        return f'write "{plain}": digits with a point, without a percent sign or anything else'
    return 'write an exact decimal as text, like "99.9"'


def decimal_text(value: Any) -> str | None:
    """What was written as a number → its plain decimal text, exactly; None where that cannot be told.

    Text and integers are exact. A float is taken for the literal it was read from, which is sure up to 15 digits.
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
