"""The codes of issues: what each says, and what to do. They are part of the public contract; messages are not.

A test compares them with what the code gives. The reference of the documentation is made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ISSUE_CODES: Final[Mapping[str, str]] = {
    # The document could not be opened, or not read to its end.
    "document_unreadable": "The document cannot be read, for a reason that no other code names.",
    "file_unreadable": "The file is missing, empty, or may not be opened. Look at its path and its rights.",
    "unsupported_type": "The content is of no type that gikocr reads.",
    "file_damaged": "The content is truncated or broken. Fetch or scan it again.",
    "file_encrypted": "The document opens with a password only. Save it without one.",
    "file_too_large": "The document is over a limit on bytes, pages or pixels (settings max_bytes, max_pages, max_pixels, max_side).",
    "no_pages": "No page of the document could be read; other issues name each page's reason.",
    "time_limit": "It took longer than --time-limit. Give more time, or with --pages only the pages with the tables.",
    "out_of_memory": "The memory was not enough. Read fewer documents at a time, or only some of the pages.",
    "worker_died": "The process that read the document ended twice (extract), or three times alone (worker). Try it alone.",
    "too_many_attempts": "A worker began the document again and again and never came to an end; the logs of the workers say more.",
    "internal_error": "An error in gikocr. Run with --debug and report it.",
    # What stands in the document.
    "no_tables": "No table of the form was found. Is it a report of this kind, and are its table pages in the file?",
    "table_not_found": "One table was not found; a page may be missing, or its lines are lost. Look at it with --overlay.",
    "table_partly_read": "Some rows or cells of a table could not be read; they are marked unreadable.",
    "page_doubtful": "Many values of a page are expected to be wrong, by their confidences. Look at the page, or scan it again.",
    "values_covered": "A seal, a pen, a blot or a fold covers values beyond reading; the message names the covered share.",
    "tables_without_lines": "Headings of tables were read where no ruled table was found. Scan darker, or at 300 dpi.",
    "values_lost": "The export has the labels of the form and not its values. Export it again; nothing is read as zero.",
    "no_numbers": "All cells of the tables are blank: an empty form.",
    "side_by_side": "Two tables stand side by side, each is a report of its own; which year it is of is left open.",
    "sum_broken_in_source": "Sums do not add up as printed; values stay as printed, and the checks name the sums.",
    "agency_not_found": "No agency was found in title or signature.",
    "year_not_found": "No year was found in title or signature.",
    # How it was read.
    "pages_reordered": "The pages were put in another order than in the file, by what stands on them.",
    "text_layer_unused": "The pages of a PDF were read as pictures, since its text layer does not hold the form.",
    "read_from_pictures": "The text does not hold the tables; pictures in the document do, and were read.",
    "converted": "LibreOffice converted the document before it was read.",
    "suffix_mismatch": "The content is of another type than the suffix says; it was read as what it is.",
    "pdf_repaired": "The PDF was damaged, and was repaired as far as that goes.",
    "image_truncated": "A picture ends early; what is there was read.",
    "picture_unreadable": "One picture on a page could not be decoded.",
    "frames_skipped": "Frames of a TIFF that are no pages (previews) were left out.",
    "part_unreadable": "One of the files of the document could not be read; the others were.",
    "text_encoding": "The text is in another encoding than UTF-8; the message names it.",
    "mojibake_undone": "The text was UTF-8 that had been read in another encoding; that was undone.",
    "text_cut": "The text is longer than what is read.",
}
"""Each code of :class:`gikocr.report.Issue` with what it says and what to do."""
