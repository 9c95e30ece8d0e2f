"""The ``gikocr`` command: assembles the commands and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from gikocr.cli import (
    calibrate,
    db,
    doctor,
    evaluate,
    export,
    extract,
    jobs,
    report,
    review,
    reviewed,
    schema,
    serve,
    show,
    status,
    submit,
    version,
    worker,
)
from gikocr.cli.state import Debug, ExitCode, RunState
from gikocr.errors import GikocrError

_DESCRIPTION = """Reads the statutory tables of 政府信息公开工作年度报告 from scans.

Every cell of tables 二, 三 and 四 becomes a field with its value, its state, a confidence and its place on the page.
What is doubtful is marked for review; nothing is made to add up by itself.
"""

_EPILOG = """Exit codes: 0 everything done; 1 finished, and some documents failed; 2 wrong usage;
3 a model or a dependency is missing; 4 the output folder cannot be used;
5 finished, and fields wait for review (only with --fail-on-review); 130 interrupted.

Options of reading can also be set as GIKOCR_... variables, such as GIKOCR_RENDER_DPI=300.
"""


def _print_version(value: bool) -> None:
    if value:
        version.version()
        raise typer.Exit


def _options_of_all(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Debug = False,
) -> None:
    pass


def build_app() -> typer.Typer:
    """The command line application."""
    app = typer.Typer(
        name="gikocr",
        help=_DESCRIPTION,
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options_of_all)
    app.command("extract")(extract.extract)
    app.command("status")(status.status)
    app.command("show")(show.show)
    app.command("compare")(show.compare)
    app.command("review")(review.review)
    app.command("reviewed")(reviewed.reviewed)
    app.command("export")(export.export)
    app.command("report")(report.report)
    app.command("evaluate")(evaluate.evaluate)
    app.command("calibrate")(calibrate.calibrate)
    app.command("schema")(schema.schema)
    app.command("submit")(submit.submit)
    app.command("worker")(worker.worker)
    app.command("jobs")(jobs.jobs)
    app.command("maintain")(worker.maintain)
    app.command("serve")(serve.serve)
    app.add_typer(serve.token, name="token")
    app.add_typer(db.app, name="db")
    app.command("doctor")(doctor.doctor)
    app.command("version")(version.version)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; errors become a message with advice, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # File names may hold bytes that no encoding can write; output must not die of them.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    state = RunState()
    try:
        build_app()(args=None if argv is None else list(argv), prog_name="gikocr", obj=state)
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else int(bool(finished.code))
    except GikocrError as error:
        if state.debug:
            traceback.print_exc()
        print(f"gikocr: {error.message}", file=sys.stderr)
        if error.advice:
            print(f"  {error.advice}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("gikocr: interrupted.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    return ExitCode.DONE
