import csv
import io
import re
import struct
import zipfile
from pathlib import Path

import pytest
import xlwt
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from probity.sources import readers
from probity.sources.readers import Limits, Member, open_document
from probity.sources.reasons import Refused

HEADER = "機關代碼,機關名稱,政風單位信箱"


def document(path: Path, **limits: int) -> readers.Document:
    return open_document(Member(path.name, path), Limits(**limits))


def refusal(path: Path, **limits: int) -> str:
    with pytest.raises(Refused) as caught:
        for member in readers.members(path, path.name, Limits(**limits)):
            open_document(member, Limits(**limits))
    return caught.value.code


def cells(document: readers.Document, header: int = 0) -> list[list[str]]:
    sheet = document.sheets[0]
    rows, arrays = sheet.columns(header, list(range(len(sheet.preview[header]))))
    return [[str(r), *c] for r, *c in zip(rows.to_pylist(), *(a.to_pylist() for a in arrays), strict=True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_in_every_encoding_and_delimiter(tmp_path, encoding, delimiter):
    path = tmp_path / "a.txt"
    rows = "\r\n".join([HEADER, "1,碁⊙甲局,a@b", "2,乙局,c@d"]).replace(",", delimiter)
    path.write_bytes(rows.encode(encoding))
    assert cells(document(path)) == [["2", "1", "碁⊙甲局", "a@b"], ["3", "2", "乙局", "c@d"]]


def test_rows_are_numbered_as_the_sender_sees_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('名冊\n\na,b,c\n1,"二\n行",3\n\n,,\n4,5\n', encoding="utf-8")
    assert cells(document(path), 2) == [["4", "1", "二\n行", "3"], ["7", "4", "5", ""]]
    ragged = tmp_path / "b.csv"
    ragged.write_text("a,b\n1,2\n3,4\n\n", encoding="utf-8")
    assert cells(document(ragged)) == [["2", "1", "2"], ["3", "3", "4"]]


CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]) | st.sampled_from('",;\n'), max_size=6
)


@hypothesis_settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_what_a_csv_writer_writes_is_what_is_read(rows):
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows([["甲", "乙", "丙"], *rows])
    data = sink.getvalue().encode()
    fast = readers._read_text(data, ",", 0, [0, 1, 2])
    slow = readers._read_slow(csv.reader(io.StringIO(sink.getvalue(), newline="")), -1, [0, 1, 2])
    expected = [r for r in rows if any(c.strip() for c in r)]
    assert [list(r) for r in zip(*(a.to_pylist() for a in fast[1]), strict=True)] == expected
    assert [list(r) for r in zip(*(a.to_pylist() for a in slow[1]), strict=True)][1:] == expected


def test_a_large_text_is_mapped_and_reads_the_same(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + "\n" + "".join(f"{i},局{i},x\n" for i in range(1000))).encode("utf-8-sig"))
    small = cells(document(path))
    monkeypatch.setattr(readers, "MAP_BYTES", 100)
    assert cells(document(path)) == small
    preview = open_document(Member("a", path), Limits(), preview=True)
    assert preview.sheets[0].preview[0] == HEADER.split(",")


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe\xff\xff,\xff\n")
    assert refusal(path) == "encoding"


def test_xls_and_ods_give_what_xlsx_gives(tmp_path, files):
    rows = [["名冊", "", ""], ["機關代碼", "機關名稱", "數"], ["3.99.1", "甲局", 12], ["3.99.2", "乙局", 3.5]]
    xlsx = files.xlsx("a.xlsx", {"名冊": rows})
    book = xlwt.Workbook()
    sheet = book.add_sheet("名冊")
    ods = OpenDocumentSpreadsheet()
    table = Table(name="名冊")
    for r, row in enumerate(rows):
        line = TableRow()
        for c, value in enumerate(row):
            sheet.write(r, c, value)
            kind = {"valuetype": "string"} if isinstance(value, str) else {"valuetype": "float", "value": value}
            cell = TableCell(**kind)
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    ods.spreadsheet.addElement(table)
    book.save(str(tmp_path / "a.xls"))
    ods.save(str(tmp_path / "a.ods"))
    expected = [["3", "3.99.1", "甲局", "12"], ["4", "3.99.2", "乙局", "3.5"]]
    for path in (xlsx, tmp_path / "a.xls", tmp_path / "a.ods"):
        assert cells(document(path), 1) == expected, path.name


def test_a_cell_merged_downwards_counts_for_its_rows_where_asked(files):
    rows = [["機關", "案號", "金額"], ["甲局", "A1", 5], [None, "A2", None], ["乙局", "A3", 7]]
    path = files.xlsx("a.xlsx", {"s": rows}, {"s": ["A2:A3", "C2:C3"]})
    sheet = document(path).sheets[0]
    _, (agency, _, amount) = sheet.columns(0, [0, 1, 2], fill=[0])
    assert agency.to_pylist() == ["甲局", "甲局", "乙局"]
    assert amount.to_pylist() == ["5", "", "7"], "an amount is not copied"


def test_json_and_json_lines(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes('\ufeff{"a": [1]}'.encode())
    assert document(path).value == {"a": [1]}
    path.write_text('{"a": 1}\n{"a": 2}\n', encoding="utf-8")
    assert document(path).value == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n", "empty_file"),
        (b'{"a": [1,', "json_damaged"),
        (b"[" * 100_000, "json_damaged"),
        (b'{"a": NaN}', "json_damaged"),
        (b"<br />\n<b>Warning</b>: x {}", "html_page"),
        (b"<!DOCTYPE html><html></html>", "html_page"),
        (b"%PDF-1.4 ...", "document_file"),
        (b"PK\x03\x04 nonsense", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "_VBA_PROJECT".encode("utf-16-le"), "macros"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 cut off", "damaged"),
    ],
)
def test_refusals(tmp_path, content, code):
    path = tmp_path / "a"
    path.write_bytes(content)
    assert refusal(path) == code


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><TENDER_LIST><TENDER>&a;</TENDER></TENDER_LIST>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><TENDER_LIST><TENDER/></TENDER_LIST>',
        "<TENDER_LIST><TENDER>",
    ],
)
def test_xml_with_dtd_or_damage_is_refused(tmp_path, xml):
    path = tmp_path / "a.xml"
    path.write_text(xml, encoding="utf-8")
    with pytest.raises(Refused, match="XML"):
        list(document(path).elements("TENDER"))


def test_a_zip_is_its_files(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("二月/乙.csv", HEADER + "\n1,2,3\n")
        archive.writestr("甲.csv", HEADER + "\n1,2,3\n")
        archive.writestr("__MACOSX/._甲.csv", "x")
    found = readers.members(path, "a.zip", Limits())
    assert [m.name for m in found] == ["a.zip/二月/乙.csv", "a.zip/甲.csv"]
    assert cells(open_document(found[0], Limits())) == [["2", "1", "2", "3"]]


def zip_of(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_bombs_passwords_and_nesting(tmp_path):
    assert refusal(zip_of(tmp_path / "a.zip", a=b"\0" * (64 << 20))) == "unpacked_too_large"
    assert refusal(zip_of(tmp_path / "b.zip", a=b"x" * 5000), unpacked_bytes=4000) == "unpacked_too_large"
    assert refusal(zip_of(tmp_path / "c.zip", **{"in.zip": b"PK"})) == "nested_archive"
    big = tmp_path / "d.csv"
    big.write_bytes(b"x" * 2000)
    assert refusal(big, file_bytes=1000) == "file_too_large"
    locked = zip_of(tmp_path / "e.zip", a=b"abc")
    data = bytearray(locked.read_bytes())
    for found in re.finditer(rb"PK\x03\x04|PK\x01\x02", bytes(data)):
        data[found.start() + (6 if found[0][2] == 3 else 8)] |= 1
    locked.write_bytes(data)
    assert refusal(locked) == "password"
    lying = zip_of(tmp_path / "f.zip", a=b"a" * 1000)
    data = bytearray(lying.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    lying.write_bytes(data)
    assert refusal(lying) == "damaged", "a declared size that is not the real one"


def test_workbooks_with_macros_or_a_huge_extent(files, tmp_path):
    path = files.xlsx("a.xlsx", {"s": [["a", "b"], [1, 2]]})
    macros = tmp_path / "m.xlsm"
    macros.write_bytes(path.read_bytes())
    with zipfile.ZipFile(macros, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert refusal(macros) == "macros"
    import openpyxl

    book = openpyxl.Workbook()
    book.active["A1"] = "x"
    book.active["XFD1048576"] = "y"
    huge = tmp_path / "h.xlsx"
    book.save(huge)
    assert refusal(huge) == "sheet_too_large"


def test_cell_text():
    import datetime as dt

    values = [1.0, 1.5, True, None, dt.date(2021, 3, 15), dt.datetime(2021, 3, 15, tzinfo=None), 1e20, "x"]  # noqa: DTZ001
    assert [readers.cell_text(v) for v in values] == ["1", "1.5", "TRUE", "", "2021-03-15", "2021-03-15", "1e+20", "x"]


def test_no_nul_comes_in_and_each_leaves_a_mark(files):
    assert readers._without_nul(b"a\x00b,\\\\u0000,\\u0000") == "a\ufffdb,\\\\u0000,\ufffd".encode()
    book = files.xlsx("b.xlsx", {"s": [["甲", "乙"], ["11_x0000_0/3/1", "ok"]]})
    assert cells(document(book))[-1][1:] == ["11\ufffd0/3/1", "ok"]
