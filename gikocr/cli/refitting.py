"""Another calibration for documents that are read already: confidences are inferred anew from the saved form readings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gikocr.jobs.submitting import CALIBRATION_MARK, reading_fingerprint
from gikocr.workspace.recording import renamed

if TYPE_CHECKING:
    from gikocr.forms import Form
    from gikocr.jobs.processes import Job
    from gikocr.settings import Settings
    from gikocr.workspace import NewReport, Workspace


class Refitting:
    """Makes reports under the calibration of the settings from what was read under another.

    Args:
        workspace: an open one.
        form: that was looked for.
        settings: of the run.
        fingerprint: of the run, with its calibration.
    """

    def __init__(self, workspace: Workspace, form: Form, settings: Settings, fingerprint: str) -> None:
        from gikocr.pipeline.calibration import load_calibration

        self._workspace = workspace
        self._form = form
        self._settings = settings
        self._fingerprint = fingerprint
        self._reading = reading_fingerprint(settings)
        self._calibrated = load_calibration(settings)

    def find(self, content: str, *, with_failed: bool) -> list[NewReport] | None:
        """What was read of a content under any calibration; None where a report lacks its reading, or failed and is not wanted."""
        for fingerprint in self._workspace.sources.fingerprints(content, self._reading):
            if fingerprint.partition(CALIBRATION_MARK)[0] != self._reading or fingerprint == self._fingerprint:
                continue
            known = self._workspace.sources.known_content(content, fingerprint)
            if known is None:
                continue
            found = self._workspace.results(known.document_id, fingerprint, current=False)
            if known.status == "failed" and not with_failed:
                return None
            if all(new.form_reading is not None and new.form_reading.form == self._form.id for new in found):
                return found
        return None

    def record(self, job: Job, found: list[NewReport]) -> list[NewReport]:
        """Keep the reports anew under this calibration, for a document of that content, and return them.

        Raises:
            WorkspaceError: something cannot be written.
        """
        from gikocr.pipeline.recalibration import recalibrated

        made = []
        for new in found:
            assert new.form_reading is not None  # find() gives no others
            report = recalibrated(new.report, new.form_reading, self._form, self._calibrated, self._settings)
            made.append(replace(new, report=renamed(report, job.item)))
        self._workspace.record(job.item, made, fingerprint=self._fingerprint, form=self._form, seen=job.stamp)
        return made
