"""Terms of an agreement as YAML text, and the terms read from such a text, with the line of every field.

The text follows the YAML 1.2 core schema: ``yes``, ``18:00`` and ``2026-12-01`` are strings. Anything beyond JSON
(anchors, tags, duplicate keys) is refused, so that text and terms always mean the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from slm_console.views.reader import Reader

LONGEST = 400_000
_DEEPEST = 40
_NULL, _BOOL, _INT = "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int"
_FLOAT, _TEXT = "tag:yaml.org,2002:float", "tag:yaml.org,2002:str"
_PLAIN = (
    (_NULL, re.compile(r"(?:~|null|)\Z"), ["~", "n", ""]),
    (_BOOL, re.compile(r"(?:true|false)\Z"), ["t", "f"]),
    (_INT, re.compile(r"-?(?:0|[1-9][0-9]{0,300})\Z"), list("-0123456789")),
    (_FLOAT, re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"), list("-0123456789")),
)
_FIRST = (
    "key", "title", "text", "timezone", "term", "aggregation", "clock", "applies_to", "indicator", "objective",
    "window", "service_hours", "targets", "clauses",
)  # fmt: skip
"""Field names that the text shows first, because the API does not keep an order."""


class YamlFault(ValueError):
    """A text that cannot be read as terms: the line, counted from 1, and the reason."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


@dataclass(frozen=True)
class WrittenTerms:
    """The terms read from a text, and the line of each field by its path: ``targets[0].objective`` → 7."""

    document: dict[str, Any]
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int:
        """Return the line of a field. If the text lacks the field, return the line of the smallest field that would
        contain it; if the text lacks that, too, return 1.
        """
        while path:
            if path in self.lines:
                return self.lines[path]
            path = re.sub(r"(?:^|\.)[^.\[\]]*\Z|\[\d+\]\Z", "", path)
        return 1


# Where PyYAML was built without libyaml, its own parser does the same, slower.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _CoreLoader(_Loader):  # type: ignore[misc]
    """YAML loader that resolves plain scalars by the YAML 1.2 core schema."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


class _CoreDumper(_Dumper):  # type: ignore[misc]
    """YAML dumper that quotes strings which _CoreLoader would read as another type."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern, _first in _PLAIN:
    _CoreLoader.add_implicit_resolver(_tag, _pattern, _first)
    _CoreDumper.add_implicit_resolver(_tag, _pattern, _first)


def _block(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar(_TEXT, text, style="|" if "\n" in text else None)


_CoreDumper.add_representer(str, _block)
_CoreDumper.ignore_aliases = lambda *_: True


def text_of(document: Mapping[str, Any]) -> str:
    """Return terms as YAML text, with the most important fields first."""
    return yaml.dump(
        _in_order(document), Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, width=96, default_flow_style=False
    )


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
        return {name: _in_order(value[name]) for name in names}
    return [_in_order(each) for each in value] if isinstance(value, list) else value


def read_terms(reader: Reader, text: str) -> WrittenTerms:
    """Return the terms in a YAML text; raises YamlFault."""
    if len(text) > LONGEST:
        raise YamlFault(1, reader.gettext("The text is longer than %(count)s characters.", count=reader.whole(LONGEST)))
    try:
        _refuse_nesting(reader, text)
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = reader.gettext("This cannot be read: %(problem)s.", problem=error.problem or error.context or "")
        raise YamlFault(mark.line + 1 if mark else 1, why) from error
    except yaml.YAMLError as error:
        raise YamlFault(1, reader.gettext("There is a character that no text may hold.")) from error
    if not isinstance(root, yaml.MappingNode):
        raise YamlFault(1, reader.gettext("Write the fields of the terms, such as “title: Checkout”."))
    lines: dict[str, int] = {}
    document: dict[str, Any] = _value(reader, root, "", lines)
    return WrittenTerms(document, lines)


def _refuse_nesting(reader: Reader, text: str) -> None:
    """Raise YamlFault for anchors, aliases and too deep nesting, before any value is built."""
    depth = 0
    events: Any = yaml.parse(text, Loader=_CoreLoader)
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlFault(line, reader.gettext("Write the value itself: a mark such as & or * refers elsewhere."))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise YamlFault(line, reader.gettext("This is nested too deeply."))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(reader: Reader, node: yaml.Node, path: str, lines: dict[str, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for name, inner in node.value:
            key, line = str(name.value), name.start_mark.line + 1
            if not isinstance(name, yaml.ScalarNode) or key in found:
                raise YamlFault(
                    line, reader.gettext("“%(key)s” is here twice, or is no name of a field.", key=key[:80])
                )
            place = f"{path}.{key}" if path else key
            lines[place] = line
            found[key] = _value(reader, inner, place, lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(reader, inner, f"{path}[{index}]", lines) for index, inner in enumerate(node.value)]
    return _scalar(reader, node)


def _scalar(reader: Reader, node: Any) -> Any:
    text = str(node.value)
    if node.tag == _TEXT:
        return text
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return text == "true"
    if node.tag == _INT:
        return int(text)
    if node.tag == _FLOAT:
        return float(text)
    raise YamlFault(
        node.start_mark.line + 1, reader.gettext("Leave out the mark that begins with an exclamation mark.")
    )
