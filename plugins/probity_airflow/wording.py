"""The Airflow layer's words for people, in one table (zh-TW): task names, form fields, messages.

In: a key and values. Out: text. Why: what a user reads stands in one place, not scattered over operators.
"""

from __future__ import annotations

TEXT: dict[str, str] = {
    "no_period": "這次執行沒有期別：請在觸發表單的「分割鍵」或「期別」填入期別，例如 2021-03。",
    "two_periods": "這次執行有兩個不同的期別：分割鍵 {key}、表單 {form}。請只填一個再重新觸發。",
    "bad_period": "期別「{key}」看不懂：月請寫 2021-03，季寫 2021-Q1，半年寫 2021-H1，年寫 2021。",
    "no_data": "本期沒有資料，不選案、不寄送：{message}",
    "rejected": "名單經核定人退回，已留紀錄；不發布、不寄送。",
    "already": "同一份名單先前已核定（{selection_id}），不再重複核定。",
    "list_changed": (
        "頁面上名單的核對碼是 {given}，但現在待核定的名單是 {current}：資料在送核之後有變動。"
        "請開啟 {url} 檢視新名單，在本工作按「清除」，於表單填入新核對碼後再核定。"
    ),
    "no_answerer": "系統沒有記到是誰答覆的，不能採認。請登入後在本工作按「清除」再重新填表。",
    "reject_reason": "退回名單必須寫明理由。請在本工作按「清除」後重新填表。",
    "watch_no_api": "沒有可用的 Airflow 服務帳號：請建立名為 probity_api 的連線（host、port、login、password）。",
}

TASKS: dict[str, str] = {
    "collect": "收件建檔",
    "gate_arrival": "關卡一：收件",
    "gate_canonical": "關卡二：標準表",
    "gate_works_canonical": "關卡二：工程標準表",
    "detect": "訊號偵測",
    "gate_signals": "關卡三：訊號",
    "select": "選案",
    "gate_selection": "關卡四：名單",
    "approve": "核定",
    "record": "登錄核定結果",
    "publish": "發布",
    "evaluate": "檢討",
    "gate_inspection": "關卡：查驗表",
    "gate_correction": "關卡：改善回報",
    "gate_report": "關卡：季報",
    "follow_up": "判定與列管",
    "analyse": "分析",
    "gate_mail": "關卡五：寄送前",
    "deliver": "寄送",
    "watch": "補件偵測",
    "approval_request": "送請核定",
    "decide": "核定",
    "owe": "列入寄件匣",
    "mail": "寄送結果",
}

APPROVE = "核定"
REJECT = "退回"

FORM: dict[str, tuple[str, str]] = {
    "list_code": ("名單核對碼", "與限閱名單頁上方的核對碼相同；已預填，資料有變動時才需改填。"),
    "seed": (
        "抽籤種子",
        "對照組抽籤用。請填公開程序當場產生、事前無人知道的號碼或文字（例如當天開出的發票號碼），他人可據以重算。",
    ),
    "removed_text": ("剔除的案件", "一列一件，寫「案號：理由」或「序號：理由」。沒有就留空。"),
    "added_text": ("增列的案件", "一列一件，寫「案號：理由」。沒有就留空。"),
    "reason": ("說明", "退回時必填；核定時可填抽籤的地點與經過。"),
    "witnesses": ("在場見證人", "一列一位職稱，可留空。"),
}


def text(name: str, /, **values: object) -> str:
    """The text ``name`` with its values. KeyError for an unknown name or a missing value."""
    return TEXT[name].format(**values)
