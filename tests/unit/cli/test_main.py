"""The command line's frame: what is listed, and how commands end."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from paragon_sync import __version__
from paragon_sync.cli.group import Group
from paragon_sync.cli.main import COMMANDS, main
from paragon_sync.errors import (
    HostError,
    HungUp,
    Interrupted,
    ManifestError,
    ParagonSyncError,
    Problem,
    RefusedByPolicy,
    Terminated,
    UsageError,
)

INSTALLED = Path(sys.executable).parent / "paragon-sync"

Probe = Callable[[Callable[[], int | None]], tuple[int, str, str]]


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Probe:
    """Runs a command that does as told; gives its exit code, stdout and stderr."""

    def run(act: Callable[[], int | None]) -> tuple[int, str, str]:
        code = main(["probe"], group=Group("tool", commands=[click.Command("probe", callback=act)]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def raising(error: BaseException) -> Callable[[], int | None]:
    def act() -> int | None:
        raise error

    return act


def test_the_list_of_commands_says_what_each_command_says_of_itself() -> None:
    own = {name: reference.load().get_short_help_str(limit=200) for name, reference in COMMANDS.items()}
    assert {name: reference.short_help for name, reference in COMMANDS.items()} == own
    assert [reference.load().name for reference in COMMANDS.values()] == list(COMMANDS)


def test_help_and_version_load_no_command() -> None:
    program = (
        "import sys\n"
        "from paragon_sync.cli.main import main\n"
        "codes = main(['--help']), main(['--version'])\n"
        "slow = {'rich', 'httpx', 'sqlalchemy', 'jsonschema', 'jwt', 'deepdiff', 'asyncio', 'yaml'}\n"
        "print(codes, sorted(slow & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"paragon-sync {__version__}" in ran.stdout
    assert ran.stdout.endswith("(0, 0) []\n")


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (2, 2), (3, 3)])
def test_a_command_returns_its_exit_code(ended: Probe, result: int | None, code: int) -> None:
    assert ended(lambda: result) == (code, "", "")


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ParagonSyncError("no such thing"), 1, "error: no such thing\n"),
        (ParagonSyncError("no", hint="do this\nor that"), 1, "error: no\n    do this\n    or that\n"),
        (UsageError("not both"), 64, "error: not both\n"),
        (
            RefusedByPolicy("too many", hint="--allow usersChanged=7"),
            4,
            "error: too many\n    --allow usersChanged=7\n",
        ),
        (HostError("no answer", method="GET", path="/sdk/me"), 1, "error: no answer\n"),
        (Interrupted("stopped"), 130, "error: stopped\n"),
        (Terminated("terminated"), 143, "error: terminated\n"),
        (HungUp("hung up"), 129, "error: hung up\n"),
        (KeyboardInterrupt(), 130, "\nInterrupted.\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: No space left on device\n"),
        (PermissionError(errno.EACCES, "Permission denied", "x.plan"), 1, "error: Permission denied: x.plan\n"),
        (
            click.UsageError("Two of them."),
            64,
            "error: two of them\n    paragon-sync probe --help shows how it is used\n",
        ),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
    ids=repr,
)
def test_an_error_is_told_and_gives_the_exit_code(ended: Probe, error: BaseException, code: int, told: str) -> None:
    stdout, stderr = sys.stdout, sys.stderr
    try:
        assert ended(raising(error)) == (code, "", told)
    finally:
        sys.stdout, sys.stderr = stdout, stderr  # click wraps them when a pipe breaks


def test_every_problem_of_the_manifests_is_told_with_its_position_and_hint(ended: Probe) -> None:
    problems = [
        Problem(
            message='slack has no setting "Chanel"', file="a.yaml", line=11, column=7, hint='did you mean "Channel"?'
        ),
        Problem(message="an empty value", file="b.yaml", line=1, column=2),
    ]
    assert ended(raising(ManifestError(problems))) == (
        1,
        "",
        'a.yaml:11:7: slack has no setting "Chanel"\n    did you mean "Channel"?\nb.yaml:1:2: an empty value\n',
    )


class TestUnforeseen:
    def test_its_text_is_kept_back_because_it_may_hold_a_secret(
        self, ended: Probe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PARAGON_SYNC_DEBUG", raising=False)
        code, out, told = ended(raising(ValueError("s3cr3t")))
        assert (code, out) == (1, "")
        assert told.startswith("internal error: ValueError at paragon_sync/cli/main.py:")
        assert "report it" in told
        assert "PARAGON_SYNC_DEBUG=1" in told
        assert "s3cr3t" not in told
        assert "Traceback" not in told

    def test_its_traceback_is_there_for_who_asks(self, ended: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PARAGON_SYNC_DEBUG", "1")
        code, _, told = ended(raising(ValueError("the cause")))
        assert code == 1
        assert "Traceback" in told
        assert "ValueError: the cause" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["pln"], 'error: no such command "pln"\n    did you mean "plan" or "explain"?\n    paragon-sync --help'),
        (["xyz"], 'error: no such command "xyz"\n    paragon-sync --help shows how it is used\n'),
        (["--versoin"], 'did you mean "--version"?\n    paragon-sync --help'),
        (["plan", "--detailed-exitcod"], 'did you mean "--detailed-exitcode"?\n    paragon-sync plan --help'),
        (["plan"], "error: missing option '-e' / '--environment'\n    paragon-sync plan --help"),
        (["catalog", "pul"], 'error: no such command "pul"\n    did you mean "pull"?\n    paragon-sync catalog --help'),
        (["Diff"], 'error: no such command "Diff"\n    did you mean "plan"?\n    paragon-sync --help'),
        (["runs", "diff"], 'error: no such command "diff"\n    paragon-sync runs --help'),
        (
            ["apply", "-auto-approve"],
            "error: no such option '-a'\n    --yes asks nobody\n    paragon-sync apply",
        ),
        (["rollback", "x", "-auto-approve"], "error: no such option '-a'\n    paragon-sync rollback"),
        (
            ["apply", "-lock-timeout=5m"],
            "no such option '-l'\n    did you mean \"--lock-timeout\"?\n    paragon-sync apply",
        ),
        (["show", "-json", "x"], "no such option '-j'\n    --format says how it is printed\n    paragon-sync show"),
        (["plan", "-out=tf"], "no such option '-o'\n    did you mean \"--out\"?\n    paragon-sync plan"),
        (["plan", "-o", "x"], "'-o'\n    --out says where it is saved\n    --format says how it is printed\n    parag"),
        (
            ["apply", "-o", "json"],
            "error: no such option '-o'\n    --format says how it is printed\n    paragon-sync",
        ),
        (["validate", "--json"], "error: no such option '--json'\n    paragon-sync validate --help"),
        ([], "Usage: paragon-sync [OPTIONS] COMMAND"),
        (["catalog"], "Usage: paragon-sync catalog [OPTIONS] COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_ends_with_64_and_says_what_is_right(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err


class TestOutput:
    def test_a_reader_that_goes_away_is_no_error_worth_words(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        ran = subprocess.run([INSTALLED, "--help"], stdout=writing, stderr=subprocess.PIPE, check=False)
        os.close(writing)
        assert (ran.returncode, ran.stderr) == (1, b"")

    def test_a_full_disk_is_told_once(self) -> None:
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run([INSTALLED, "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
        assert (ran.returncode, ran.stderr) == (1, b"error: No space left on device\n")

    def test_what_the_terminal_can_not_show_is_escaped(self) -> None:
        program = (
            "import click\n"
            "from paragon_sync.cli.main import main\n"
            "command = click.Command('p', callback=lambda: print('\\ud800\\xe9'))\n"
            "main(['p'], group=click.Group(commands=[command]))"
        )
        environment = os.environ | {"PYTHONIOENCODING": "ascii"}
        ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert ran.stdout == b"\\ud800\\xe9\n"


def test_the_package_runs_as_a_module() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "paragon_sync", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"paragon-sync {__version__}\n"


@pytest.mark.parametrize(("closed", "told"), [(">&-", ("", "error")), ("2>&-", ("", "")), (">&- 2>&-", ("", ""))])
def test_output_that_nobody_takes_is_no_reason_to_fail(closed: str, told: tuple[str, str]) -> None:
    for arguments, code in (("--version", 0), ("nope", 64)):
        ran = subprocess.run(
            ["/bin/sh", "-c", f'"$0" {arguments} {closed}', INSTALLED], capture_output=True, text=True, check=False
        )
        assert ran.returncode == code
        assert "Traceback" not in ran.stderr
        assert code == 0 or (ran.stdout, ran.stderr[:5]) == told


def test_all_output_is_there_when_the_process_has_ended(tmp_path: Path) -> None:
    for out in (tmp_path / "out", Path(os.devnull)):
        with out.open("w") as file:
            ran = subprocess.run([INSTALLED, "--help"], stdout=file, stderr=subprocess.PIPE, check=False)
        assert (ran.returncode, ran.stderr) == (0, b"")
    module = subprocess.run([sys.executable, "-m", "paragon_sync", "--help"], capture_output=True, check=True)
    assert module.stdout == (tmp_path / "out").read_bytes() != b""
