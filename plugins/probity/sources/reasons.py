"""Why a file, a row or a cell was set aside, in the words of the person who must mend it (zh-TW).

In: reason codes. Out: what was expected and what to do. Every code raised in this room or in ``probity.text``
stands here; a test keeps that true.
"""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    expected: str
    action: str


_MEND = "請資料提供機關更正該儲存格後重新放入收件資料夾"
_RESEND = "請重新下載或匯出後再放入收件資料夾"

ROWS: dict[str, Reason] = {
    "required_missing": Reason("必填，不可空白", "請資料提供機關補填後重新放入收件資料夾"),
    "date_missing": Reason("決標公告日與決標日至少填一項", "請資料提供機關補填日期後重新放入收件資料夾"),
    "total_row": Reason("資料列；此列為合計、總計或小計", "系統已另列，不計入案件；無須處理"),
    "note_row": Reason("資料列；此列只有註記文字", "系統已另列，不計入案件；無須處理"),
    "repeated_header": Reason("資料列；此列為重複之標題", "系統已另列，不計入案件；無須處理"),
    "not_an_award": Reason("決標公告；此筆為其他種類公告", "系統已另列，不計入案件；無須處理"),
    "agency_missing": Reason("主辦機關或執行機關至少填一項", "請資料提供機關補填機關後重新放入收件資料夾"),
    "month_missing": Reason("進度年月（年度與月份，或年月）", "請資料提供機關補填進度年月後重新放入收件資料夾"),
    "no_such_case": Reason("機關與標案案號應與「標案」工作表一致", "請資料提供機關核對機關名稱與案號後重新放入"),
    "answer_date_missing": Reason("改善完成日（僅申請展延者為填報日）", "請主辦機關補填日期後重新放入收件資料夾"),
    "other_inspection": Reason(
        "本表自己的查驗編號（查驗表工作表未填妥時，其餘工作表亦無法採用）", "請查驗人員核對後重新放入"
    ),
    "repeated_row": Reason("每一項目、樣本或缺失一列", "請查驗人員刪除重複之列後重新放入"),
    "record_unreadable": Reason("一筆完整的資料", _RESEND),
}

VALUES: dict[str, Reason] = {
    "date_empty": Reason("日期，如 110年3月15日", _MEND),
    "date_ambiguous": Reason("可辨識世紀之日期，如 110/03/15 或 2021/03/15", _MEND),
    "date_impossible": Reason("曆法上存在之日期", _MEND),
    "date_out_of_range": Reason("民國元年至189年間之日期", _MEND),
    "date_unreadable": Reason("日期，如 110/03/15、1100315 或 2021/03/15", _MEND),
    "date_range_unreadable": Reason("起迄日期，如 110/01/10－111/08/22", _MEND),
    "date_range_reversed": Reason("迄日不早於起日", _MEND),
    "month_unreadable": Reason("年月，如 11503", _MEND),
    "amount_unreadable": Reason("金額數字，如 1,320,000", _MEND),
    "amount_separator": Reason("千分位正確之金額，如 1,320,000", _MEND),
    "amount_scientific": Reason("完整數字；科學記號已失去位數", _MEND),
    "amount_currency": Reason("新臺幣金額", _MEND),
    "amount_unit_unknown": Reason(
        "寫明單位之金額（欄名加註「(元)」或「(千元)」、表首註明「單位：千元」，或儲存格自帶單位）",
        "請資料提供機關於欄名或表首註明單位後重新放入；同一系統之匯出檔單位固定者，得由管理人員於 works.yaml 設定",
    ),
    "amount_fraction": Reason("整數元", _MEND),
    "amount_out_of_range": Reason("合理範圍之金額", _MEND),
    "below_minimum": Reason("不小於零（次別不小於一）之數值", _MEND),
    "number_unreadable": Reason("整數", _MEND),
    "decimal_unreadable": Reason("數值，如 95.3", _MEND),
    "station_unreadable": Reason("樁號，如 0K+350，或公尺數", _MEND),
    "bool_unreadable": Reason("是或否", _MEND),
    "fraction_unreadable": Reason("百分比，如 85%", _MEND),
    "fraction_ambiguous": Reason("請寫明 1% 或 100%", _MEND),
    "fraction_out_of_range": Reason("合理範圍之百分比", _MEND),
    "coordinate_unreadable": Reason("經緯度（WGS84）或 TWD97 坐標，位於臺灣範圍內", _MEND),
    "shape_unreadable": Reason("可成形之 WKT 多邊形（如 POLYGON ((經度 緯度, …))）", _MEND),
    "shape_empty": Reason("至少三點之多邊形", _MEND),
    "shape_out_of_range": Reason("位於臺灣範圍內之經緯度或 TWD97 坐標", _MEND),
    "shape_repaired": Reason("邊界不自相交之多邊形", "系統已依其涵蓋範圍修補並採用；宜請資料提供機關更正"),
    "phone_number": Reason("廠商名稱；此格為電話號碼，系統不予保存", _MEND),
    "choice_unknown": Reason("選單所列項目", _MEND),
    "winner_without_name": Reason("廠商名稱", _MEND),
}

FILES: dict[str, Reason] = {
    "empty_file": Reason("有內容之檔案（檔案為 0 位元組；政府電子採購網查無該期資料時亦回傳空檔）", _RESEND),
    "file_too_large": Reason("大小未逾上限之檔案", "請分期或分月匯出後再放入"),
    "unpacked_too_large": Reason("解壓縮後大小未逾上限之檔案（疑似壓縮炸彈）", "請查明檔案來源；必要時分檔匯出"),
    "too_many_files": Reason("檔案數未逾上限之壓縮檔", "請分批壓縮後再放入"),
    "sheet_too_large": Reason("儲存格範圍合理之工作表（空白列或欄延伸過遠）", "請刪除資料範圍外之列與欄後另存新檔"),
    "nested_archive": Reason("未內含壓縮檔之壓縮檔", "請解開內層壓縮檔後再放入"),
    "password": Reason("未加密之檔案", "請移除密碼後再放入"),
    "macros": Reason("不含巨集之檔案", "請另存為不含巨集之 xlsx 後再放入"),
    "changed": Reason("讀取期間未變動之檔案", "請待檔案傳輸完成；系統將於下次重新讀取"),
    "damaged": Reason("完整可開啟之檔案", _RESEND),
    "encoding": Reason("UTF-8 或 Big5（cp950）編碼之文字檔", "請另存為 CSV UTF-8 後再放入"),
    "html_page": Reason("資料檔（收到的是網頁，可能是網站錯誤或查詢畫面）", _RESEND),
    "document_file": Reason("xlsx、xls、ods、csv、JSON 或 XML（不收 PDF、Word、圖片）", "請以試算表或開放資料格式匯出"),
    "json_damaged": Reason("完整之 JSON（可能下載中斷，或夾雜網站錯誤訊息）", _RESEND),
    "xml_damaged": Reason("完整且不含 DTD、外部實體之 XML", _RESEND),
    "unknown_format": Reason("可辨識之檔案格式", _RESEND),
    "unknown_source": Reason("已知來源之欄位或結構", "請核對檔案；新來源請洽系統管理人員"),
    "missing_columns": Reason("必要欄位齊全", "請補齊欄位後重新放入"),
    "no_rows": Reason("至少一筆資料", _RESEND),
    "too_few_rows": Reason("筆數未低於下限之名單（過少時多為下載不完整）", _RESEND),
    "sharp_drop": Reason("筆數與前一份名單相近之名單（驟減時多為下載不完整）", _RESEND),
    "not_needed": Reason("本項作業用得到之資料", "系統已辨識但不需要；無須處理"),
}

ALL: dict[str, Reason] = {**ROWS, **VALUES, **FILES}


class Refused(Exception):
    """A file that is not read at all. ``code`` is a key of FILES; ``detail`` names columns or figures, never values."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One zh-TW sentence for an operator."""
        reason = FILES[self.code]
        detail = f"：{self.detail}" if self.detail else ""
        return f"不予收件（應為{reason.expected}）{detail}。{reason.action}。"
