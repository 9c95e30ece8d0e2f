"""The exception tree of gikocr.

::

    GikocrError
    ├── UsageError                 the command line or a setting is wrong        exit code 2
    ├── DependencyMissing          a package that this command needs is absent    exit code 3
    │   └── ModelMissing           a model file is absent or is not the pinned one
    ├── WorkspaceError             the output folder cannot be used               exit code 4
    │   ├── EditConflict           somebody else decided on a field meanwhile
    │   │   └── SeniorNeeded       the field waits for a senior
    │   ├── Exhausted              this machine has no process, memory or file handle to spare
    │   └── Overtaken              a job was given to another worker meanwhile
    ├── FormError                  a form's TOML is not a valid form              exit code 2
    └── DocumentError              one document cannot be read; others go on      exit code 1
        ├── FileUnreadable         missing, empty, no permission
        ├── UnsupportedType        the content is of no type that gikocr reads
        ├── DamagedFile            truncated or broken content
        ├── EncryptedFile          a password is needed
        └── TooLarge               over a limit on bytes, pages or pixels

Each class says which exit code it leads to, whether trying again can help, and every message says what to do.
"""

from __future__ import annotations

from typing import Any, ClassVar


class GikocrError(Exception):
    """Base of all errors that gikocr raises on purpose.

    Attributes:
        exit_code: what the command line exits with when this error ends the run.
        code: the issue code written into a report.
        can_retry: whether the same input may succeed when tried again.
        advice: what the user can do about it; shown after the message.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"
    can_retry: ClassVar[bool] = False

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """Message and advice in one line."""
        return f"{self.message} {self.advice}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the advice when the error crosses a process border."""
        return (_rebuild, (type(self), self.message, self.advice))


def _rebuild(kind: type[GikocrError], message: str, advice: str) -> GikocrError:
    return kind(message, advice=advice)


class UsageError(GikocrError):
    """The command line or a setting is wrong."""

    exit_code = 2
    code = "usage"


class FormError(GikocrError):
    """The TOML file of a form is not a valid form."""

    exit_code = 2
    code = "form_invalid"


class DependencyMissing(GikocrError):
    """A package or program that this command needs is not installed."""

    exit_code = 3
    code = "dependency_missing"


class ModelMissing(DependencyMissing):
    """A model file is absent, or is not the one that the manifest pins by its SHA-256."""

    code = "model_missing"


class WorkspaceError(GikocrError):
    """The output folder or store cannot be used."""

    exit_code = 4
    code = "workspace_unusable"
    can_retry = True


class EditConflict(WorkspaceError):
    """Somebody else decided on the same field meanwhile; nothing was written.

    Attributes:
        stands: the field as it is now (``workspace.StoredField``); None where it is not known.
        wanted: value and state that were to be written.
    """

    code = "edit_conflict"

    def __init__(self, message: str, *, advice: str = "", stands: Any = None, wanted: Any = None) -> None:
        super().__init__(message, advice=advice)
        self.stands = stands
        self.wanted = wanted


class SeniorNeeded(EditConflict):
    """The field waits for a senior; who wanted to decide it is none, and nothing was written."""

    code = "senior_needed"


class Exhausted(WorkspaceError):
    """This machine has no process, memory, file handle or temporary folder to spare now. It says nothing about any document."""

    code = "exhausted"


class Overtaken(WorkspaceError):
    """The job is no longer this worker's: it was given to another one, or cancelled. Nothing was written."""

    code = "overtaken"
    can_retry = False


class DocumentError(GikocrError):
    """One document cannot be read; the others go on."""

    code = "document_unreadable"


class FileUnreadable(DocumentError):
    """The file is missing, empty, or may not be opened."""

    code = "file_unreadable"
    can_retry = True


class UnsupportedType(DocumentError):
    """The content is of no type that gikocr reads."""

    code = "unsupported_type"


class DamagedFile(DocumentError):
    """The content is truncated or broken."""

    code = "file_damaged"


class EncryptedFile(DocumentError):
    """The document can only be opened with a password."""

    code = "file_encrypted"


class TooLarge(DocumentError):
    """The document is over a limit on bytes, pages or pixels."""

    code = "file_too_large"
