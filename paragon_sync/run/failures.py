"""Tells one user's trouble, which is a finding, from everybody's, which is an error. Knows errors, and no users."""

from __future__ import annotations

from typing import Final

from paragon_sync.errors import ApiError, RefusedError

_HOPELESS: Final = 20  # so many users in a row, and no good answer for any: it isn't the users


class Failures:
    """Tells one user's trouble from everybody's, which ends the planning with the first error of its kind.

    Raises the :class:`ApiError` of a user where it isn't that user's alone.
    """

    def __init__(self) -> None:
        self._in_a_row: list[ApiError] = []
        self._somebody_was_fetched = False

    def add(self, error: ApiError) -> None:
        refused = isinstance(error, RefusedError) and not error.transient
        if refused and self._somebody_was_fetched:
            return
        self._in_a_row.append(error)
        if len(self._in_a_row) >= _HOPELESS:
            raise self._in_a_row[0]

    def interrupt(self) -> None:
        """Somebody could be fetched."""
        self._in_a_row.clear()
        self._somebody_was_fetched = True

    def end(self) -> None:
        if self._in_a_row and not self._somebody_was_fetched:
            raise self._in_a_row[0]
