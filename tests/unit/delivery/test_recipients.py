"""Recipients: what is in the file is what is sent, and a mistake is found before any mail is owed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from probity.delivery import recipients
from probity.delivery.recipients import RecipientsError
from probity.settings import ROOT

ON = dt.date(2021, 4, 6)
GOOD = "{role: a, address: a@ethics.example.gov.tw, reports: [x], level: full, from: 2021-01-01, to: 2021-12-31}"


def write(folder: Path, *entries: str) -> Path:
    lines = "".join(f"  - {e}\n" for e in entries)
    (folder / "recipients.yaml").write_text(f"office_domains: [example.gov.tw]\nrecipients:\n{lines}", encoding="utf-8")
    return folder


def test_dates_and_reports_decide_who_gets_what(tmp_path: Path) -> None:
    other = "{role: b, address: b@else.example, reports: [x, y], level: agency, agency: 3.99.1, from: 2021-04-07}"
    loaded = recipients.load(write(tmp_path, GOOD, other))
    assert [r.internal for r in loaded] == [True, False]
    assert [r.role for r in recipients.for_report(loaded, "x", ON)] == ["a"]
    assert [r.role for r in recipients.for_report(loaded, "x", dt.date(2021, 12, 31))] == ["a", "b"]
    assert [r.role for r in recipients.for_report(loaded, "x", dt.date(2022, 1, 1))] == ["b"]


def test_the_owner_of_a_source_is_told_about_that_source(tmp_path: Path) -> None:
    loaded = recipients.load(
        write(
            tmp_path,
            "{role: a, address: a@x.example, reports: [gate_stop], sources: [city_list], from: 2021-01-01}",
            '{role: b, address: b@x.example, reports: [gate_stop], sources: ["*"], from: 2021-01-01}',
        )
    )
    assert [r.role for r in recipients.for_report(loaded, "gate_stop", ON, "city_list")] == ["a", "b"]
    assert [r.role for r in recipients.for_report(loaded, "gate_stop", ON, "award_csv")] == ["b"]


def test_an_address_named_twice_gets_one_mail(tmp_path: Path) -> None:
    loaded = recipients.load(write(tmp_path, GOOD, GOOD.replace("role: a", "role: z")))
    assert [r.role for r in recipients.for_report(loaded, "x", ON)] == ["a"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("a@ethics.example.gov.tw", "nobody"), "address"),
        (("a@ethics.example.gov.tw", "a@gmail.example"), "own domains"),
        (("level: full", "level: all"), "level"),
        (("level: full", "level: agency"), "agency"),
        (("2021-12-31", "2020-12-31"), "before"),
        (("from: 2021-01-01", "from: soon"), "dates"),
        (("reports: [x]", "reports: []"), "needed"),
        (("level: full", "level: full, cc: b@c.tw"), "unknown keys"),
    ],
)
def test_a_mistake_is_named_with_its_entry(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(RecipientsError, match=f"entry 1.*{complaint}"):
        recipients.load(write(tmp_path, GOOD.replace(*change)))


def test_the_file_that_ships_is_right() -> None:
    loaded = recipients.load(ROOT / "include" / "config")
    for report in ("procurement_audit_selection", "gate_stop", "task_failed"):
        assert recipients.for_report(loaded, report, ON), report
    assert all(r.internal for r in loaded if r.level == "full")
