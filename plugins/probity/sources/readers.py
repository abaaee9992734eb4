"""Files as they arrive, opened: worksheets, delimited text, JSON and XML, alone or in a zip.

In: a file of the drop folder. Out: a ``Document``: sheets of text cells, a JSON value, or an XML stream; or
``Refused`` with a reason an operator understands. Nothing here knows what the columns mean.
Why one place: encodings, sizes, passwords and bombs are every source's problem. Sizes are checked before
anything is unpacked (a 405 KB zip bomb took 73 s and 3.3 GiB: DESIGN.md).
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import mmap
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from python_calamine import CalamineError, CalamineWorkbook

from probity.sources.reasons import Refused

PREVIEW_ROWS = 40
MAX_ARCHIVE_FILES = 2_000
MAX_RATIO = 300
RATIO_FREE_BYTES = 16 * 1024 * 1024
MAX_CELLS = 20_000_000
MAX_COLUMNS = 702
MAP_BYTES = 8 * 1024 * 1024
MAX_TREE_BYTES = 192 * 1024 * 1024  # JSON and XML are held whole, at several times their size
DELIMITERS = (",", "\t", ";", "|")

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf", b"GIF8", b"7z\xbc\xaf", b"Rar!")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|script|br\s*/?>|b>)", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes above which a file is refused."""

    file_bytes: int = 512 * 1024 * 1024
    unpacked_bytes: int = 2 * 1024 * 1024 * 1024


@dataclass
class RawSheet:
    """A table of text cells. ``preview`` holds the first rows; ``columns`` reads the rest when it is known which."""

    name: str
    preview: list[list[str]]
    read: Callable[[int, list[int], list[int]], tuple[pa.Array, list[pa.Array]]]

    def columns(
        self, header: int, indexes: list[int], fill: list[int] | None = None
    ) -> tuple[pa.Array, list[pa.Array]]:
        """(row numbers as the sender sees them, one string array per index) of the rows after row ``header``.

        ``header`` is 0-based. ``fill`` names the columns in which a vertically merged cell counts for all its rows.
        Rows without any text are left out.
        """
        return self.read(header, indexes, fill or [])


@dataclass
class Document:
    """One opened file: ``format`` is grid, json or xml. ``name`` is what people call it (archive/member)."""

    name: str
    format: str
    sheets: list[RawSheet] = field(default_factory=list)
    value: Any = None
    xml: bytes = b""

    def elements(self, tag: str) -> Iterator[Element]:
        """Every ``tag`` element, emptied after use. Refused(xml_damaged) on a DTD, entities or damage."""
        try:
            events = iterparse(io.BytesIO(self.xml), events=("start", "end"), forbid_dtd=True)
            root = None
            for event, element in events:
                if event == "start":
                    root = element if root is None else root
                elif element.tag.rpartition("}")[2] == tag:
                    yield element
                    element.clear()
        except (ParseError, DefusedXmlException) as error:
            raise Refused("xml_damaged", type(error).__name__) from error


@dataclass(frozen=True)
class Member:
    """A file, or a file inside a zip. ``name`` is relative to the drop folder."""

    name: str
    path: Path
    inner: str | None = None

    def content(self, limits: Limits, most: int | None = None) -> bytes | mmap.mmap:
        """The content (its first ``most`` bytes); a large plain file is mapped, not copied. Refused when too large."""
        if self.inner is None:
            size = self.path.stat().st_size
            if size > limits.file_bytes:
                raise Refused("file_too_large")
            with self.path.open("rb") as handle:
                if most is not None or size < MAP_BYTES:
                    return handle.read(most if most is not None else -1)
                return mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        with _open_zip(self.path) as archive, archive.open(self.inner) as stream:
            if archive.getinfo(self.inner).file_size > limits.file_bytes:
                raise Refused("file_too_large")
            return stream.read(most if most is not None else -1)


def members(path: Path, name: str, limits: Limits) -> list[Member]:
    """The file itself, or the files in it when it is a plain zip (not a workbook). Refused for a bad archive."""
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise Refused("file_too_large")
    with path.open("rb") as handle:
        if handle.read(4) != _ZIP:
            return [Member(name, path)]
    with _open_zip(path) as archive:
        infos = check_archive(archive, limits)
        if _workbook_kind(archive):
            return [Member(name, path)]
        files = [i for i in infos if not i.is_dir() and not _hidden(i.filename)]
        if any(i.filename.lower().endswith((".zip", ".7z", ".rar")) for i in files):
            raise Refused("nested_archive")
        return [Member(f"{name}/{_member_name(i)}", path, i.filename) for i in sorted(files, key=lambda i: i.filename)]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX", "~$")) for part in name.split("/"))


def _member_name(info: zipfile.ZipInfo) -> str:
    """The member's name; names written in cp950 without the UTF-8 flag come back readable."""
    if not info.flag_bits & 0x800:
        try:
            return info.filename.encode("cp437").decode("cp950")
        except UnicodeError:
            pass
    return info.filename


def _open_zip(source: Path | io.BytesIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Refused("damaged", "zip") from error


def check_archive(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """Refuses bombs, passwords, damage; returns the entries. Reads every entry once against its declared size."""
    infos = archive.infolist()
    if len(infos) > MAX_ARCHIVE_FILES:
        raise Refused("too_many_files", str(len(infos)))
    if any(i.flag_bits & 0x1 for i in infos):
        raise Refused("password")
    unpacked = sum(i.file_size for i in infos)
    packed = sum(i.compress_size for i in infos)
    if unpacked > limits.unpacked_bytes or (unpacked > RATIO_FREE_BYTES and unpacked > MAX_RATIO * max(packed, 1)):
        raise Refused("unpacked_too_large", f"{unpacked:,} 位元組")
    try:
        bad = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Refused("damaged", "zip") from error
    if bad is not None:
        raise Refused("damaged", "zip")
    return infos


def _workbook_kind(archive: zipfile.ZipFile) -> str | None:
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "content.xml" in names and "mimetype" in names and b"opendocument" in archive.read("mimetype")[:200]:
        return "ods"
    return "other" if names & {"word/document.xml", "ppt/presentation.xml", "xl/workbook.bin"} else None


def open_document(member: Member, limits: Limits, preview: bool = False) -> Document:
    """The member as a Document, its kind told by its content and never by its name. Raises Refused.

    With ``preview`` a large delimited text is opened by its first rows only: enough to tell what it is.
    """
    data = member.content(limits)
    head = data[:4096]
    if not head.strip(b"\x00 \t\r\n") and not data[:].strip(b"\x00 \t\r\n"):
        raise Refused("empty_file")
    if head.startswith(_ZIP):
        return _open_packed(member.name, bytes(data), limits)
    if head.startswith(_OLE):
        return _open_ole(member.name, bytes(data))
    if head.startswith(_FOREIGN):
        raise Refused("document_file")
    if head.startswith(codecs.BOM_UTF8):
        head = head[len(codecs.BOM_UTF8) :]
    delimited = not head.lstrip(b" \t\r\n").startswith((b"<", b"{", b"[")) and b"\x00" not in head
    if delimited and preview and len(data) > MAP_BYTES:
        end = data.rfind(b"\n", 0, 1 << 20)
        return Document(member.name, "grid", sheets=[_text_sheet(_as_utf8(data[: end if end > 0 else 1 << 20]))])
    text = _without_nul(_as_utf8(data))
    start = text[:2000].removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if start.startswith((b"<", b"{", b"[")) and len(text) > MAX_TREE_BYTES:
        raise Refused("file_too_large", f"JSON、XML 上限 {MAX_TREE_BYTES // 2**20} MB")
    if start.startswith(b"<"):
        if _HTML.match(start) or _HTML.search(start[:300]):
            raise Refused("html_page")
        return Document(member.name, "xml", xml=_as_utf8_xml(bytes(text)))
    if start.startswith((b"{", b"[")):
        return Document(member.name, "json", value=_parse_json(bytes(text).decode("utf-8-sig")))
    return Document(member.name, "grid", sheets=[_text_sheet(text)])


def _as_utf8(data: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """The text as UTF-8: utf-8-sig, then cp950, both strict; never big5 first: it lacks characters.

    UTF-8 comes back as it is, byte order mark and all, so that a long text is never copied.
    """
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        try:
            return data[:].decode("utf-16").encode()
        except UnicodeError as error:
            raise Refused("encoding") from error
    try:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for start in range(0, len(data), 1 << 24):
            decoder.decode(data[start : start + (1 << 24)])
        decoder.decode(b"", final=True)
        return data
    except UnicodeDecodeError:
        pass
    try:
        return data[:].decode("cp950").encode()
    except UnicodeDecodeError as error:
        raise Refused("encoding") from error


_NUL_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_NUL_MARK = "\ufffd".encode()


def _without_nul(data: bytes | mmap.mmap) -> bytes | mmap.mmap:
    """The text with U+FFFD for each NUL, also one escaped as JSON does: PostgreSQL keeps none, so a cell with one could
    not even be set aside; the mark keeps it unreadable, and shows its owner where."""
    if data.find(b"\x00") >= 0:
        data = data[:].replace(b"\x00", _NUL_MARK)
    if data.find(b"\\u0000") >= 0:
        data = _NUL_ESCAPE.sub(rb"\1" + _NUL_MARK, data[:])
    return data


def _as_utf8_xml(data: bytes) -> bytes:
    """The XML, by now UTF-8, with a declaration that says so (cp950 files declare all sorts of things)."""
    return b'<?xml version="1.0" encoding="UTF-8"?>' + re.sub(
        rb"^\s*<\?xml[^>]*\?>", b"", data.removeprefix(codecs.BOM_UTF8), count=1
    )


# ------------------------------------------------------------------------------------------------ JSON


def _no_constant(name: str) -> float:
    raise ValueError(f"JSON has no {name}")


def _parse_json(text: str) -> Any:
    """One JSON value, or the list of a JSON-lines file. Refused when cut off or mixed with other text."""
    text = text.rstrip("\x00 \t\r\n")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise Refused("json_damaged", "巢狀過深") from error
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and lines[0].lstrip().startswith("{"):
            try:
                return [json.loads(line, parse_constant=_no_constant) for line in lines]
            except (ValueError, RecursionError):
                pass
        raise Refused("json_damaged") from error


# ------------------------------------------------------------------------------------------------ delimited text


class _View(io.RawIOBase):
    """A file over bytes or a mapping, without a copy."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._view = memoryview(data)
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._view[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


def _text(data: bytes | mmap.mmap) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedReader(_View(data), 1 << 20), "utf-8-sig", errors="replace", newline="")


def _trimmed_length(data: bytes | mmap.mmap) -> int:
    """Length without blank lines at the end."""
    end = len(data)
    while end and data[end - 1 : end] in (b"\r", b"\n", b" ", b"\t"):
        end -= 1
    return end


def _text_sheet(data: bytes | mmap.mmap) -> RawSheet:
    sample = data[: 1 << 18]
    delimiter = _sniff(sample)
    preview = []
    for row in csv.reader(_text(sample), delimiter=delimiter):
        preview.append([cell.strip() for cell in row])
        if len(preview) == PREVIEW_ROWS:
            break

    def read(header: int, indexes: list[int], fill: list[int]) -> tuple[pa.Array, list[pa.Array]]:
        return _read_text(data, delimiter, header, indexes)

    return RawSheet("", preview, read)


def _sniff(sample: bytes) -> str:
    """The delimiter that gives the most columns on the first rows; a tie goes to the earlier one."""
    best, best_score = ",", 0
    for delimiter in DELIMITERS:
        try:
            rows = csv.reader(_text(sample), delimiter=delimiter)
            widths = sorted(len(row) for row, _ in zip(rows, range(PREVIEW_ROWS), strict=False) if row)
        except csv.Error:
            continue
        score = widths[len(widths) // 2] if widths else 0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _read_text(
    data: bytes | mmap.mmap, delimiter: str, header: int, indexes: list[int]
) -> tuple[pa.Array, list[pa.Array]]:
    reader = csv.reader(_text(data), delimiter=delimiter)
    width = 0
    for _ in range(header + 1):
        width = len(next(reader))
    lines = reader.line_num
    end = _trimmed_length(data)
    gaps = (b"\n\n", b"\n\r\n", b"\r\r")
    if not any(data.find(gap, 0, end) >= 0 for gap in gaps):
        try:
            return _read_fast(data, delimiter, lines, width, header, indexes)
        except pa.ArrowInvalid:
            pass  # ragged rows: read slowly, row by row
    return _read_slow(reader, header, indexes)


def _read_fast(
    data: bytes | mmap.mmap, delimiter: str, skip: int, width: int, header: int, indexes: list[int]
) -> tuple[pa.Array, list[pa.Array]]:
    names = [f"c{i}" for i in range(width)]
    wanted = [f"c{i}" for i in indexes]
    table = pacsv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        read_options=pacsv.ReadOptions(column_names=names, skip_rows=skip, block_size=1 << 24),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=data.find(b'"') >= 0),
        convert_options=pacsv.ConvertOptions(
            include_columns=list(dict.fromkeys(wanted)),
            column_types={n: pa.string() for n in names},
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
        ),
    )
    rows = pa.array(range(header + 2, header + 2 + table.num_rows), pa.int64())
    return _drop_blank(rows, [table.column(n).combine_chunks() for n in wanted])


def _read_slow(reader: Iterator[list[str]], header: int, indexes: list[int]) -> tuple[pa.Array, list[pa.Array]]:
    rows: list[int] = []
    columns: list[list[str]] = [[] for _ in indexes]
    chunks: list[list[pa.Array]] = [[] for _ in indexes]

    def flush() -> None:
        for column, parts in zip(columns, chunks, strict=True):
            parts.append(pa.array(column, pa.string()))
            column.clear()

    try:
        for number, row in enumerate(reader, header + 2):
            if not any(cell.strip() for cell in row):
                continue
            rows.append(number)
            for column, index in zip(columns, indexes, strict=True):
                column.append(row[index] if index < len(row) else "")
            if len(rows) % 50_000 == 0:
                flush()
    except csv.Error as error:
        raise Refused("damaged", "csv") from error
    flush()
    return _drop_blank(pa.array(rows, pa.int64()), [pa.concat_arrays(parts) for parts in chunks])


# ------------------------------------------------------------------------------------------------ workbooks


def _open_packed(name: str, data: bytes, limits: Limits) -> Document:
    with _open_zip(io.BytesIO(data)) as archive:
        check_archive(archive, limits)
        kind = _workbook_kind(archive)
        if kind is None or kind == "other":
            raise Refused("document_file" if kind else "unknown_format")
        if any(n.lower().endswith("vbaproject.bin") for n in archive.namelist()):
            raise Refused("macros")
        if kind == "xlsx":
            _check_extent(archive)
        else:
            _check_repeats(archive)
    return _open_calamine(name, data)


def _open_ole(name: str, data: bytes) -> Document:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("password")
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Refused("macros")
    if "WordDocument".encode("utf-16-le") in data or "PowerPoint Document".encode("utf-16-le") in data:
        raise Refused("document_file")
    return _open_calamine(name, data)


_CELL_COLUMN = re.compile(rb'<c (?:[^>]*? )?r="([A-Z]+)')
_LAST_ROW = re.compile(rb'<row [^>]*?r="(\d+)"')


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _check_extent(archive: zipfile.ZipFile) -> None:
    """Refuses a sheet whose cells span more than MAX_CELLS or MAX_COLUMNS: the reader would lay out all of it."""
    for info in archive.infolist():
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
            continue
        letters: set[bytes] = set()
        last_row = 0
        tail = b""
        with archive.open(info) as handle:
            while block := handle.read(1 << 22):
                block = tail + block
                letters.update(_CELL_COLUMN.findall(block))
                if rows := _LAST_ROW.findall(block):
                    last_row = max(last_row, int(rows[-1]), int(rows[0]))
                tail = block[-64:]
        widest = max((_column_number(x) for x in letters), default=0)
        if widest > MAX_COLUMNS or widest * last_row > MAX_CELLS:
            raise Refused("sheet_too_large", f"{last_row:,} 列 × {widest:,} 欄")


_ODS_CELLS = re.compile(rb'<table:table-cell\b[^>]*?number-columns-repeated="(\d+)"[^>]*?>')
_ODS_ROWS = re.compile(
    rb'<table:table-row\b[^>]*?number-rows-repeated="(\d+)"[^>]*?>(.*?)</table:table-row>', re.DOTALL
)


def _check_repeats(archive: zipfile.ZipFile) -> None:
    """Refuses an ods in which cells or rows with content are repeated beyond reason (a few bytes, many cells)."""
    content = archive.read("content.xml")
    cells = 0
    for match in _ODS_CELLS.finditer(content):
        if b"office:value-type" in match[0]:
            cells += int(match[1])
    for match in _ODS_ROWS.finditer(content):
        if b"office:value-type" in match[2]:
            cells += int(match[1]) * match[2].count(b"office:value-type")
    if cells > MAX_CELLS // 10:
        raise Refused("sheet_too_large", f"{cells:,} 儲存格")


def _open_calamine(name: str, data: bytes) -> Document:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = []
        for sheet_name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(sheet_name)
            rows = sheet.to_python(skip_empty_area=False)
            merged = list(sheet.merged_cell_ranges or ())
            sheets.append(_grid_sheet(sheet_name, rows, merged))
    except CalamineError as error:
        raise Refused("password" if "password" in str(error).lower() else "damaged", type(error).__name__) from error
    except BaseException as error:  # calamine's Rust panics arrive as BaseException
        if type(error).__name__ != "PanicException":
            raise
        raise Refused("damaged", "workbook") from error
    return Document(name, "grid", sheets=sheets)


def _float_text(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _moment_text(value: dt.datetime) -> str:
    return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")


_TEXT_OF: dict[type, Callable[[Any], str]] = {
    str: lambda v: v,
    bool: lambda v: "TRUE" if v else "FALSE",
    int: str,
    float: _float_text,
    dt.datetime: _moment_text,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: str,
    type(None): lambda v: "",
}


def cell_text(value: Any) -> str:
    """A workbook cell as text: whole floats without a point, dates as ISO."""
    return _TEXT_OF.get(type(value), str)(value)


Range = tuple[tuple[int, int], tuple[int, int]]


def _grid_sheet(name: str, rows: list[list[Any]], merged: list[Range]) -> RawSheet:
    preview = [[cell_text(v).strip() for v in row] for row in rows[:PREVIEW_ROWS]]
    for (top, left), (bottom, _) in merged:  # a header cell merged downwards heads its column
        for row in range(top + 1, min(bottom, len(preview) - 1) + 1):
            if left < len(preview[row]) and not preview[row][left]:
                preview[row][left] = preview[top][left]

    def read(header: int, indexes: list[int], fill: list[int]) -> tuple[pa.Array, list[pa.Array]]:
        body = rows[header + 1 :]
        columns = [_column_text([row[i] for row in body]) for i in indexes]
        spread = {(left, top): bottom for (top, left), (bottom, _) in merged if bottom > top > header}
        for position, index in enumerate(indexes):
            if index in fill:
                for (left, top), bottom in spread.items():
                    if left == index:
                        for row in range(top + 1, min(bottom, len(rows) - 1) + 1):
                            columns[position][row - header - 1] = columns[position][top - header - 1]
        arrays = [_marked(pa.array(c, pa.string())) for c in columns]
        numbers = pa.array(range(header + 2, header + 2 + len(body)), pa.int64())
        return _drop_blank(numbers, arrays)

    return RawSheet(name, preview, read)


def _marked(cells: pa.Array) -> pa.Array:
    """``_without_nul`` for cells of a workbook, where one is written as _x0000_."""
    if not pc.any(pc.match_substring(cells, "\x00")).as_py():
        return cells
    return pc.replace_substring(cells, "\x00", _NUL_MARK.decode())


def _column_text(values: list[Any]) -> list[str]:
    types = set(map(type, values))
    if types <= {str}:
        return values
    if len(types) == 1:
        return list(map(_TEXT_OF.get(types.pop(), str), values))
    return [cell_text(v) for v in values]


def _drop_blank(numbers: pa.Array, arrays: list[pa.Array]) -> tuple[pa.Array, list[pa.Array]]:
    if not arrays or not len(numbers):
        return numbers, arrays
    mask = None
    for array in arrays:
        full = pc.not_equal(pc.utf8_trim_whitespace(array), "")
        mask = full if mask is None else pc.or_(mask, full)
    if pc.all(mask).as_py():
        return numbers, arrays
    return numbers.filter(mask), [a.filter(mask) for a in arrays]
