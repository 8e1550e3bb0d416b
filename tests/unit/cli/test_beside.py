"""What commands print themselves is printable, whatever it quotes."""

from __future__ import annotations

import pytest

from paragon_sync.cli.beside import print_text, say
from tests.benches import Start
from tests.terminal import on_terminal
from tests.workbench import account, user

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\x7f\x00\ud800"
ESCAPED = r"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\u007f\u0000\ud800"


def test_text_is_printable(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(f"a {HOSTILE}\nb")
    say(f"c {HOSTILE}", label="error")

    captured = capsys.readouterr()
    assert captured.out == f"a {ESCAPED}\nb\n"
    assert captured.err == f"error: c {ESCAPED}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "-e", "prod\x1b[2J\u202e"],
        ["plan", "-e", "test", "--user\x1b[2J"],
        ["plan\x1b[2J"],
        ["show", "\x1b[2J\x9b.plan"],
        ["validate", "\x1b[2J.yaml"],
        ["export", "-e", "test", "--user", "u\x1b[2J\u202e", "--out", "."],
        ["apply", "-e", "test", "--allow", "x\x1b[2J"],
        ["runs", "show", "-e", "test", "r\x1b[2J"],
    ],
    ids=lambda arguments: ascii(" ".join(arguments)),
)
def test_no_argument_reaches_a_terminal_as_it_is(start: Start, arguments: list[str]) -> None:
    bench, emulator = start({"u": user(account())})
    bench.project(emulator.url)

    _, said = on_terminal(bench.folder, arguments)

    assert not set(said) & {"\x9b", "\u202e", "\x00", "\x7f"}, ascii(said)
    assert "\x1b[2J" not in said, ascii(said)
