"""The whole error hierarchy. A leaf: knows exit codes, and nothing of what raises them.

    ParagonSyncError              exit 1     the root: everything that reaches a user as a message
    ├── UsageError                exit 64    the command line can't be understood
    ├── JsonError                            text that isn't JSON, a value that JSON can't carry
    ├── ManifestError                        problems in manifests or the Project file, each with its position
    ├── CatalogError                         the catalog can't be had, or differs from its lock
    ├── ApiError                             a request that did not end well
    │   ├── HostError                        no answer: refused, unknown host, time-out, TLS, dropped
    │   ├── AnswerError                      an answer that can't be read: HTML, truncated, not JSON
    │   ├── RefusedError                     an answer that says no, with Paragon's code and message
    │   └── StaleReadError                   a write that was not sent: the read that it rests on was too old
    ├── SigningKeyError                      a signing key that is missing or can't be used
    ├── PlanFileError                        a plan file that can't be read, is changed, expired or used
    ├── PlanKeyError                         the key that plan files and the journal are encrypted with: none, another
    ├── StateError                           the state store can't be opened, read or written
    │   └── LockLostError         exit 3     another holder has taken the lock of the environment
    ├── EmulatorError                        a fixture that can't be read, a port that is taken
    ├── RefusedByPolicy           exit 4     thresholds or findings forbid to go on
    └── Interrupted               exit 130   the user stopped it
        ├── Terminated            exit 143   the system stopped it (SIGTERM)
        └── HungUp                exit 129   its terminal or its session ended (SIGHUP)

A library's own exception never leaves the module that owns the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_CHANGES = 2
EXIT_OUTCOMES = 3
EXIT_REFUSED = 4
EXIT_USAGE = 64
EXIT_HUNG_UP = 129
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_SERVER_ERROR = 500


_SEVERITY = (
    EXIT_USAGE,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    EXIT_HUNG_UP,
    EXIT_ERROR,
    EXIT_REFUSED,
    EXIT_OUTCOMES,
    EXIT_CHANGES,
    EXIT_OK,
)


def most_severe(*codes: int) -> int:
    """The exit code of a command of which several hold."""
    return min(codes, key=_SEVERITY.index)


class ParagonSyncError(Exception):
    """The root. ``hint`` says what to do about it; ``exit_code`` is what the command ends with."""

    exit_code: int = EXIT_ERROR

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ParagonSyncError):
    """The command line can't be understood, or asks for what can't be combined."""

    exit_code = EXIT_USAGE


class JsonError(ParagonSyncError):
    """Text that isn't JSON, or a value that JSON can't carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong in a file: what, where (line and column count from 1) and what to do."""

    message: str
    file: str
    line: int
    column: int
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ManifestError(ParagonSyncError):
    """Problems in manifests or in the Project file; all of them at once, in the order of their positions."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class CatalogError(ParagonSyncError):
    """The catalog can't be had, can't be read, or differs from its lock."""


class ApiError(ParagonSyncError):
    """A request that did not end well; names method, path, user and credential, and never a token.

    ``status`` is the HTTP status where there was an answer, ``code`` Paragon's own where it gave one.
    ``transient``: the same request may succeed a little later, not before ``retry_after`` seconds where the server
    asked for that. ``unsent``: the request surely never left.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        path: str,
        user: str | None = None,
        credential: str | None = None,
        status: int | None = None,
        code: str | None = None,
        hint: str | None = None,
        transient: bool = False,
        retry_after: float | None = None,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.transient = transient
        self.retry_after = retry_after
        self.unsent = unsent
        self.code = code
        self.method = method
        self.path = path
        self.user = user
        self.credential = credential

    @property
    def maybe_done(self) -> bool:
        """Whether a write that ended so may have been done all the same: only an answer that says no rules it out.

        So does a request that was never sent; a server's own failure (5xx) does not.
        """
        if self.unsent:
            return False
        return self.status is None or self.status >= _SERVER_ERROR or isinstance(self, AnswerError)


class HostError(ApiError):
    """No answer: the host is unknown, refuses, is too slow, or the connection was lost."""


class AnswerError(ApiError):
    """An answer that can't be read, such as HTML instead of JSON."""


class RefusedError(ApiError):
    """An answer that says no."""


class StaleReadError(ApiError):
    """A write that was not sent, because the read that it rests on was too old. A new attempt reads again."""


class SigningKeyError(ParagonSyncError):
    """A signing key that is missing, can't be read, or isn't an RSA private key in PEM."""


class PlanFileError(ParagonSyncError):
    """A plan file that can't be read, was changed, has expired, or belongs to another environment."""


class PlanKeyError(ParagonSyncError):
    """The key that plan files and the journal are encrypted with is missing, too short, or another one."""


class StateError(ParagonSyncError):
    """The state store can't be opened, read or written."""


class LockLostError(StateError):
    """Another holder has taken the lock of the environment: this process sends and records nothing more."""

    exit_code = EXIT_OUTCOMES


class EmulatorError(ParagonSyncError):
    """The emulator can't start: its fixture can't be read, or its port is taken."""


class RefusedByPolicy(ParagonSyncError):
    """Thresholds or findings forbid to go on; the message names each knob."""

    exit_code = EXIT_REFUSED


class Interrupted(ParagonSyncError):
    """The user stopped the command; what was done until then has been counted."""

    exit_code = EXIT_INTERRUPTED


class Terminated(Interrupted):
    """The system stopped the command; what was done until then has been counted."""

    exit_code = EXIT_TERMINATED


class HungUp(Interrupted):
    """The terminal or the session of the command ended; what was done until then has been counted."""

    exit_code = EXIT_HUNG_UP
