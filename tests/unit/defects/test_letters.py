"""Letters: on creation, before the deadline, when overdue, after decisions; from their own due day alone, each once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from probity import config, defects
from probity.settings import ROOT
from tests.unit.defects.lives import agencies, day, decided, found, reported, table

CONFIG = config.load(ROOT / "include" / "config", "defects")


def due(rows: list[dict[str, Any]], on: str, **more: Any) -> list[defects.Letter]:
    return defects.due_letters(table(*rows), day(on), CONFIG, more.pop("agencies", agencies()), **more)


def told(letters: list[defects.Letter]) -> list[tuple[str, int, str]]:
    return [(x.kind, x.level, f"{x.due_date:%m-%d}") for x in letters]


def test_an_unanswered_defect_is_written_about_step_by_step() -> None:
    first = found()  # 5 March, due 25 March
    letters = due([first], "06-30")
    assert told(letters) == [
        ("notice", 0, "03-10"),
        ("reminder", 0, "03-22"),
        ("overdue", 1, "03-26"),
        ("overdue", 2, "04-06"),
        ("overdue", 3, "04-13"),
    ]
    assert [(x.to, x.copies, x.to_superior) for x in letters[2:]] == [
        ("agency", (), False),
        ("agency", ("superior",), False),
        ("superior", ("agency",), True),
    ]
    assert letters[4].superior_name == "甲建設局"
    assert letters[2].defects[0]["overdue_days"] == 1 and letters[1].defects[0]["overdue_days"] == 0


def test_without_a_known_superior_the_agency_itself_is_written_to() -> None:
    last = due([found()], "06-30", agencies=agencies(parent=None))[-1]
    assert (last.to, last.to_superior, last.superior_name) == ("superior", False, None)


def test_an_answer_stops_reminders_and_a_refusal_starts_them_anew() -> None:
    first = found()
    answer = reported(first, "03-19")
    assert told(due([first, answer], "06-30")) == [("notice", 0, "03-10")]
    refusal = decided("refused", first, "03-30", answer, deadline=day("04-12"), note="照片不清楚")
    letters = due([first, answer, refusal], "04-13")
    assert told(letters)[1:] == [("refused", 0, "03-30"), ("reminder", 0, "04-07"), ("overdue", 1, "04-13")]
    assert letters[1].defects[0]["note"] == "照片不清楚" and letters[1].defects[0]["deadline"] == day("04-12")


def test_closings_extensions_and_reopenings_are_told() -> None:
    first = found()
    answer = reported(first, "03-19")
    closing = decided("closed", first, "03-22", answer, evidence="改善後.jpg")
    again = defects.event("reopened", first["defect_id"], day("05-03"), "s", note="又有坑洞")
    letters = due([first, answer, closing, again], "05-03")
    assert told(letters)[1:] == [("closed", 0, "03-22"), ("reopened", 0, "05-03")]
    assert not letters[1].answerable and letters[2].answerable
    still_open = defects.event("reopened", first["defect_id"], day("03-15"), "s", note="仍有坑洞")
    assert told(due([first, still_open], "03-15")) == [("notice", 0, "03-10")], "nothing new to tell"
    longer = decided("extended", first, "03-15", deadline=day("04-15"))
    assert ("extended", 0, "03-15") in told(due([first, longer], "03-15"))
    assert ("reminder", 0, "03-22") not in told(due([first, longer], "04-01"))


def test_a_days_letters_are_the_same_whenever_they_are_made() -> None:
    """Day by day, with days missed, or all at once afterwards: the same letters, each once."""
    first, other = found("A-D01"), found("B-D01", on="03-08", severity="grave")
    answer = reported(first, "03-19")
    rows = [first, other, answer, decided("closed", first, "03-24", answer, evidence="改善後.jpg")]
    days = [day("03-05") + dt.timedelta(days=n) for n in range(60)]

    def run(order: list[dt.date]) -> dict[str, defects.Letter]:
        sent: set[str] = set()
        made: dict[str, defects.Letter] = {}
        for on in order:
            for letter in defects.due_letters(table(*rows), on, CONFIG, agencies(), sent):
                assert letter.letter_id not in made
                made[letter.letter_id] = letter
                sent |= set(letter.items)
        return made

    wanted = run(days)
    assert len(wanted) >= 6
    assert run(days[::-1]) == wanted
    assert run(days[::7] + days[-1:]) == wanted
    assert run(days + days) == wanted


def test_a_notice_is_one_letter_an_inspection_the_others_one_an_agency() -> None:
    rows = [found("A-D01"), found("A-D02"), found("B-D01")]
    letters = due(rows, "03-22")
    assert [(x.kind, len(x.defects)) for x in letters] == [("notice", 2), ("notice", 1), ("reminder", 3)]


def test_a_late_form_gets_a_letter_of_its_own() -> None:
    first = found("A-D01")
    (sent,) = due([first], "03-10")
    (late,) = due([first, found("A-D02")], "03-10", sent=sent.items)
    assert [d["defect_id"] for d in late.defects] == ["A-D02"] and late.letter_id != sent.letter_id


def test_old_history_is_not_written_about() -> None:
    old = found() | {"event_date": dt.date(2019, 3, 5)}
    assert defects.due_letters(table(old), day("03-05"), CONFIG) == []
