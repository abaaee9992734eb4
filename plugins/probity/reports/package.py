"""Office files that come out the same byte for byte each time.

In: the bytes of a zip package (xlsx, docx) as a library wrote it. Out: the same package with fixed times, fixed
properties and, where asked, other parts. Why: a report that is published under its digest must not change
because the clock did, and a library's idea of "modified now" must not leave the house.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

EPOCH = (1980, 1, 1, 0, 0, 0)
_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:dcmitype="http://purl.org/dc/dcmitype/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<dc:title>{title}</dc:title><dc:subject>{subject}</dc:subject><dc:creator>{creator}</dc:creator>"
    "<cp:keywords></cp:keywords><dc:description></dc:description><cp:lastModifiedBy>{creator}</cp:lastModifiedBy>"
    "<cp:revision>1</cp:revision>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">{stamp}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{stamp}</dcterms:modified></cp:coreProperties>'
)


@dataclass(frozen=True)
class Properties:
    """What a file's property page shows. ``date`` stands for both created and modified."""

    title: str
    creator: str
    subject: str = ""
    date: dt.date = dt.date(2000, 1, 1)

    def xml(self) -> bytes:
        return _CORE.format(
            title=escape(self.title),
            subject=escape(self.subject),
            creator=escape(self.creator),
            stamp=f"{self.date.isoformat()}T00:00:00Z",
        ).encode()


def repack(data: bytes, properties: Properties, parts: Mapping[str, bytes] | None = None) -> bytes:
    """``data`` (a zip) with every time at 1980-01-01, the property part written from ``properties`` and each of
    ``parts`` (name -> content) in the place of the part of that name. KeyError when there is no such part."""
    replace = {"docProps/core.xml": properties.xml()} | dict(parts or {})
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        if missing := set(replace) - set(source.namelist()):
            raise KeyError(f"the package has no part {sorted(missing)}")
        for name in source.namelist():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o600 << 16
            target.writestr(info, replace[name] if name in replace else source.read(name))
    return out.getvalue()


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """A plain zip of ``files`` in sorted order, the same bytes each time (names in UTF-8)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o600 << 16
            target.writestr(info, files[name])
    return out.getvalue()
