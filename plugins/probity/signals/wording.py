"""The words of a signal's result, in Traditional Chinese: why a case could not be assessed, and why one fired.

In: reason tokens of the SQL (column names, ``small:...``), the template in a signal's header, a result row.
Out: text for the officer. Numbers are written as an officer writes them (85.0%, 1,320,000 元, 110年3月15日).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from probity.signals.header import Signal
from probity.tables import TABLES

TOO_SMALL = {
    "bids": "投標標價家數不足",
    "peers": "同類案件太少，無法比較",
    "agency": "機關案件太少，無法比較",
    "market": "機關同類案件太少，無法比較",
    "firm": "廠商案件太少，無法比較",
    "history": "先前案件太少，無法比較",
    "completed": "廠商無已完工之歷史案件",
    "inspections": "廠商無期間內之查驗紀錄",
    "inspected": "本工程尚未查驗",
    "class": "同類工程太少，無法比較",
}
OTHER = {
    "closing_hour": "差一日，須查截止投標時刻是否為下班時間",
    "shortening": "須查電子領標、電子投標、公開閱覽或重行招標之縮短事由",
    "contact": "缺二家以上廠商之地址、電話或負責人",
    "losing_bids": "缺未得標廠商資料",
    "disqualified": "缺投標廠商審標結果",
    "changes": "缺契約變更資料（市府清冊未涵蓋）",
    "corrections": "缺更正公告資料（市府清冊未涵蓋）",
    "debarment": "缺決標日當時之拒絕往來廠商名單",
    "debarment_years": "近年之拒絕往來廠商名單不全",
    "city_list": "市府清冊未涵蓋本案",
    "eproc": "電子採購網資料未涵蓋本案",
    "threshold": "公告日無適用之門檻",
    "unit_price": "決標金額與底價（預算）相差懸殊，疑為單價決標",
    "undecided": "資料不足以判斷",
    "winner": "缺得標廠商",
    "original_case": "缺原契約案件",
    "rule_date": "缺招標、決標與開工日期，無從決定適用之門檻",
    "firm": "缺承攬廠商",
    "register": "營造業登記查無承攬廠商",
    "export": "標案管理系統未涵蓋本工程",
    "running": "僅見決標公告之工程是否仍在施工不明",
    "place": "缺行政區、路段與坐標，無從比對地點",
    "no_complaints": "期間內無民眾反映資料",
    "no_permits": "無道路挖掘許可資料",
    "no_inspections": "無查驗資料",
    "no_cities": "登記縣市無法辨識",
    "progress_old": "進度資料過舊",
}


def missing(tokens: str | None, case: str = "award_case") -> str | None:
    """``budget,small:bids`` -> 「缺預算金額；投標標價家數不足」. Unknown tokens raise KeyError: a signal's SQL is wrong.

    A bare name is a column of ``case``, the family's table of cases; any other column is written ``table.column``.
    """
    if tokens is None:
        return None
    columns: list[str] = []
    notes: list[str] = []
    for token in tokens.split(","):
        table, dot, column = token.partition(".")
        if token.startswith("small:"):
            notes.append(TOO_SMALL[token.removeprefix("small:")])
        elif token in OTHER:
            notes.append(OTHER[token])
        elif dot:
            columns.append(TABLES[table].column(column).zh)
        else:
            columns.append(TABLES[case].column(token).zh)
    parts = (["缺" + "、".join(dict.fromkeys(columns))] if columns else []) + list(dict.fromkeys(notes))
    return "；".join(parts)


def _money(value: Any) -> str:
    return f"{round(float(value)):,}元"


def _percent(value: Any) -> str:
    return f"{float(value) * 100:.1f}%"


def _date(value: Any) -> str:
    day = dt.date.fromisoformat(str(value)[:10])
    return f"{day.year - 1911}年{day.month}月{day.day}日"


def _number(value: Any) -> str:
    number = float(value)
    return f"{int(number):,}" if number.is_integer() else f"{number:,.2f}"


def _chance(value: Any) -> str:
    number = float(value)
    return "小於萬分之一" if number < 0.0001 else f"{number:.4f}"


def _exact(value: Any) -> str:
    return f"{float(value):.4f}"


FORMATS = {"money": _money, "pct": _percent, "date": _date, "num": _number, "p": _chance, "x": _exact}
WORDS = {
    "works": "工程",
    "goods": "財物",
    "services": "勞務",
    "open": "公開招標",
    "selective": "選擇性招標",
    "quotation": "公開取得",
    "restricted_public": "限制性招標（經公開評選或徵求）",
    "restricted": "限制性招標",
    "other": "其他",
}
_FIELD = re.compile(r"\{([a-z_0-9]+)(?::([a-z]+))?\}")


def reason(signal: Signal, row: Mapping[str, Any]) -> str:
    """The sentence of a fired case: the header's template filled with value, threshold, amount and evidence.

    ``row`` is a row of SIGNAL_RESULT (mapping). What is unknown is written 「不詳」.
    """
    facts: dict[str, Any] = json.loads(row["evidence"]) if row.get("evidence") else {}
    facts |= {"value": row.get("value"), "threshold": row.get("threshold"), "amount": row.get("amount_at_stake")}

    def fill(match: re.Match[str]) -> str:
        value = facts.get(match.group(1))
        if value is None:
            return "不詳"
        if match.group(2):
            return FORMATS[match.group(2)](value)
        if isinstance(value, list):
            return "、".join(str(WORDS.get(v, v)) for v in value)
        return str(WORDS.get(value, value)) if isinstance(value, str) else _number(value)

    return _FIELD.sub(fill, signal.reason_template)
