"""What people do in the browser: who sees what, how an approver decides, what an auditor reads afterwards.

The tests follow one month and stand in its order: the list waits, is approved in the browser, is published.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from probity.ops import demo, watching
from probity.ops.stack import Stack
from probity.settings import ROOT
from probity.store import db, model
from tests.browser.conftest import GUEST, PERIOD, SELECTION, Person, eventually

SEED = "統一發票特別獎 01234567"
PAGES = (
    "/probity/",
    "/probity/selections",
    f"/probity/selections/{SELECTION}",
    "/probity/defects",
    "/probity/closures",
    "/probity/gates",
    "/probity/gates/1",
    "/probity/gates/1/page",
    "/probity/gates/1/workbook",
    "/probity/quarantine",
    "/probity/deliveries",
    "/probity/trail",
    "/probity/trail/verification",
)
QUARTER = "/probity/drafts/road_inspection_quarterly_report/2020-Q4"
NOT_THERE = (
    "/probity/defects/RI-2021-01-r1-001-D01",
    "/probity/closures/DF-2021-01-04-r1",
    QUARTER,
    f"{QUARTER}/{'0' * 64}",
)
"""Pages of which this stack has none to show: 404 to whoever is logged in, 401 without."""
Seat = Callable[..., Person]


def cases(stack: Stack) -> list[dict[str, str]]:
    """The cases that stand on the list now, by rank: their own columns."""
    with db.session_scope(stack.settings) as session:
        rows = session.scalars(
            sa.select(model.SelectionCase)
            .where(model.SelectionCase.selection_id == SELECTION)
            .order_by(model.SelectionCase.rank)
        )
        return [row.facts for row in rows]


def flat(text: str) -> str:
    """A text as a browser shows it: runs of blanks are one."""
    return " ".join(text.split())


def secrets(stack: Stack) -> set[str]:
    return {case[name] for case in cases(stack) for name in ("title", "case_no", "case_id")}


# -- who sees what ------------------------------------------------------------------------------------------------
def test_every_page_of_ours_was_tried(stack: Stack) -> None:
    source = (ROOT / "plugins/probity_airflow/pages/app.py").read_text(encoding="utf-8")
    assert source.count("app.get(") == len(PAGES) + len(NOT_THERE), "a new route is tried here too"


@pytest.mark.parametrize("path", PAGES + NOT_THERE)
def test_without_a_login_no_page_says_anything(somebody: Seat, stack: Stack, path: str) -> None:
    stranger = somebody("stranger", login=False)
    answer = stranger.open(path)
    assert answer.status == 401
    assert "請先登入" in stranger.text()
    assert not [s for s in secrets(stack) if s in stranger.page.content()]


def test_airflow_itself_asks_for_a_login(somebody: Seat) -> None:
    stranger = somebody("stranger", login=False)
    stranger.open("/required_actions")
    stranger.page.wait_for_url("**/auth/login**")
    stranger.page.fill("input[name=username]", "approver")
    stranger.page.fill("input[name=password]", "guessed")
    stranger.page.get_by_role("button", name="Sign in").click()
    stranger.page.get_by_text("Invalid credentials").wait_for()
    assert stranger.open(f"/probity/selections/{SELECTION}").status == 401


def test_a_link_from_a_mail_leads_over_the_login_back_to_the_page(somebody: Seat, stack: Stack) -> None:
    approver = somebody("approver", login=False)
    approver.open(f"/probity/selections/{SELECTION}")
    approver.page.get_by_role("link", name="登入", exact=True).click()
    approver.page.wait_for_selector("input[name=username]")
    assert stack.airflow is not None
    approver.log_in(stack.airflow.passwords()["approver"])
    approver.page.wait_for_url(f"**/probity/selections/{SELECTION}")
    assert flat(cases(stack)[0]["title"]) in flat(approver.text())


def test_a_viewer_sees_counts_but_no_case(somebody: Seat, stack: Stack) -> None:
    guest = somebody(GUEST)
    seen = ""
    for path in PAGES:
        closed = path.endswith(("/page", "/workbook"))
        assert guest.open(path).status == (403 if closed else 200), path
        seen += guest.page.content()
    assert SELECTION in seen and "名單內容限閱" in seen
    assert not [s for s in secrets(stack) if s in seen]
    guest.open(f"/probity/selections/{SELECTION}")
    guest.shot("list")


def test_a_viewer_cannot_answer_for_the_approver(somebody: Seat, stack: Stack) -> None:
    guest = somebody(GUEST)
    guest.open("/required_actions")
    guest.page.get_by_role("link", name=SELECTION).click()
    guest.page.get_by_text("名單核對碼").wait_for()
    guest.shot("approval")
    with guest.page.expect_response(lambda r: "hitlDetails" in r.url and r.request.method == "PATCH") as answer:
        guest.page.get_by_role("button", name="核定", exact=True).click()
    assert answer.value.status == 403
    with db.session_scope(stack.settings) as session:
        assert session.get_one(model.Selection, SELECTION).state == "proposed"


def test_a_named_auditor_reads_the_list(somebody: Seat, stack: Stack) -> None:
    auditor = somebody("auditor")
    assert auditor.open(f"/probity/selections/{SELECTION}").status == 200
    assert flat(cases(stack)[0]["title"]) in flat(auditor.text())


# -- the approver's way -------------------------------------------------------------------------------------------
def test_the_approver_reads_decides_and_sees_the_month_published(somebody: Seat, stack: Stack) -> None:
    assert stack.airflow is not None
    listed = cases(stack)
    approver = somebody("approver")
    page = approver.page
    approver.open("/required_actions")
    page.get_by_text("110年3月採購稽核選案請核定").first.wait_for()
    approver.shot("1-waiting")
    page.get_by_role("link", name=SELECTION).click()

    # What is asked: subject, counts, digests, form. No case by name: everybody who may see the task may see this.
    code = page.locator("input[name=element_list_code]")
    code.wait_for()
    text = approver.text()
    assert f"建議選案：{len(listed)} 件" in text and "隨機對照組" in text and "名單雜湊" in text
    for title in ("抽籤種子", "剔除的案件", "增列的案件", "說明", "在場見證人"):
        assert title in text
    assert not [s for s in secrets(stack) if flat(s) in flat(text)]
    approver.shot("2-form")

    # The restricted list, in a tab of its own.
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=SELECTION, exact=True).last.click()
    restricted = opened.value
    restricted.wait_for_load_state()
    shown = flat(restricted.inner_text("body"))
    for case in listed:
        assert flat(case["title"]) in shown and case["case_no"] in shown
    assert shown.count("選案理由") == len(listed) and "依據：" in shown
    assert code.input_value() in shown, "the form's code is the one on the list"
    for closed in restricted.locator("article").nth(0).locator("summary").all():
        closed.click()
    restricted.screenshot(path=approver.shots / "approver-3-list.png")
    restricted.close()

    # Back to the form: a seed from a public act, one case taken off with a reason.
    page.fill("input[name=element_seed]", SEED)
    page.fill("textarea[name=element_removed_text]", "2：已由審計處查核")
    page.fill("textarea[name=element_reason]", "會計室抽籤")
    page.fill("textarea[name=element_witnesses]", "會計主任\n秘書")
    approver.shot("4-filled")
    page.get_by_role("button", name="核定", exact=True).click()

    with stack.airflow.api("officer") as api:
        run = next(r for r in api.runs(demo.JOB) if r["partition_key"] == PERIOD)
        state = eventually(
            lambda: (s := api.run(demo.JOB, run["dag_run_id"])["state"]) in watching.DONE and s, "no end", 180, stack
        )
    assert state == "success"
    approver.open(f"/dags/{demo.JOB}/runs/{run['dag_run_id']}")
    page.get_by_text("成功").first.wait_for()
    approver.shot("5-published")

    after = [c["title"] for c in cases(stack)]
    assert listed[1]["title"] not in after and listed[0]["title"] in after
    approver.open(f"/probity/selections/{SELECTION}")
    text = approver.text()
    assert "已核定" in text and SEED in text and "公開程序產生" in text and "隨機對照組" in text
    assert "approver" in text and "會計室抽籤" in text
    assert "剔除「2」：已由審計處查核" in text and "會計主任、秘書" in text
    approver.shot("6-approved")
    assert approver.outside == [] and approver.errors == []


# -- afterwards ---------------------------------------------------------------------------------------------------
def test_the_mails_leave_and_the_page_says_so(somebody: Seat, stack: Stack) -> None:
    assert stack.mailbox is not None
    eventually(
        lambda: len([m for m in stack.mailbox.messages() if str(m["subject"]).startswith("【密】")]) == 2,
        "the two mails of the selection did not arrive",
        120,
        stack,
    )
    officer = somebody("officer")
    officer.open("/probity/deliveries")
    assert "已由郵件伺服器收下" in officer.text()


def test_the_gate_pages_tell_what_to_mend(somebody: Seat) -> None:
    officer = somebody("officer")
    officer.open("/probity/gates")
    rows = officer.page.locator("tbody tr")
    assert rows.count() >= 5 and "通過" in officer.text()
    officer.shot("gates")
    officer.page.get_by_role("link", name="收件").first.click()
    text = officer.text()
    assert "未通過的檢查" in text and "資料提供機關" in text and "決標案件" in text
    officer.shot("gate")
    officer.page.get_by_role("link", name="完整結果與有問題的儲存格").click()
    assert "怎麼處理" in officer.text() and "送入＝放行＋隔離" in officer.text()
    officer.shot("gate-page")
    officer.page.go_back()
    with officer.page.expect_download() as download:
        officer.page.get_by_role("link", name="下載標示問題的活頁簿").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    assert officer.outside == [] and officer.errors == []


def test_the_trail_is_read_and_recomputed(somebody: Seat) -> None:
    auditor = somebody("auditor")
    auditor.open("/probity/trail")
    text = auditor.text()
    for step in ("收件建檔", "關卡四：名單", "送請核定", "核定", "發布"):
        assert step in text
    auditor.page.get_by_role("link", name="立即重算全部紀錄").click()
    auditor.page.get_by_text("驗證通過").wait_for()
    auditor.shot("trail")


def test_the_pages_stand_in_airflows_own_menu(somebody: Seat) -> None:
    officer = somebody("officer")
    officer.page.get_by_role("link", name="廉政稽核", exact=True).click()
    frame = officer.page.frame_locator("iframe")
    frame.get_by_role("heading", name="期別總覽").wait_for()
    frame.get_by_role("link", name=SELECTION).click()
    frame.get_by_text("名單核對碼").wait_for()
    officer.shot("menu")
    assert officer.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_small_screen_nothing_runs_out_of_sight(somebody: Seat, scheme: str) -> None:
    officer = somebody("officer", viewport={"width": 390, "height": 844}, color_scheme=scheme)
    for path in PAGES:
        if not path.endswith(("/workbook", "/gates/1/page")):
            officer.open(path)
            width = officer.page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, path
    officer.open(f"/probity/selections/{SELECTION}")
    officer.shot(f"small-{scheme}")
