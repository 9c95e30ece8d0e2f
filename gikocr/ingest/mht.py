"""Web archives (MHT, MHTML) as browsers and Word save them: the page in it is read, nothing else."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

from gikocr.errors import DamagedFile
from gikocr.ingest.html import read_html
from gikocr.markup import Markup


def read_mht(data: bytes, what: str) -> Markup:
    """The largest HTML part of a web archive as lines and tables.

    Raises:
        DamagedFile: there is none.
    """
    best = b""
    try:
        message = email.message_from_bytes(data, policy=email.policy.default)
        for part in message.walk():
            if isinstance(part, EmailMessage) and part.get_content_type() in ("text/html", "application/xhtml+xml"):
                content = part.get_payload(decode=True)
                if isinstance(content, bytes) and len(content) > len(best):
                    best = content
    except (ValueError, LookupError, AssertionError, IndexError, AttributeError, TypeError) as error:
        raise DamagedFile(f"{what} is a broken web archive.", advice="Save the page again as HTML.") from error
    if not best:
        raise DamagedFile(f"{what} is a web archive without a page.", advice="Save the page again as HTML.")
    return read_html(best, what)
