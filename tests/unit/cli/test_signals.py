"""Signals end every command: cleanly after the first one, and in any case soon after the second one."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from paragon_sync.cli.signals import ENDINGS, FORCED_EXIT_SECONDS, deferring
from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.command import INSTALLED
from tests.unit.cli import stuck
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_json, between, user

LIVE: Final = user(account(config={"sharedSettings": {"channel": "C1"}}))
CHANGE: Final = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
SIGNALS: Final = [(number, ending.exit_code) for number, ending in ENDINGS.items()]
BUSY_SECONDS: Final = 5.0
"""What a busy machine may add to a time."""


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(dict.fromkeys("abc", LIVE))
    workbench.users(a=CHANGE, b=CHANGE, c=CHANGE)
    workbench.project(emulator.url, policy={"usersChanged": "100%"})
    workbench.plan("--out", "p.plan")
    return workbench, emulator


@contextmanager
def process(command: list[str], folder: Path | None = None, **more: int) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes for its output, killed at the end if it is still there."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    with subprocess.Popen(command, cwd=folder, text=True, **streams) as running:  # type: ignore[call-overload]
        try:
            yield running
        finally:
            running.kill()


class TestWatchdog:
    """The process ends ``FORCED_EXIT_SECONDS`` after the second signal, whatever its main thread does."""

    @pytest.mark.parametrize(
        "way",
        [
            stuck.hold_a_lock,
            stuck.query_a_database,
            stuck.compute,
            stuck.swallow_cancellations,
            stuck.end_work_never,
            stuck.close_the_loop_never,
            stuck.lose_the_numbers,
            stuck.fill_a_pipe,
        ],
    )
    def test_a_stuck_process_ends_soon_after_the_second_signal(self, way: Callable[[], None]) -> None:
        with process([sys.executable, stuck.__file__, way.__name__]) as running:
            assert running.stderr is not None
            assert running.stderr.readline() == "ready\n"
            time.sleep(0.3)
            running.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            assert running.poll() is None
            running.send_signal(signal.SIGINT)
            second = time.monotonic()
            code = running.wait(FORCED_EXIT_SECONDS + BUSY_SECONDS)

            assert code == 130
            assert FORCED_EXIT_SECONDS - 0.1 < time.monotonic() - second
            assert running.stderr.read().startswith("error: the command was still busy 2 s after the second signal")

    def test_one_signal_leaves_it_its_time(self) -> None:
        with process([sys.executable, stuck.__file__, stuck.hold_a_lock.__name__]) as running:
            assert running.stderr is not None
            running.stderr.readline()
            time.sleep(0.3)
            running.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(FORCED_EXIT_SECONDS + 0.5)

    def test_two_signals_that_python_takes_for_one_are_two(self) -> None:
        with process([sys.executable, stuck.__file__, stuck.query_a_database.__name__]) as running:
            assert running.stderr is not None
            running.stderr.readline()
            time.sleep(0.3)
            for _ in range(2):  # no handler of Python runs in between
                running.send_signal(signal.SIGHUP)
                time.sleep(0.05)
            assert running.wait(FORCED_EXIT_SECONDS + BUSY_SECONDS) == 129

    @pytest.mark.parametrize("stream", [0, 1, 2])
    def test_the_descriptors_of_closed_streams_stay_free(self, stream: int) -> None:
        text = f"from paragon_sync.cli import signals; signals.install(); import os; os.fstat({stream})"
        command = ["/bin/sh", "-c", f'exec "$0" -c "{text}" {stream}>&-', sys.executable]
        ran = subprocess.run(command, capture_output=True, check=False)
        assert (ran.returncode, b"Bad file descriptor" in ran.stderr) == (1, stream != 2)


def test_other_threads_change_no_handlers() -> None:
    before = [signal.getsignal(number) for number in ENDINGS]

    def defer() -> list[object]:
        with deferring():
            return [signal.getsignal(number) for number in ENDINGS]

    with ThreadPoolExecutor() as pool:
        assert pool.submit(defer).result() == before


class TestFirstSignal:
    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    def test_a_command_that_waits_for_the_lock_ends(
        self, bench: tuple[Workbench, Emulator], number: signal.Signals, code: int
    ) -> None:
        workbench, emulator = bench
        waiting = ["apply", "p.plan", "-e", "test", "--lock-timeout", "50s"]

        def beside(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH" and not codes:
                with process([str(INSTALLED), *waiting], workbench.folder) as second:
                    assert second.stderr is not None
                    told.append(second.stderr.readline())
                    second.send_signal(number)
                    codes.append(second.wait(BUSY_SECONDS))
                    told.append(second.stderr.read())
            return forward(asked)

        told: list[str] = []
        codes: list[int] = []
        with between(emulator, beside) as url:
            workbench.project(url, policy={"usersChanged": "100%"}, limits={"concurrency": 1})
            assert workbench.run("apply", "p.plan").code == 0
        assert told[0].startswith("waiting for the lock")
        assert codes == [code]
        assert "Traceback" not in "".join(told)

    def test_the_end_of_the_terminal_is_recorded_as_such(self, bench: tuple[Workbench, Emulator]) -> None:
        """The kernel sends SIGHUP to the session of a terminal that closes; nothing can be written to it any more."""
        workbench, emulator = bench
        parent, child = pty.openpty()
        started: list[subprocess.Popen[bytes]] = []

        def closing(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH" and parent in still_open:
                still_open.remove(parent)
                os.close(parent)
                time.sleep(0.3)
            return forward(asked)

        still_open = {parent}
        with between(emulator, closing) as url:
            workbench.project(url, policy={"usersChanged": "100%"}, limits={"concurrency": 1})
            command = controlled_by_terminal([str(INSTALLED), "apply", "p.plan", "-e", "test"])
            started.append(subprocess.Popen(command, cwd=workbench.folder, stdin=child, stdout=child, stderr=child))
            os.close(child)
            code = started[0].wait(60)

        assert code == 129
        run = as_json(workbench.run("runs", "show", "last", "--format", "json").out)
        assert run["stopped"] == "hung up"
        assert (run["counts"]["applied"], run["counts"]["sending"]) == (1, 0)
        workbench.project(emulator.url, policy={"usersChanged": "100%"})
        assert workbench.run("apply", "p.plan").code == 0

    @pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
    def test_an_interrupt_is_handled_although_it_was_ignored_at_the_start(
        self, bench: tuple[Workbench, Emulator], before: signal.Handlers
    ) -> None:
        """A shell without job control ignores it for what it starts in the background."""
        workbench, emulator = bench
        with between(emulator, late) as url:
            workbench.project(url, policy={"usersChanged": "100%"}, limits={"concurrency": 1, "rate": 0.5})
            text = (
                f"import os, signal, sys; signal.signal(signal.SIGINT, {before}); os.execv(sys.argv[1], sys.argv[1:])"
            )
            apply = [str(INSTALLED), "apply", "p.plan", "-e", "test"]
            with process([sys.executable, "-c", text.format(int(before)), *apply], workbench.folder) as running:
                await_threads(running.pid)
                running.send_signal(signal.SIGINT)
                assert running.wait(BUSY_SECONDS) == 130

    def test_hang_up_stays_ignored_under_nohup(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        started: list[subprocess.Popen[str]] = []

        def hanging_up(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                started[0].send_signal(signal.SIGHUP)
                time.sleep(0.1)
            return forward(asked)

        with between(emulator, hanging_up) as url:
            workbench.project(url, policy={"usersChanged": "100%"}, limits={"concurrency": 1})
            apply = ["nohup", str(INSTALLED), "apply", "p.plan", "-e", "test"]
            with process(apply, workbench.folder, stdin=subprocess.DEVNULL) as running:
                started.append(running)
                out, err = running.communicate(timeout=60)
        assert (running.returncode, "3 operations: 3 applied." in out) == (0, True), out + err

    def test_closing_files_is_not_interrupted_by_a_second_one(self) -> None:
        text = """if True:
            import os, signal, time
            from paragon_sync.cli import signals
            signals.install()
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    os.kill(os.getpid(), number)
                print("closed")
        """
        ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "closed\n", "")

    def test_an_error_that_a_finalizer_ignores_is_raised_again_by_the_next_loop(self) -> None:
        text = """if True:
            import os, signal
            from paragon_sync.cli import signals
            from paragon_sync.cli.loop import Loop

            class Finalized:
                def __del__(self):
                    os.kill(os.getpid(), signal.SIGINT)

            async def work():
                print("worked")

            async def close():
                print("closed")

            signals.install()
            Finalized()
            with Loop() as loop:
                try:
                    try:
                        loop.run(work())
                    finally:
                        loop.run(close())
                except KeyboardInterrupt:
                    print("interrupted")
        """
        ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (0, "closed\ninterrupted\n"), ran.stderr

    def test_an_error_that_a_library_makes_of_it_ends_the_command_all_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "click.py").write_text(
            "import os, signal\n"
            "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n"
            "except BaseException:\n    raise ImportError('interrupted')\n"
        )
        ran = subprocess.run(
            [sys.executable, "-m", "paragon_sync", "--version"],
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (143, "")

    def test_closing_the_state_is_not_interrupted(self, bench: tuple[Workbench, Emulator]) -> None:
        text = """if True:
            import os, signal
            from pathlib import Path
            from sqlalchemy import event
            from sqlalchemy.pool import Pool
            from paragon_sync.cli import signals
            from paragon_sync.cli.stored import open_state
            from paragon_sync.manifest.project import load_project

            def interrupt(*_):
                os.kill(os.getpid(), signal.SIGINT)
                print("closing", flush=True)

            event.listen(Pool, "close", interrupt)
            signals.install()
            try:
                with open_state(load_project(Path("paragon.yaml")), create=True) as store:
                    store.runs()
            except KeyboardInterrupt:
                print("closed")
        """
        ran = subprocess.run(
            [sys.executable, "-c", text], cwd=bench[0].folder, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "closing\nclosed\n", "")

    def test_while_the_command_line_is_loaded_there_is_no_traceback(self, tmp_path: Path) -> None:
        (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
        ran = subprocess.run(
            [sys.executable, "-m", "paragon_sync", "--version"],
            env=os.environ | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def late(asked: Asked, forward: Forward) -> Answered:
    time.sleep(0.05)
    return forward(asked)


def controlled_by_terminal(command: list[str]) -> list[str]:
    """The command in a session of its own, whose terminal is its standard input."""
    text = (
        "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", text, *command]


def await_threads(pid: int) -> None:
    """Wait until the process has another thread: the watchdog."""
    deadline = time.monotonic() + 30
    while len(list(Path(f"/proc/{pid}/task").iterdir())) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.005)
