"""A report's context over invented agencies and firms, with the awkward content that real cases have."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

AGENCIES = ["示範市政府建設局", "示範市政府水利局", "示範市大安區公所", "示範市立青田國民中學", "示範市政府環境保護局"]
FIRMS = ["旭禾營造有限公司", "晨碁工程股份有限公司", "青嵐景觀工程行", "永澄資訊股份有限公司", "大禾土木包工業"]
TITLES = [
    "青田路（一段至三段）路面改善工程",
    "大安溪右岸堤防緊急修復工程及附屬設施改善",
    "校園電腦設備汰換採購案",
    "活動中心屋頂防水及伸縮縫整修工程（第二次招標）",
    "115年度環境清潔維護勞務委外",
]
SIGNALS = [
    ("P03", "決標價低於底價八成", "政府採購法第58條；施行細則第79條", "2", "price"),
    ("P04", "決標價緊貼底價", "政府採購法第34條", None, "price"),
    ("P06", "疑似分批採購", "政府採購法第14條；施行細則第13條", None, "splitting"),
    ("P09", "得標廠商決標時為拒絕往來廠商", "政府採購法第103條", None, "eligibility"),
    ("P13", "契約變更次數或金額過多", "採購稽核小組作業規則第8條第2款", "2", "performance"),
    ("P14", "履約進度明顯落後", "採購稽核小組作業規則第8條第2款", "2", "performance"),
    ("S07", "投標價離散程度偏低", "政府採購法第87條", None, "collusion"),
]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def context(n: int = 12) -> dict[str, Any]:
    """``n`` selected cases of five agencies."""
    cases, evidence = [], []
    for i in range(n):
        agency, kind = i % len(AGENCIES), ("works", "goods", "services")[i % 3]
        part = "must_watch" if i < 3 else "control" if i >= n - 2 else "ranked"
        case_id = f"3.99.{agency}|DM110-{i:03d}|202103{i % 28 + 1:02d}"
        mine = [] if part == "control" else [SIGNALS[(i + k) % len(SIGNALS)] for k in range(1 + i % 3)]
        award = 1_234_567 + 4_321_000 * i
        for k, signal in enumerate(mine):
            evidence.append(
                {
                    "case_id": case_id,
                    "signal_id": signal[0],
                    "state": "fired",
                    "value": 0.7312 + k,
                    "threshold": 0.8,
                    "strength": 0.9 - 0.1 * k,
                    "amount_at_stake": award // (k + 2),
                    "evidence": json.dumps(
                        {
                            "award_amount": award,
                            "reserve_price": int(award * 1.2),
                            "ratio": 0.8333,
                            "award_date": "2021-02-26",
                        }
                    ),
                }
            )
        cases.append(
            {
                "case_id": case_id,
                "rank": i + 1,
                "part": part,
                "score": 3.4 - 0.2 * i,
                "score_parts": json.dumps(
                    [{"signal_id": s[0], "weight": 1.5, "strength": 0.9, "points": 1.35} for s in mine]
                ),
                "reasons": json.dumps(
                    [
                        {
                            "signal_id": s[0],
                            "name": s[1],
                            "text": f"{s[1]}：值0.731，低於門檻0.800（底價{int(award * 1.2):,}元，決標{award:,}元）。",
                            "legal_basis": s[2],
                        }
                        for s in mine
                    ],
                    ensure_ascii=False,
                ),
                "inclusion_probability": 0.0312 if part == "control" else 1.0,
                "ticket": digest(case_id) if part == "control" else None,
                "auditors": "A03,A07",
                "recused": "A01" if i % 4 == 0 else None,
                "agency_id": f"3.99.{agency}",
                "agency_key": f"3.99.{agency}",
                "agency_name": AGENCIES[agency],
                "case_no": f"DM110-{i:03d}",
                "title": TITLES[i % len(TITLES)],
                "kind": kind,
                "category_name": "街道、馬路",
                "method": "open" if i % 2 else "quotation",
                "award_way": "best_value" if i == 4 else "lowest",
                "budget": int(award * 1.3),
                "reserve_price": int(award * 1.2) if i % 3 else None,
                "award_amount": award,
                "tender_notice_date": dt.date(2021, 1, 20),
                "deadline_date": dt.date(2021, 2, 18),
                "opening_date": dt.date(2021, 2, 19),
                "award_date": dt.date(2021, 2, 26),
                "award_notice_date": dt.date(2021, 3, i % 28 + 1),
                "n_bidders": 1 + i % 5,
                "tender_round": 1 + i % 2,
                "winners": [FIRMS[i % len(FIRMS)]],
                "sources": "award_csv,city_list",
            }
        )
    return {
        "period": "2021-03",
        "period_roc": "110年3月",
        "selection_id": "PA-2021-03-r2",
        "revision": 2,
        "replaces": "PA-2021-03-r1",
        "revision_reason": "補收三月下旬決標公告",
        "list_digest": digest("list"),
        "manifest_digest": digest("manifest"),
        "trail_head": digest("trail"),
        "decided_by": "officer01",
        "decided_at": "2021-04-06",
        "witnesses": ["會計室", "秘書室"],
        "removed": [{"case_id": "3.99.9|DM110-900|20210303", "case_no": "DM110-900", "reason": "上月已由審計機關查核"}],
        "added": [],
        "population": 214,
        "cases": cases,
        "evidence": evidence,
        "signals": [
            {
                "signal_id": s[0],
                "name": s[1],
                "legal_basis": s[2],
                "family": s[4],
                "must_watch": s[3],
                "fired": (i * 7) % 23 + 1,
                "clear": 150 - i,
                "not_assessable": 40 + i,
                "base_rate": ((i * 7) % 23 + 1) / 170,
                "too_common": i == 3,
            }
            for i, s in enumerate(SIGNALS)
        ],
        "coverage": {
            "sources": [
                {
                    "source_id": "award_csv",
                    "source": "決標公告（25欄）",
                    "file_name": "award_11003.csv",
                    "digest": digest("f1"),
                    "rows_in": 231,
                    "rows_out": 228,
                    "rows_quarantined": 3,
                    "first_date": "2021-03-01",
                    "last_date": "2021-03-31",
                },
                {
                    "source_id": "city_list",
                    "source": "市府採購清冊",
                    "file_name": "採購清冊11003.xlsx",
                    "digest": digest("f2"),
                    "rows_in": 200,
                    "rows_out": 200,
                    "rows_quarantined": 0,
                    "first_date": dt.date(2021, 3, 2),
                    "last_date": dt.date(2021, 3, 30),
                },
            ],
            "missing": ["110年3月尚未收到拒絕往來廠商名單，訊號P09列為無法評估。"],
            "quarantine": [
                {
                    "source_id": "award_csv",
                    "field": "award_amount",
                    "reason": "amount_unreadable",
                    "expected": "整數新臺幣元",
                    "action": "請資料提供機關更正後重送",
                    "severity": "row",
                    "rows": 3,
                }
            ],
            "conflicts": [
                {
                    "case_no": "DM110-004",
                    "agency_name": AGENCIES[4],
                    "field": "決標金額",
                    "source_a": "award_csv",
                    "value_a": "18518567",
                    "source_b": "city_list",
                    "value_b": "18518667",
                }
            ],
            "gates": [
                {"stage": "arrival", "outcome": "pass", "checks": 12, "failed": 0, "message": "各檔欄位齊備"},
                {
                    "stage": "canonical",
                    "outcome": "quarantine",
                    "checks": 31,
                    "failed": 1,
                    "message": "3列金額無法判讀，已隔離",
                },
            ],
        },
        "steps": ["母體214件", "排除近6個月已稽核2件", "應加強稽核3件全數列入", "依分數列入7件", "隨機對照2件"],
        "seed": "統一發票110年1-2月期特別獎號碼",
        "seed_source": "財政部公告",
        "commitment": {
            "population_digest": digest("pop"),
            "control_size": 2,
            "stratum_counts": {"works": 71, "goods": 60},
        },
        "versions": {"python": "3.11", "duckdb": "2.0.0"},
        "rules": {"sql/procurement/P03.sql": digest("P03"), "config/thresholds.yaml": digest("t")},
    }


# -- works ---------------------------------------------------------------------------------------------------------
WORKS_AGENCIES = ["示範市政府建設局", "示範市政府養護工程處", "示範市青埔區公所"]
WORKS_TITLES = ["青田路一段至三段路面刨除加封工程", "中正橋引道改善工程", "大禾里聯絡道路拓寬工程（第二標）"]
WORKS_SIGNALS = [
    ("W01", "偏遠地區工程", "110年度施政計畫：道路工程查驗", None, "place"),
    ("W02", "決標價偏低", "工程施工查核小組作業辦法第4條第3項第2款", "2", "price"),
    ("W05", "民眾反映集中", "工程施工查核小組作業辦法第4條第3項第1款", "1", "voices"),
    ("W61", "鋪設後24個月內再挖掘", "市區道路條例", None, "road"),
]


def works_context(n: int = 9) -> dict[str, Any]:
    """``n`` selected projects of three agencies, as the job hands them over for road works."""
    cases, evidence = [], []
    for i in range(n):
        agency = i % len(WORKS_AGENCIES)
        case_id = f"3.99.{agency}|rd110-{i:03d}"
        mine = [] if i == n - 1 else [WORKS_SIGNALS[(i + k) % len(WORKS_SIGNALS)] for k in range(1 + i % 2)]
        amount = 8_200_000 + 1_750_000 * i
        for signal in mine:
            facts = (
                {"district": "青埔區", "ratio": 0.71}
                if signal[0] != "W61"
                else {
                    "permit": "許可110-31",
                    "contractor": "疑為本工程廠商（未計為同一廠商）",
                    "unsure": 1,
                    "unplaced": 0,
                }
            )
            evidence.append(
                {
                    "case_id": case_id,
                    "signal_id": signal[0],
                    "state": "fired",
                    "value": 0.71,
                    "threshold": 0.8,
                    "strength": 0.85,
                    "amount_at_stake": amount,
                    "evidence": json.dumps(facts),
                }
            )
        cases.append(
            {
                "case_id": case_id,
                "rank": i + 1,
                "part": "must_watch" if i < 2 else "control" if i == n - 1 else "ranked",
                "score": 2.5 - 0.2 * i,
                "score_parts": json.dumps(
                    [{"signal_id": s[0], "weight": 1.5, "strength": 0.85, "points": 1.275} for s in mine]
                ),
                "reasons": json.dumps(
                    [{"signal_id": s[0], "name": s[1], "text": f"{s[1]}：值0.71。", "legal_basis": s[2]} for s in mine],
                    ensure_ascii=False,
                ),
                "inclusion_probability": 0.05 if i == n - 1 else 1.0,
                "ticket": digest(case_id) if i == n - 1 else None,
                "auditors": "A03",
                "recused": None,
                "agency_id": f"3.99.{agency}",
                "agency_key": f"3.99.{agency}",
                "agency_name": WORKS_AGENCIES[agency],
                "case_no": f"RD110-{i:03d}",
                "title": WORKS_TITLES[i % len(WORKS_TITLES)],
                "facility": "road",
                "road_basis": "class,words",
                "award_way": "lowest",
                "budget": int(amount * 1.3),
                "reserve_price": int(amount * 1.25) if i % 2 else None,
                "contract_amount": amount,
                "changed_amount": amount + 500_000 if i == 1 else None,
                "valued_amount": amount // 2,
                "award_date": "2020-09-15",
                "start_date": "2020-10-12",
                "planned_end": "2021-05-31",
                "changed_end": None,
                "actual_end": "2021-03-10" if i % 3 == 2 else None,
                "warranty_end": "2024-03-10" if i % 3 == 2 else None,
                "stage": "in_warranty" if i % 3 == 2 else "under_way",
                "planned_progress": 0.64,
                "actual_progress": 0.51 if i != 3 else None,
                "progress_date": "2021-03-31",
                "district": "青埔區" if i % 2 else "中正區",
                "districts": "中正區,青埔區" if i % 4 == 1 else "青埔區" if i % 2 else "中正區",
                "location": "青田路一段至三段" if i else None,
                "road_keys": "中正區/青田路一段,中正區/青田路二段",
                "station_start": 350.0,
                "station_end": 1200.0,
                "width_m": 12.0,
                "area_m2": 10_200.0,
                "thickness_cm": 5.0,
                "supervisor_name": "澄禾工程顧問有限公司",
                "winners": [FIRMS[0], FIRMS[4]] if i == 1 else [FIRMS[i % len(FIRMS)]],
                "auditor_names": ["委員甲"],
                "recused_names": [],
                "sources": "award_csv,works_projects",
            }
        )
    return context(0) | {
        "family": "works",
        "job": "road_inspection_selection",
        "job_zh": "道路工程查驗選案",
        "selection_id": "RI-2021-03-r1",
        "revision": 1,
        "replaces": None,
        "revision_reason": None,
        "decided_at": "2021-04-06T09:30:00+08:00",
        "removed": [],
        "cases": cases,
        "evidence": evidence,
        "signals": [
            {
                "signal_id": s[0],
                "name": s[1],
                "legal_basis": s[2],
                "family": s[4],
                "must_watch": s[3],
                "fired": 9 - i,
                "clear": 120 - i,
                "not_assessable": 12 + i,
                "base_rate": (9 - i) / 129,
                "too_common": False,
                "why_not": "營造業登記查無承攬廠商",
            }
            for i, s in enumerate(WORKS_SIGNALS)
        ],
        "steps": ["本期可選案工程141件", "優先查驗2件", "依分數列入6件", "隨機對照1件"],
        "versions": {"python": "3.11"},
        "rules": {"config/works.yaml": digest("works")},
    }
