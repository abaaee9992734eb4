"""A gate's verdict for its readers: the operator's message, the restricted page, the owner's marked workbook.

In: a ``GateResult``. Out: text, HTML, xlsx. Why our own: Great Expectations' Data Docs print bad values unescaped.
``message`` carries no value and no name of a case, person or firm; page and workbook carry the rows and are restricted.
The texts are in include/templates/gates and include/config/gates.yaml. Same result, same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from probity.gates.model import NOT_RUN, OUTCOMES, BadRows, CheckResult, GateResult, plain
from probity.settings import ROOT
from probity.store.objects import write_atomic
from probity.tables import TABLES

TEMPLATES = ROOT / "include" / "templates" / "gates"

PAGE_ROWS = 200
MESSAGE_CHECKS, MESSAGE_PLACES, MESSAGE_ROWS = 6, 5, 10

_STAMP = (1980, 1, 1, 0, 0, 0)
_WHEN = dt.datetime(1980, 1, 1)  # noqa: DTZ001 - a fixed stamp, no moment in time
CELL_LIMIT = 32_767
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_HEAD = PatternFill("solid", fgColor="FF1F4E79")
_BAD = PatternFill("solid", fgColor="FFFFC7CE")
_EDGE = Border(*[Side(style="medium", color="FFC00000")] * 4)
_WRAP = Alignment(vertical="top", wrap_text=True)


def _environment(folder: Path, autoescape: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=False,
    )


# -- what is common to all ------------------------------------------------------------------------------------------
def _heads(result: GateResult) -> dict[str, Any]:
    texts = result.words["texts"]
    return {
        "outcome": result.outcome,
        "outcome_zh": texts["outcomes"][result.outcome],
        "names": texts["outcomes"],
        "stage": texts["stages"][result.stage],
        "period": result.words["period"],
        "summary": texts["summary"][result.outcome],
        "resume": _resume(result),
    }


def _resume(result: GateResult) -> list[str]:
    """How a stopped run goes on, once for each role that must act first; nothing else has to wait for anybody."""
    roles = result.words["roles"]
    who = dict.fromkeys(c.who for c in result.failed() if c.outcome == "stop")
    return [f"{roles[w]['name']}：{roles[w]['resume']}" for w in who]


def _actions(result: GateResult) -> dict[str, CheckResult]:
    return {c.id: c for c in result.checks}


# -- message --------------------------------------------------------------------------------------------------------
def message(result: GateResult, templates: Path = TEMPLATES) -> str:
    """What an operator reads in a failed task's log: what stopped, where, who mends what, and how the run goes on.

    Places are file, sheet, rows and column heading; never a value, a key, a case, a person or a firm.
    """
    failed = result.failed()
    shown = [c for c in failed if c.outcome == result.outcome] if result.outcome in ("stop", "quarantine") else failed
    if any(c.id == "quarantine.limit" for c in shown):  # what there was too much of is what must be mended
        shown = [c for c in failed if c.outcome in ("stop", "quarantine")]
    shown = shown[:MESSAGE_CHECKS]
    heads = _heads(result)
    text = (
        _environment(templates, autoescape=False)
        .get_template("message.txt")
        .render(
            outcome=heads["outcome_zh"],
            job=plain(result.words["job"], 60),
            period=heads["period"],
            stage=heads["stage"],
            summary=heads["summary"],
            checks=[
                {
                    "id": c.id,
                    "outcome": heads["names"][c.outcome],
                    "message": c.message_zh,
                    "expected": c.expected_zh or "－",
                    "who": c.who_zh,
                    "action": c.action_zh,
                    "error": plain(c.error, 60),
                    "places": _places(c, result),
                }
                for c in shown
            ],
            hidden=len(failed) - len(shown),
            not_run=sum(c.outcome == NOT_RUN for c in result.checks) if result.outcome == "stop" else 0,
            resume=heads["resume"],
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _places(check: CheckResult, result: GateResult) -> list[str]:
    if check.labels:
        cells = _sheet(result, "ingest") if check.column == "rows_quarantined" else None
        if cells is not None and (listed := _cells(cells, set(check.labels))):
            return listed
        why = _refusals(result) if check.id == "arrival.accepted" else {}
        names = [plain(n) + (f"（{why[n]}）" if n in why else "") for n in check.labels[:MESSAGE_ROWS]]
        return ["、".join(names) + (f" 等 {len(check.labels)} 項" if len(check.labels) > MESSAGE_ROWS else "")]
    rows: dict[tuple[str, str, str], list[int]] = {}
    for bad in check.bad_rows:
        if bad["file"] or check.table in TABLES:
            rows.setdefault((bad["file"], bad["sheet"], bad["column"]), []).append(bad["row"])
    table = TABLES.get(check.table)
    titles = {c.name: c.zh for c in table.columns} if table else {}
    return _lines(
        ((file or f"標準資料表 {table.zh if table else check.table}", sheet, titles.get(column, column)), numbers)
        for (file, sheet, column), numbers in rows.items()
    )


def _refusals(result: GateResult) -> dict[str, str]:
    """File name -> why it was refused: a sentence that the reader wrote for the operator."""
    files = _sheet(result, "files")
    return {r["file"]: plain(r["reason"], 200) for r in files.rows if r.get("reason")} if files else {}


def _cells(cells: BadRows, files: set[str]) -> list[str]:
    rows: dict[tuple[str, str, str], list[int]] = {}
    for row in cells.rows:
        if row["file_name"] in files:
            rows.setdefault((row["file_name"], row["sheet"] or "", _heading(row["column"])), []).append(row["row"] or 0)
    return _lines(rows.items())


def _heading(text: Any) -> str:
    """A heading as the sender wrote it, unless it looks like data (a header row that was not one)."""
    line = plain(text or "", 30)
    return "（見活頁簿）" if not line or len(line) > 20 or re.search(r"\d{3}|@", line) else line


def _lines(groups: Iterable[tuple[tuple[str, str, str], list[int]]]) -> list[str]:
    out = []
    for (file, sheet, column), numbers in sorted(groups, key=lambda g: g[0]):
        unique = sorted(set(numbers))
        at = "、".join(str(n) for n in unique[:MESSAGE_ROWS]) + (
            f" 等 {len(unique)}" if len(unique) > MESSAGE_ROWS else ""
        )
        where = f"「{plain(file)}」" + (f"工作表「{plain(sheet, 40)}」" if sheet else "")
        out.append(f"{where}第 {at} 列，欄「{column}」")
    more = len(out) - MESSAGE_PLACES
    return [*out[:MESSAGE_PLACES], f"另有 {more} 處，見活頁簿"] if more > 0 else out


def _sheet(result: GateResult, frame: str) -> BadRows | None:
    return next((b for b in result.bad if b.frame == frame), None)


# -- page -----------------------------------------------------------------------------------------------------------
def render(result: GateResult, templates: Path = TEMPLATES) -> str:
    """The verdict as one HTML page (zh-TW, no scripts, nothing loaded from elsewhere). Restricted: it shows values."""
    by_id = _actions(result)
    return (
        _environment(templates, autoescape=True)
        .get_template("page.html")
        .render(
            **_heads(result),
            outcomes=[*OUTCOMES, NOT_RUN],
            counts=[{"zh": TABLES[t].zh if t in TABLES else t, **c} for t, c in sorted(result.counts.items())],
            failed=result.failed(),
            checks=result.checks,
            bad=[_page_sheet(b, by_id) for b in result.bad],
        )
    )


def _page_sheet(bad: BadRows, checks: Mapping[str, CheckResult]) -> dict[str, Any]:
    marks = _marks(bad, checks)
    columns = [c for c, _ in bad.headings]
    shown = bad.rows[:PAGE_ROWS]
    rows = [
        [{"text": _shown(row.get(c)), "bad": (i, c) in marks, "why": marks.get((i, c), ("", ""))[0]} for c in columns]
        for i, row in enumerate(shown)
    ]
    hidden = len(bad.rows) - len(shown) + bad.more
    headings = [z for _, z in bad.headings]
    return {
        "title": bad.title,
        "headings": headings,
        "rows": rows,
        "hidden": hidden,
        "more": bad.more,
        "listed": len(bad.rows),
    }


def _marks(bad: BadRows, checks: Mapping[str, CheckResult]) -> dict[tuple[int, str], tuple[str, str]]:
    """(row, column) -> (what is expected, what to do) of every wrong cell."""
    marks: dict[tuple[int, str], tuple[str, str]] = {}
    for i, column, check_id in bad.marks:
        check = checks.get(check_id)
        if check is not None:
            new = (check.expected_zh, f"{check.who_zh}：{check.action_zh}")
        else:
            new = (_shown(bad.rows[i].get("expected")), _shown(bad.rows[i].get("action")))
        old = marks.get((i, column), ("", ""))
        marks[i, column] = tuple("；".join(dict.fromkeys(p for p in pair if p)) for pair in zip(old, new, strict=True))  # type: ignore[assignment]
    return marks


def _shown(value: Any) -> str:
    """A cell as text: dates in ROC years, booleans as 是 and 否, amounts plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.date):
        return f"{value.year - 1911}年{value.month}月{value.day}日"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


# -- workbook -------------------------------------------------------------------------------------------------------
def workbook(result: GateResult, path: Path) -> Path:
    """The bad rows for their owner: wrong cells filled, framed and commented (what is expected, what to do).

    First sheet: what to do; then a sheet for each table with bad rows. Text is text, whatever it starts with; the same
    result gives the same bytes. Returns ``path``, which is either absent or whole.
    """
    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = "Probity"
    book.properties.created = _WHEN
    _summary_sheet(book, result)
    checks, taken = _actions(result), {"說明"}
    for bad in result.bad:
        title = _title(bad.title, taken)
        _rows_sheet(book, title, bad, checks, result.words["texts"]["more"])
    sink = io.BytesIO()
    book.save(sink)
    write_atomic(path, _fixed(sink.getvalue()))
    return path


def _title(title: str, taken: set[str]) -> str:
    base = re.sub(r"[\[\]:*?/\\]", "", title)[:25] or "資料"
    name, n = base, 2
    while name in taken:
        name, n = f"{base}{n}", n + 1
    taken.add(name)
    return name


def _cell(sheet: Any, value: Any) -> Any:
    """A cell that no program takes for a formula: text typed as text, with the quote prefix where it looks like one."""
    if value is None:
        return WriteOnlyCell(sheet, None)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "#,##0" if isinstance(value, int) else "0.####"
    else:
        text = _UNWRITABLE.sub("\ufffd", _shown(value))
        if len(text) > CELL_LIMIT:
            text = text[: CELL_LIMIT - 1] + "…"
        cell = WriteOnlyCell(sheet, None)
        cell.value = text
        cell.data_type = "s"
        cell.number_format = "@"
        if text[:1] in "=+-@\t\r＝＋－＠" and text:
            cell.quotePrefix = True
    cell.alignment = _WRAP
    return cell


def _heading_row(sheet: Any, headings: Iterable[str]) -> list[Any]:
    out = []
    for heading in headings:
        cell = _cell(sheet, heading)
        cell.fill, cell.font = _HEAD, Font(bold=True, color="FFFFFFFF")
        out.append(cell)
    return out


def _wide(text: str) -> int:
    """Width in half-width characters: CJK counts two."""
    return sum(1 if ch.isascii() else 2 for ch in text)


@dataclass
class _Rows:
    """Appends to a write-only sheet, each row high enough for its wrapped text: no program measures it by itself."""

    sheet: Any
    widths: list[float]
    n: int = 0

    def add(self, cells: list[Any]) -> None:
        lines = 1
        for cell, width in zip(cells, self.widths, strict=False):
            if isinstance(cell.value, str) and cell.alignment.wrap_text:
                room = max(int(width) - 1, 4)
                lines = max(lines, sum(max(1, -(-_wide(part) // room)) for part in cell.value.split("\n")))
        self.n += 1
        self.sheet.row_dimensions[self.n].height = min(15.0 * lines + 1, 405.0)
        self.sheet.append(cells)


def _summary_sheet(book: Any, result: GateResult) -> None:
    heads = _heads(result)
    sheet = book.create_sheet("說明")
    widths = [10.0, 44.0, 12.0, 34.0, 22.0, 52.0]
    for letter, width in zip("ABCDEF", widths, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A5"
    _page_set_up(sheet)
    title = _cell(sheet, f"{heads['period']} {heads['stage']}：{heads['outcome_zh']}")
    title.font, title.alignment = Font(bold=True, size=14), Alignment(wrap_text=False)
    out = _Rows(sheet, widths)
    out.add([title])
    for line in [
        "；".join([heads["summary"], *heads["resume"]]),
        "限辦理人員閱覽，內含原始資料。紅框儲存格需要更正，將游標移到該格可看「應為」與「處理方式」。",
    ]:
        cell = _cell(sheet, line)
        cell.alignment = Alignment(wrap_text=False)
        out.add([cell])
    out.add(_heading_row(sheet, ("結果", "問題", "筆數", "應為", "誰處理", "怎麼處理")))
    for check in result.failed():
        texts = (
            heads["names"][check.outcome],
            check.message_zh,
            check.n_bad,
            check.expected_zh,
            check.who_zh,
            check.action_zh,
        )
        out.add([_cell(sheet, t) for t in texts])


def _rows_sheet(book: Any, title: str, bad: BadRows, checks: Mapping[str, CheckResult], more: str) -> None:
    sheet = book.create_sheet(title)
    columns = [c for c, _ in bad.headings]
    widths: list[float] = []
    for n, (column, heading) in enumerate(bad.headings, start=1):
        texts = [_shown(r.get(column)) for r in bad.rows[:200]]
        widths.append(min(max(_wide(heading), *map(_wide, texts), 6) + 2.0, 40.0))
        sheet.column_dimensions[get_column_letter(n)].width = widths[-1]
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(bad.rows) + 1}"
    _page_set_up(sheet)
    out = _Rows(sheet, widths)
    out.add(_heading_row(sheet, [z for _, z in bad.headings]))
    marks = _marks(bad, checks)
    for i, row in enumerate(bad.rows):
        cells = []
        for column in columns:
            cell = _cell(sheet, row.get(column))
            if (mark := marks.get((i, column))) is not None:
                cell.fill, cell.border, cell.alignment = _BAD, _EDGE, _WRAP
                cell.comment = _comment(*mark)
            cells.append(cell)
        out.add(cells)
    if bad.more:
        out.add([_cell(sheet, more.format(n=bad.more))])


def _comment(expected: str, action: str) -> Comment:
    parts = [f"應為：{expected}" if expected else "", f"處理方式：{action}" if action else ""]
    comment = Comment("\n".join(p for p in parts if p) or "需要更正", "Probity")
    comment.width, comment.height = 320, 140
    return comment


def _page_set_up(sheet: Any) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToHeight, sheet.page_setup.fitToWidth = 0, 1
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)


def _fixed(data: bytes) -> bytes:
    """The workbook's zip with fixed time stamps: openpyxl writes the moment of saving into it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                stamp = _WHEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            info = zipfile.ZipInfo(entry.filename, _STAMP)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(info, content)
    return out.getvalue()
