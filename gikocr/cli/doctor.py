"""``gikocr doctor``: is everything there that gikocr needs, and is it the right version."""

from __future__ import annotations

import typer

from gikocr.cli.state import Debug, ExitCode


def doctor(*, debug: Debug = False) -> None:
    """Look whether Python, packages and models are there and are the right ones.

    Exits with 3 when something that is needed is missing or wrong; says which command mends it.
    """
    from gikocr.cli.examination import examine
    from gikocr.cli.terminal import console

    findings = examine()
    screen = console()
    marks = {"ok": "ok      ", "note": "note    ", "missing": "MISSING "}
    for finding in findings:
        screen.print(f"{marks[finding.verdict]} {finding.subject}: {finding.text}", soft_wrap=True)
        if finding.advice:
            screen.print(f"          {finding.advice}", soft_wrap=True)
    if any(f.verdict == "missing" for f in findings):
        screen.print("Something that gikocr needs is missing or wrong.")
        raise typer.Exit(ExitCode.DEPENDENCY_MISSING)
    screen.print("Everything that gikocr needs is there.")
