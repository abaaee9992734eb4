"""The people of the demo: an inspection team that fills the forms, agencies that answer the letters about defects.

In: the forms as they went out. Out: the same workbooks, filled, in the drop folder. Whether a work is sound is known
to the ``Truth`` alone; the team measures, it does not guess. Same forms and seed, same bytes.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from probity.calendar import Period, is_working_day
from probity.sources.forms import save

DESIGN = {"binder": 5.2, "thickness": 5.0}
SOUND = {
    "flatness": (2.6, 0.7),
    "flatness_sd": (1.9, 0.2),
    "thickness": (1.05, 0.02),
    "compaction": (97.4, 0.8),
    "binder": (0.0, 0.12),
    "base_compaction": (97.0, 0.8),
    "concrete_strength": (1.08, 0.04),
}
POOR = {
    "flatness": (6.1, 1.6),
    "flatness_sd": (3.3, 0.3),
    "thickness": (0.86, 0.05),
    "compaction": (94.2, 1.0),
    "binder": (-0.5, 0.2),
    "base_compaction": (93.0, 1.2),
    "concrete_strength": (0.8, 0.06),
}
RELATIVE = ("thickness", "concrete_strength")  # to the design value
FREE = (
    ("人手孔蓋高低差", "輕微", "0K+{at:03d} 人孔蓋低於路面約 1.5 公分"),
    ("標線、標誌或緣石", "輕微", "0K+{at:03d} 標線脫落"),
    ("接縫或銜接不良", "中等", "0K+{at:03d} 縱向接縫鬆散"),
    ("路面破損（裂縫、坑洞、鬆散、車轍）", "嚴重", "0K+{at:03d} 路面鬆散、骨材剝落"),
)


def forms_day(month: Period) -> dt.date:
    """The day of ``month`` on which the team's forms are in."""
    return dt.date(month.year, month.index, 20)


def inspect(forms: Iterable[Path], drop: Path, seed: int, month: str, poor: set[str] = frozenset()) -> list[Path]:  # type: ignore[assignment]
    """Fill the inspection forms of the selection of ``month`` on working days of the month after, and drop them.

    ``poor``: case ids of works that are not sound. Returns the paths in the drop folder.
    """
    after = Period.parse(month).next()
    days = [d for d in (after.first + dt.timedelta(days=n) for n in range(3, 17)) if is_working_day(d)]
    filled = []
    for number, form in enumerate(sorted(forms)):
        rng = random.Random(f"{seed}:inspect:{form.stem}")
        book = load_workbook(form)
        header = _rows(book["查驗表"], "查驗編號")
        case_id = str(next(iter(header))["案件識別碼"].value)
        sheet = next(iter(header))
        sheet["查驗日"].value = _roc(days[number % len(days)])
        sheet["修訂次"].value = 1
        bad = case_id in poor
        sheet["查驗分數"].value = rng.randint(66, 76) if bad else rng.randint(80, 91)
        _measure(book["查驗標準"], book["檢測值"], rng, bad)
        _find(book["缺失"], rng, bad)
        target = drop / "查驗結果" / form.name
        target.parent.mkdir(parents=True, exist_ok=True)
        save(book, target)
        filled.append(target)
    return filled


def _measure(limits: Worksheet, measures: Worksheet, rng: random.Random, bad: bool) -> None:
    design: dict[str, float] = {}
    for row in _rows(limits, "項目代號"):
        test = str(row["項目代號"].value)
        if row["設計值"].value is None and test in DESIGN:
            row["設計值"].value = DESIGN[test]
        design[test] = float(row["設計值"].value or 1)
    spoilt = rng.sample(("thickness", "compaction", "flatness"), rng.choice((1, 2))) if bad else []
    for row in _rows(measures, "樣本編號"):
        test = str(row["項目代號"].value)
        mean, spread = (POOR if test in spoilt else SOUND).get(test, (0.0, 0.0))
        if test not in SOUND:
            row["未檢測原因"].value = "未備儀器"
            continue
        value = rng.gauss(mean, spread)
        if test in RELATIVE:
            value *= design[test]
        elif test in DESIGN:
            value += design[test]
        row["檢測值"].value = round(abs(value), 1)
        if row["樁號"].value is None:
            row["樁號"].value = "0K+050"


def _find(defects: Worksheet, rng: random.Random, bad: bool) -> None:
    known = [f for f in FREE if bad or f[1] != "嚴重"]
    found = rng.sample(known, rng.choice((1, 2)) if bad else rng.choice((0, 0, 1)))
    for row, (category, severity, text) in zip(_rows(defects, "缺失序號"), found, strict=False):
        row["缺失類別"].value, row["情節"].value = category, severity
        row["缺失內容"].value = text.format(at=rng.randrange(10, 190))
        row["照片檔名"].value = f"IMG_{rng.randrange(1000, 9999)}.jpg"


def answer(forms: Iterable[Path], drop: Path, seed: int, until: dt.date) -> list[Path]:
    """Fill the correction forms as agencies do by ``until``: most defects mended with photos, some not answered.

    A form that came with a later letter about the same defect is answered as the first was.
    """
    answered = []
    for form in sorted(forms):
        book = load_workbook(form)
        any_row = False
        for ws in book.worksheets:
            for row in _rows(ws, "缺失編號", "改善完成日"):
                name = str(row["缺失編號"].value or "")
                rng = random.Random(f"{seed}:answer:{name}")
                if not name or rng.random() < 0.25:
                    continue
                day = until - dt.timedelta(days=rng.randrange(1, 5))
                row["改善完成日"].value = _roc(day)
                row["改善措施"].value = "已刨除重鋪並複測"
                row["佐證檔名"].value = f"{name}-改善前.jpg、{name}-改善中.jpg、{name}-改善後.jpg"
                row["填報日"].value = _roc(day)
                any_row = True
        if any_row:
            target = drop / "改善回報" / form.name
            target.parent.mkdir(parents=True, exist_ok=True)
            save(book, target)
            answered.append(target)
    return answered


def _rows(ws: Worksheet, *known: str) -> list[dict[str, Any]]:
    """The rows below the header that holds all of ``known``: header -> cell; wholly blank rows are left out."""
    header: dict[str, int] = {}
    out = []
    for cells in ws.iter_rows():
        texts = {str(c.value).rstrip("*"): i for i, c in enumerate(cells) if c.value is not None}
        if not header:
            header = texts if set(known) <= texts.keys() else {}
            continue
        if any(cells[i].value is not None for i in header.values()):
            out.append({name: cells[i] for name, i in header.items()})
    return out


def _roc(day: dt.date) -> str:
    return f"{day.year - 1911}/{day.month}/{day.day}"
