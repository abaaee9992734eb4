"""市府採購清冊: the city's own workbook of awards, with what the public notices do not show.

In: xlsx/xls/ods/csv with up to four worksheets, told by their headers, columns in any order: cases, bidders,
contract changes, corrected notices. Out: observations of award_case, bid, contract_change and correction.
Reserve price, changes and progress come from here. A case row needs an award-notice date or an award date.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin, aside

_REFERENCE = (
    Field("agency_id", "機關代碼", aliases=("招標機關代碼", "主辦機關代碼"), note="如 3.87.10.1"),
    Field("agency_name", "機關名稱", aliases=("招標機關", "主辦機關", "機關"), required=True),
    Field("case_no", "標案案號", aliases=("案號", "採購案號", "契約案號"), required=True),
)
_NOTICE_DATE = Field("award_notice_date", "決標公告日", "date", ("決標公告日期", "公告日期"))


def _yes_no(name: str, zh: str, *aliases: str) -> Field:
    return Field(name, zh, "bool", aliases, choices=v.YES_NO)


CASES = Sheet(
    "award_case",
    "標案",
    (
        *_REFERENCE,
        Field("title", "標案名稱", aliases=("採購案名", "案名", "工程名稱", "名稱"), required=True),
        Field("notice_id", "公告識別碼", note="採購網公告檔名，可空白"),
        Field("kind", "標的類別", "choice", ("採購性質", "類別"), values=v.KIND, choices=v.KIND_CHOICES),
        Field("category", "標的分類", aliases=("標的分類代碼",), note="如 <工程類>5131…"),
        Field("method_raw", "招標方式", choices=v.METHOD_CHOICES),
        Field("award_way_raw", "決標方式", choices=v.AWARD_WAY_CHOICES),
        Field("restricted_clause_raw", "限制性招標依據", aliases=("依據法條", "限制性招標依據法條"), note="如 22-1-6"),
        Field("original_case_no", "原契約案號", aliases=("原標案案號",), note="後續擴充或追加時填"),
        Field("budget", "預算金額", "amount", ("預算", "預算數"), minimum=0),
        Field("procurement_amount", "採購金額", "amount", minimum=0, note="含後續擴充"),
        Field("amount_class", "採購金額級距", aliases=("金額級距",)),
        Field("reserve_price", "底價", "amount", ("底價金額", "核定底價"), minimum=0, blanks=("未訂底價", "未訂")),
        Field("award_amount", "決標金額", "amount", ("總決標金額", "決標價", "契約金額"), minimum=0),
        Field("tender_notice_date", "招標公告日", "date", ("招標公告日期", "公告日")),
        Field("deadline_date", "截止投標日", "date", ("截止投標", "截標日", "截止收件日")),
        Field("opening_date", "開標日", "date", ("開標日期", "開標時間")),
        Field("award_date", "決標日", "date", ("決標日期",)),
        _NOTICE_DATE,
        Field("n_bidders", "投標家數", "int", ("投標廠商家數",), minimum=0),
        Field("n_winners", "得標家數", "int", ("得標廠商家數",), minimum=0),
        Field(
            "winner_id",
            "得標廠商統編",
            aliases=("得標廠商統一編號", "得標廠商代碼"),
            note="有「投標廠商」工作表時可空白",
        ),
        Field("winner_name", "得標廠商", aliases=("得標廠商名稱", "承攬廠商"), note="多家以；分開"),
        _yes_no("is_subsidised", "受機關補助", "是否受機關補助"),
        _yes_no("e_documents", "電子領標", "是否提供電子領標"),
        _yes_no("e_bidding", "電子投標", "是否提供電子投標"),
        _yes_no("public_viewing", "公開閱覽", "是否已辦理公開閱覽"),
        Field("tender_round", "招標次數", "int", ("第幾次招標",), minimum=1),
        Field("failed_count", "流廢標次數", "int", ("流標次數", "廢標次數"), minimum=0),
        Field("previous_failed_date", "前次流廢標日", "date", ("前次流標日", "前次廢標日")),
        _yes_no("qualification_changed", "資格變更"),
        _yes_no("article58_noted", "已依第58條處理"),
        Field("gap_deposit", "差額保證金", "amount", minimum=0),
        _yes_no("expansion_announced", "原公告載明後續擴充", "後續擴充"),
        Field("performance_location", "履約地點", aliases=("施工地點", "地點")),
        Field("performance_start", "履約起日", "date", ("開工日", "開工日期")),
        Field("performance_end", "履約迄日", "date", ("預定竣工日", "履約期限")),
        Field("designer_id", "設計監造廠商統編"),
        Field("designer_name", "設計監造廠商", aliases=("設計監造廠商名稱", "設計單位", "監造單位")),
        Field("planned_progress", "預定進度", "fraction", ("預定進度%", "累計預定進度"), note="填 85% 或 85"),
        Field("actual_progress", "實際進度", "fraction", ("實際進度%", "累計實際進度"), note="填 85% 或 85"),
        Field("progress_date", "進度日期", "date", ("進度基準日",)),
        Field("city_listed_date", "登錄日", "date", ("市府清冊登錄日", "登錄日期")),
        _yes_no("warning_area", "警示專區"),
        _yes_no("tip_off", "檢舉媒體案", "檢舉或媒體報導"),
        _yes_no("designated", "指定案件"),
    ),
    (
        ("case_no",),
        ("title",),
        ("reserve_price", "city_listed_date", "planned_progress", "actual_progress", "failed_count"),
    ),
)

BIDS = Sheet(
    "bid",
    "投標廠商",
    (
        *_REFERENCE,
        _NOTICE_DATE,
        Field("firm_id_raw", "統一編號", aliases=("廠商代碼", "統編", "廠商統編")),
        Field("firm_name", "廠商名稱", aliases=("投標廠商名稱", "投標廠商"), required=True),
        Field("is_winner", "是否得標", "bool", ("得標",), choices=v.YES_NO),
        Field("bid_amount", "標價", "amount", ("標價金額", "投標金額", "報價"), minimum=0),
        Field("award_amount", "該廠商決標金額", "amount", ("決標金額",), minimum=0),
        Field("original_bid", "原始投標金額", "amount", ("得標廠商原始投標金額",), minimum=0),
        _yes_no("is_disqualified", "是否不合格", "不合格"),
        Field("lost_reason", "未得標原因"),
        Field("address", "廠商地址", aliases=("地址",)),
        Field("phone", "廠商電話", aliases=("電話",)),
        Field("representative", "負責人", aliases=("代表人",)),
        Field("founded_date", "設立日", "date", ("設立日期", "核准設立日")),
        _yes_no("is_subcontractor", "是否分包廠商", "分包廠商"),
    ),
    (("case_no",), ("firm_name",), ("is_winner", "bid_amount", "is_disqualified")),
)

CHANGES = Sheet(
    "contract_change",
    "契約變更",
    (
        *_REFERENCE,
        _NOTICE_DATE,
        Field("change_no", "變更次別", "int", ("變更次數", "第幾次變更"), required=True, minimum=1),
        Field("change_date", "變更日", "date", ("變更日期", "變更核准日")),
        Field("amount_delta", "增減金額", "amount", ("變更金額", "追加減金額")),
        Field("reason", "變更原因", aliases=("變更理由",)),
    ),
    (("case_no",), ("change_no",)),
)

CORRECTIONS = Sheet(
    "correction",
    "更正公告",
    (
        *_REFERENCE,
        _NOTICE_DATE,
        Field("correction_no", "更正次別", "int", ("更正次數", "第幾次更正"), required=True, minimum=1),
        Field("correction_date", "更正公告日", "date", ("更正公告日期", "更正日期")),
        _yes_no("is_material", "重大改變", "是否重大改變"),
        Field("deadline_before", "原截止投標日", "date", ("更正前截止投標日",)),
        Field("deadline_after", "更正後截止投標日", "date"),
        Field("content", "更正內容"),
    ),
    (("case_no",), ("correction_no",)),
)

CONTRACT = Contract("city_list", "市府採購清冊", (CASES, BIDS, CHANGES, CORRECTIONS))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file; rows of the other worksheets that name no case of this file are set aside."""
    out: dict[str, list[pa.Table]] = {name: [] for name in ("award_case", "bid", "contract_change", "correction")}
    set_aside: list[pa.Table] = []
    known: set[tuple[str, str]] = set()
    cases = [c for c in cleans if c.sheet is CASES]
    for clean in cases:
        columns = _case_columns(clean)
        undated = pc.and_(pc.is_null(columns["award_notice_date"]), pc.is_null(columns["award_date"]))
        set_aside.append(aside(clean, undated, "award_notice_date", "date_missing", origin))
        table = obs.table("award_case", columns, clean, origin).filter(pc.invert(undated))
        winners = obs.winners(clean, clean.get("winner_name"), clean.get("winner_id"), columns["award_amount"], origin)
        out["award_case"].append(table)
        out["bid"].append(winners.filter(pc.is_in(winners["_row"], table["_row"].combine_chunks())))
        for keys in _references(table):
            known |= keys
    for clean in cleans:
        if clean.sheet is CASES:
            continue
        columns = {f.name: clean.get(f.name) for f in clean.sheet.fields}
        if clean.sheet is BIDS:
            reasons = columns["lost_reason"]
            unsaid = pa.nulls(len(reasons), pa.bool_())
            by_reason = obs.disqualified(unsaid, reasons, columns["is_winner"])
            columns["is_disqualified"] = pc.coalesce(columns["is_disqualified"], by_reason)
            obs.firms(columns)
        table = obs.table(clean.sheet.table, columns, clean, origin)
        if cases:
            strange = pa.array([not keys & known for keys in _references(table)], pa.bool_())
            set_aside.append(aside(clean, strange, "case_no", "no_such_case", origin))
            table = table.filter(pc.invert(strange))
        out[clean.sheet.table].append(table)
    return {**out, "quarantine": set_aside}


def _case_columns(clean: Clean) -> dict[str, pa.Array]:
    columns = {f.name: clean.get(f.name) for f in CASES.fields}
    columns["title_key"] = obs.title_keys(columns["title"])
    obs.categories(columns, columns["category"])
    obs.ways(columns)
    columns["restricted_clause"] = obs.by_distinct(columns["restricted_clause_raw"], v.restricted_clause)
    ids = obs.by_distinct(columns["designer_id"], text.ubn_normalise)
    names = obs.by_distinct(columns["designer_name"], lambda name: "N:" + text.name_key(name))
    columns["designer_key"] = pc.coalesce(ids, names)
    return columns


def _references(table: pa.Table) -> list[set[tuple[str, str]]]:
    """The keys by which each row names its case: (agency id, case) and (agency name, case)."""
    columns = [table[c].to_pylist() for c in ("agency_id", "_agency_name_key", "_case_key")]
    return [
        {(f"{kind}:{key}", case) for kind, key in (("I", agency), ("N", name)) if key}
        for agency, name, case in zip(*columns, strict=True)
    ]
