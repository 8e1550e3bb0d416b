"""Documents of one command, staged by user, on disk where they are many: nothing ever holds all users. Knows no plan.

Documents are added as they come, and then read by user from one end to the other: in memory as long as they take a few
megabytes, else through a file, which is sorted by parts. They are marshalled or pickled by this process, for itself:
nothing that came from elsewhere is ever unpickled.
"""

from __future__ import annotations

import marshal
import pickle
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from paragon_sync.model.compact import CompactUserDocument
from paragon_sync.model.desired import Enlisted, Filled
from paragon_sync.store.spill import KEY, KeyedRow, Spill

_BATCH: Final = 500
_IN_MEMORY: Final = 16_000_000
_PROTOCOL: Final = pickle.HIGHEST_PROTOCOL

Staged: TypeAlias = CompactUserDocument | Filled | Enlisted
Row: TypeAlias = tuple[int, bytes]
"""One document as it is kept: how it is checked for contradictions, and its bytes."""

CHECK_ALONE: Final = 1
"""Of a document that may contradict itself: checked also where its user has no other one."""
CHECK_CLAIMS: Final = 2
"""Of a document whose compact form doesn't tell contradictions: checked by its claims."""


class Staging:
    """A temporary store of documents; use it as a context manager, or call :meth:`close`.

    ``folder`` is where its file is made, None for the system's place for temporary files; ``in_memory`` is how many
    bytes of documents are kept out of it. Calls may come from different threads, one at a time. Raises
    :class:`StateError` when the disk can't take it.
    """

    def __init__(self, folder: Path | None = None, *, in_memory: int = _IN_MEMORY) -> None:
        self.count = 0
        self.user_count: int | None = None
        """How many users there are, once all :meth:`groups` have been gone through."""
        self._batch: list[KeyedRow] = []
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        self._in_order = True
        self._folder = folder
        self._in_memory = self._room = in_memory
        self._spill: Spill | None = None

    def add(self, document: Staged, check: int = 0) -> None:
        """Add a document, or a row without what all rows of its document share; ``check`` says how it is checked."""
        held: tuple[Any, ...]
        if document.__class__ is CompactUserDocument:
            user, name, *rest = document
            file = self._files.get(name)
            if file is None:
                file = self._files[name] = len(self._names)
                self._names.append(name)
            held = (user, file, *rest)
        else:
            held = tuple(document)
        try:
            data = marshal.dumps(held)
        except ValueError:  # a number that keeps its text, or a noun
            data = pickle.dumps(document, _PROTOCOL)
        self._add(_key(document.user), check, data)

    def users(self) -> Iterator[str]:
        """Each user once, in the order of their ids."""
        return (user for user, _ in self.groups())

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The documents by user, both in their order; :meth:`read` tells what a row holds."""
        self._sort()
        user, rows, users = b"", list[Row](), 0
        for found, alone, document in self._rows():
            if found != user:
                if rows:
                    yield _name(user), rows
                user, rows = found, []
                users += 1
            rows.append((alone, document))
        if rows:
            yield _name(user), rows
        self.user_count = users

    def documents(self, user: str) -> tuple[Staged, ...]:
        """The documents about one user, in the order in which they were added. For many users: :meth:`groups`."""
        self._sort()
        key = _key(user)
        if self._spill is not None:
            found = self._spill.rows_of(key)
        else:
            first, end = (side(self._batch, key, key=KEY) for side in (bisect_left, bisect_right))
            found = iter(self._batch[first:end])
        return tuple(self.read((alone, document) for _, alone, document in found))

    def read(self, rows: Iterable[Row]) -> list[Staged]:
        """The documents that these rows hold."""
        return [self._document(document) for _, document in rows]

    def close(self) -> None:
        """Removes everything; safe to call twice."""
        self._batch.clear()
        if self._spill is not None:
            self._spill.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, key: bytes, alone: int, document: bytes) -> None:
        self._batch.append((key, alone, document))
        self._in_order = False
        self.count += 1
        self._room -= len(document)
        if self._room < 0 and len(self._batch) >= _BATCH:
            self._flush()

    def _document(self, document: bytes) -> Staged:
        if document.startswith(_PICKLED):
            found: Staged = pickle.loads(document)  # noqa: S301 - our own, see above
            return found
        user, where, number, *held = marshal.loads(document)  # noqa: S302 - our own, see above
        if len(held) > 1:
            return CompactUserDocument(user, self._names[where], number, *held)
        return (Enlisted if held[0].__class__ is dict else Filled)(user, where, number, held[0])

    def _rows(self) -> Iterator[KeyedRow]:
        return iter(self._batch) if self._spill is None else self._spill.rows()

    def _flush(self) -> None:
        if self._spill is None:
            self._spill = Spill(self._folder)
        self._spill.add(self._batch)
        self._batch.clear()
        self._room = self._in_memory

    def _sort(self) -> None:
        """Brings what was added since the last time into its order."""
        if self._in_order:
            return
        if self._spill is None:
            self._batch.sort(key=KEY)
        elif self._batch:
            self._flush()
        self._in_order = True


_PICKLED: Final = pickle.dumps(None, _PROTOCOL)[:1]
"""How a pickled row begins, and no marshalled one does."""


def _key(user: str) -> bytes:
    return user.encode("utf-8", "surrogatepass")


def _name(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")
