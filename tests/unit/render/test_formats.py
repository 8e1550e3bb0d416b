"""One module is all that a format of reports takes: a made-up one reaches everything."""

from __future__ import annotations

import io
import sys
from typing import TextIO, get_args

import click
import pytest

from paragon_sync.cli.options import format_option
from paragon_sync.render.format import ReportFormat, ReportFormats, ReportKind
from paragon_sync.render.formats import FORMATS
from paragon_sync.render.reports import Report, RunsReport
from tests.nouns import run_header


def write_loudly(report: RunsReport, stream: TextIO | None) -> None:
    (sys.stdout if stream is None else stream).writelines(f"{header.run.upper()}!\n" for header, _ in report.runs)


LOUD = ReportFormat(name="loud", writers={"runs": write_loudly}, for_machines=True)
WITH_LOUD = ReportFormats([LOUD, *(FORMATS[name] for name in FORMATS.names_for("runs"))])


@pytest.mark.parametrize("kind", get_args(ReportKind))
def test_every_report_has_text_for_people_first_and_json_for_machines(kind: ReportKind) -> None:
    names = FORMATS.names_for(kind)

    assert ("text", "json") == names
    assert [False, True] == [FORMATS[name].for_machines for name in names]


def test_the_option_takes_a_new_one_for_its_kinds_of_reports() -> None:
    given: list[str] = []

    def command_of(kind: ReportKind) -> click.Command:
        @click.command()
        @format_option(kind, WITH_LOUD)
        def command(output_format: str) -> None:
            given.append(output_format)

        return command

    command_of("runs").main(["--format", "loud"], standalone_mode=False)
    command_of("runs").main([], standalone_mode=False)
    with pytest.raises(click.BadParameter, match="loud"):
        command_of("plan").main(["--format", "loud"], standalone_mode=False)

    assert given == ["loud", "text"]
    (option,) = command_of("runs").params
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == ["text", "json", "loud"]


def test_a_report_is_written_in_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()

    WITH_LOUD.write(RunsReport(runs=[(run_header("r1"), {})]), "loud", stream)
    WITH_LOUD.write(RunsReport(runs=[(run_header("r2"), {})]), "loud")

    assert (stream.getvalue(), capsys.readouterr().out) == ("R1!\n", "R2!\n")


def test_there_is_a_report_of_each_kind() -> None:
    assert get_args(ReportKind) == tuple(report.kind for report in get_args(Report))
