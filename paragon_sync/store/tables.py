"""The tables of the state store, for any database that SQLAlchemy Core speaks to. Knows no nouns.

Text that customers chose is kept as JSON in ASCII: no database refuses a lone surrogate or NUL that way. What holds
values (outcomes, pre-images, requests) is encrypted where there is a key; ``sealing`` says which.

What is known of an operation before it is sent is written once. What becomes of it stands in small tables beside that:
a row that changes is written anew as a whole.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, String, Table, Text

FORMAT_VERSION: Final = "3"

metadata: Final = MetaData()

format_: Final = Table(
    "paragon_sync_format",
    metadata,
    Column("version", String(16), primary_key=True),
    Column("sealing", Text),
)

runs: Final = Table(
    "paragon_sync_runs",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("plan_digest", String(64), nullable=False, index=True),
    Column("header", Text, nullable=False),
    Column("started", String(40), nullable=False),
    Column("finished", String(40)),
    Column("stopped", Text),
    Column("rolled_back_by", String(64)),
    Column("resumed", Text),
)

entries: Final = Table(
    "paragon_sync_entries",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("user_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("managed", Text, nullable=False),
)

states: Final = Table(
    "paragon_sync_states",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("outcome", Text),
    sqlite_with_rowid=False,
)

attempts: Final = Table(
    "paragon_sync_attempts",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("preimage", Text, nullable=False),
    Column("requests", Text, nullable=False),
    Column("sent", String(40), nullable=False),
    Column("enabled", Text),
    # when the read was sent: on the wall clock, and on the clock of that machine since it booted
    Column("opened", Double, nullable=False),
    Column("opened_monotonic", Double, nullable=False),
    # whether the API refused it, so that it wrote nothing; NULL where that isn't known
    Column("refused", Boolean),
)

answers: Final = Table(
    "paragon_sync_answers",
    metadata,
    Column("run", String(64), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # of the attempt
    Column("opened_monotonic", Double, primary_key=True, autoincrement=False),
    # when the write was answered, by the same two clocks
    Column("closed", Double, nullable=False),
    Column("closed_monotonic", Double, nullable=False),
    sqlite_with_rowid=False,
)

locks: Final = Table(
    "paragon_sync_locks",
    metadata,
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("owner", Text, nullable=False),
)

fences: Final = Table(
    "paragon_sync_fences",
    metadata,
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    # higher for each holder of the lock
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("taken", String(40), nullable=False),
    # by `runs unlock`, not by another run
    Column("broken", Boolean, nullable=False),
)
