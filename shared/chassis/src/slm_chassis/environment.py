"""Environment variables of the settings. The value of any ``SLM_…`` variable may be in a file named by
``SLM_…_FILE``.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path

_PREFIX, _SUFFIX = "SLM_", "_FILE"
_LIKENESS = 0.85
_LONGEST = 64 << 10


class WrongVariable(ValueError):
    """An environment variable cannot be used; the message names it and the remedy."""


def resolve_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with ``SLM_…`` set to the content of the file that ``SLM_…_FILE`` names; raises
    WrongVariable.
    """
    found = dict(environment)
    for name, path in environment.items():
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX) and path:
            plain = name.removesuffix(_SUFFIX)
            if environment.get(plain):
                raise WrongVariable(f"{plain} and {name} are both set; keep one of them")
            found[plain] = _content(name, Path(path))
    return found


def _content(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        remedy = "name a file that this process may read"
        raise WrongVariable(f"{name} names {path}, which cannot be read ({error.strerror}); {remedy}") from error
    if len(content) > _LONGEST:
        raise WrongVariable(f"{name} names {path}, which holds more than {_LONGEST} bytes; name the file of the value")
    try:
        text = content.decode().strip("\r\n")
    except UnicodeDecodeError as error:
        raise WrongVariable(f"{name} names {path}, which is not text; name the file that holds the value") from error
    if not text.strip():
        raise WrongVariable(f"{name} names {path}, which is empty; write the value into it")
    return text


def misspelled_variables(
    environment: Mapping[str, str], known: Collection[str], *, all_unknown: bool = False
) -> list[str]:
    """Return a sentence for each ``SLM_…`` variable that is set and not in ``known``, but resembles a known one.

    With ``all_unknown`` there is also a sentence for each variable that resembles no known one; ``known`` must then
    contain every variable there is.
    """
    sentences = []
    for name in sorted(environment):
        plain = name.removesuffix(_SUFFIX) if name.endswith(_SUFFIX) else name
        if not name.startswith(_PREFIX) or name in known or plain in known:
            continue
        meant = next((each for each in sorted(known) if each.endswith("_" + plain.removeprefix(_PREFIX))), None)
        close = [meant] if meant else difflib.get_close_matches(plain, known, 1, _LIKENESS)
        if close:
            sentences.append(f"{name} is set but not used; did you mean {close[0]}?")
        elif all_unknown:
            sentences.append(f"{name} is set but not used")
    return sentences
