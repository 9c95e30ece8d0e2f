"""Makes OFD documents of text, lines and pictures; nothing is stored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
Word = tuple[str, float, float, float]
Line = tuple[float, float, float, float]


def ofd_bytes(
    pages: Sequence[tuple[Sequence[Word], Sequence[Line]]], pictures: Sequence[bytes] = (), **extra: bytes
) -> bytes:
    """A document; words are (text, left, base line, size) and lines (x1, y1, x2, y2), all in millimetres."""
    out = io.BytesIO()
    listed = "".join(f'<ofd:Page ID="{k}" BaseLoc="Pages/Page_{k}/Content.xml"/>' for k in range(len(pages)))
    media = "".join(
        f'<ofd:MultiMedia ID="m{k}" Type="Image"><ofd:MediaFile>p{k}.png</ofd:MediaFile></ofd:MultiMedia>'
        for k in range(len(pictures))
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "OFD.xml",
            f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        )
        archive.writestr(
            "Doc_0/Document.xml",
            f"<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>"
            f"</ofd:PageArea><ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        )
        archive.writestr(
            "Doc_0/DocumentRes.xml",
            f'<ofd:Res {NAMESPACE} BaseLoc="Res"><ofd:MultiMedias>{media}</ofd:MultiMedias></ofd:Res>',
        )
        for k, picture in enumerate(pictures):
            archive.writestr(f"Doc_0/Res/p{k}.png", picture)
        for k, (words, lines) in enumerate(pages):
            objects = "".join(_word(*w) for w in words) + "".join(_line(*ln) for ln in lines)
            if pictures:
                objects += f'<ofd:ImageObject Boundary="0 0 210 297" ResourceID="m{k}"/>'
            archive.writestr(
                f"Doc_0/Pages/Page_{k}/Content.xml",
                f"<ofd:Page {NAMESPACE}><ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content></ofd:Page>",
            )
        for name, content in extra.items():
            archive.writestr(name, content)
    return out.getvalue()


def _word(text: str, left: float, base: float, size: float) -> str:
    widths = [size if ord(c) > 0x2E7F else size / 2 for c in text]
    if len(set(widths)) == 1 and len(text) > 1:
        deltas = f"g {len(text) - 1} {widths[0]:.3f}"
    else:
        deltas = " ".join(f"{w:.3f}" for w in widths[:-1])
    return (
        f'<ofd:TextObject Boundary="{left:.3f} {base - size:.3f} {sum(widths):.3f} {1.2 * size:.3f}" Size="{size}">'
        f'<ofd:TextCode X="0" Y="{size}" DeltaX="{deltas}">{escape(text)}</ofd:TextCode></ofd:TextObject>'
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<ofd:PathObject Boundary="{x1:.3f} {y1:.3f} {x2 - x1 + 0.2:.3f} {y2 - y1 + 0.2:.3f}" LineWidth="0.2">'
        f"<ofd:AbbreviatedData>M 0 0 L {x2 - x1:.3f} {y2 - y1:.3f}</ofd:AbbreviatedData></ofd:PathObject>"
    )
