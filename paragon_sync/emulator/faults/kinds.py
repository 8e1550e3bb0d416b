"""What can go wrong on purpose: each kind of fault with its parameters, and the rule that says when it happens.

Values alone: knows nothing of HTTP, of files or of chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from paragon_sync.emulator.passage import Shown

When: TypeAlias = Literal["before", "after"]
"""Before the request is looked at, so that nothing is read or written; or after, when it has been done."""

RetryAfter: TypeAlias = Literal["seconds", "date"]
"""The two forms of the header ``Retry-After``."""

Strategy: TypeAlias = Literal["trim", "lower", "sort"]
"""Remove white space at the ends of a string, make it lower case, or sort an array of strings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The answer is late by ``seconds``; with ``tail``, a Pareto exponent, by that or more, up to ``longest``."""

    seconds: float = 0.1
    tail: float = 0
    longest: float = 30
    when: When = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """The answer comes beyond any time-out; with ``before`` even the write comes so late."""

    seconds: float = 60
    when: When = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyRequests:
    """429, with ``Retry-After`` if ``retry_after`` says how many seconds."""

    retry_after: float | None = None
    form: RetryAfter = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """429 for what exceeds ``rate`` requests a second: a token bucket that holds ``burst``, at first full."""

    rate: float = 50
    burst: float | None = None
    retry_after: float | None = None
    form: RetryAfter = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """403 with a page of HTML, as a firewall before the API answers it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """A status of 500 and above."""

    status: int = 500
    body: Literal["json", "html", "empty"] = "json"
    retry_after: float | None = None
    form: RetryAfter = "seconds"
    when: When = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The connection ends without an answer; ``reset`` ends it rudely."""

    when: When = "before"
    reset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Half of the answer's body, under the right ``Content-Length`` for the half, or under that of the whole."""

    length: Literal["right", "wrong"] = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """200 with a page of HTML."""

    when: When = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """``errors: […]`` in an otherwise good answer that is an object."""

    messages: tuple[str, ...] = ("Something went wrong",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A write is answered as if done, but the values that ``values`` match stay as they were; without it, all."""

    values: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """A write loses ``count`` values beside: of those that it doesn't change and ``values`` match."""

    values: tuple[str, ...] = ("*",)
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A GET whose answer is a list gets one page of it, with the next one named by a header or in the body."""

    size: int = 1
    form: Literal["link", "cursor"] = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """A read answers the user's state of ``seconds`` ago, as a replica behind its primary does."""

    seconds: float = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalise:
    """A write stores the values that it changes and ``values`` match in another form.

    Its answer shows the ``stored`` form, the one that was ``sent``, or ``none``: an empty object.
    """

    values: tuple[str, ...] = ("*",)
    strategies: tuple[Strategy, ...] = ("trim",)
    answer: Shown = "stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unauthorized:
    """401: the user's token counts as expired from now on, a new one is taken."""


Fault: TypeAlias = (
    Latency
    | Hang
    | TooManyRequests
    | RateLimit
    | Firewall
    | ServerError
    | Drop
    | Truncated
    | Html
    | Errors
    | Ignore
    | Lose
    | Pages
    | Lag
    | Normalise
    | Unauthorized
)

KINDS: Final[dict[str, type[Fault]]] = {
    "latency": Latency,
    "hang": Hang,
    "too-many-requests": TooManyRequests,
    "rate-limit": RateLimit,
    "firewall": Firewall,
    "server-error": ServerError,
    "drop": Drop,
    "truncated": Truncated,
    "html": Html,
    "errors": Errors,
    "ignore": Ignore,
    "lose": Lose,
    "pages": Pages,
    "lag": Lag,
    "normalise": Normalise,
    "unauthorized": Unauthorized,
}

LONGEST: Final = 600.0
"""No fault holds an answer longer, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which requests a fault is for, and how often it befalls them. Patterns are as in a shell."""

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Of the path below the project: ``/sdk/credentials/*``."""
    users: tuple[str, ...] = ()
    probability: float = 1
    skip: int = 0
    """So many matching requests are spared first."""
    every: int = 1
    """Of the others, the first and then each n-th."""
    times: int | None = None
    times_per_user: int | None = None
    start: float = 0
    """Seconds after the faults were set."""
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault and when it happens."""

    name: str
    fault: Fault
    schedule: Schedule = field(default_factory=Schedule)
