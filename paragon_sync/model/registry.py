"""Registries whose entries are modules of one package: adding an entry is adding a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Final, TypeVar

ENTRY: Final = "FORMAT"
"""The name of the entry in its module."""

Entry = TypeVar("Entry")


def find_entries(package: str, folders: Iterable[str], kind: type[Entry]) -> list[Entry]:
    """Import the modules of a package and return what each has as :data:`ENTRY`, in the order of their names.

    ``folders`` are the package's ``__path__``. Modules without an entry of that kind are helpers.
    """
    modules = (importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(list(folders)))
    entries = (getattr(module, ENTRY, None) for module in modules)
    return [entry for entry in entries if isinstance(entry, kind)]
