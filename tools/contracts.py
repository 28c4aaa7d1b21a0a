"""A contract that import-linter lacks: the complete list of what a package may import."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class Allowed(Contract):
    """An import contract: ``source_modules`` import only themselves, ``allowed`` and the standard library, never
    ``refused``.
    """

    type_name: ClassVar[str] = "allowed"

    source_modules: Any = fields.SetField(subfield=fields.StringField())
    allowed: Any = fields.SetField(subfield=fields.StringField(), required=False)
    refused: Any = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return whether the contract is kept, with the details of every import that it does not allow."""
        strays: list[Any] = []
        for source in sorted(self.source_modules):
            if source not in graph.modules:
                raise ValueError(f"{source} does not exist")
            for module in sorted({source, *graph.find_descendants(source)}):
                for imported in sorted(graph.find_modules_directly_imported_by(module)):
                    if not self._allows(source, imported):
                        strays.extend(graph.get_import_details(importer=module, imported=imported))
        return ContractCheck(kept=not strays, metadata={"strays": strays})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print every import that the contract does not allow."""
        for stray in check.metadata["strays"]:
            output.print_error(
                f"{stray['importer']} may not import {stray['imported']} (l.{stray['line_number']}: "
                f"{stray['line_contents'].strip()})",
                bold=False,
            )

    def _allows(self, source: str, imported: str) -> bool:
        if _within(imported, self.refused or ()):
            return False
        return _within(imported, {source, *(self.allowed or ()), *sys.stdlib_module_names, "_typeshed"})


def _within(module: str, packages: Any) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
