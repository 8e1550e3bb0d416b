"""What holds for every test: no skip where none may be, and the same examples in every CI run.

Only loopback addresses can be reached: pytest-socket sees to it, by the options in ``pyproject.toml``.
"""

import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests import postgres

NO_SKIP = os.environ.get("PARAGON_SYNC_NO_SKIP") == "1"

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # commands keep it ignored where it is, as in tests that nohup runs

_SLOW_IS_FINE = [HealthCheck.too_slow]
settings.register_profile("local", deadline=None, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile("ci", deadline=None, suppress_health_check=_SLOW_IS_FINE, derandomize=True, database=None)
settings.load_profile("ci" if NO_SKIP or os.environ.get("CI") else "local")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped or excused (xfail) test into a failure where no skip may be."""
    report = yield
    return _without_skip(report)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skips itself as a whole into a failure where no skip may be."""
    report = yield
    return _without_skip(report)


def _without_skip(report: Report) -> Report:
    if NO_SKIP and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # pytest would not count a failure that has it
        report.longrepr = f"{report.nodeid} does not run, and PARAGON_SYNC_NO_SKIP=1: {reason}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once for all of them why tests were skipped: that tells what enables them."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple))
    for reason, number in reasons.items():
        terminalreporter.write_line(f"{number} skipped: {reason.removeprefix('Skipped: ')}")


@pytest.fixture(scope="session", autouse=True)
def outside_ci() -> Iterator[None]:
    """Run the command as on a user's machine wherever the tests run; a test that wants CI sets it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> "Iterator[postgres.Server]":
    """One PostgreSQL for all tests of a process."""
    from tests import postgres

    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: "postgres.Server") -> str:
    """A database that nobody has used."""
    return postgres_server.new_database()
