import csv
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probity import text

D = dt.date


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1100315", D(2021, 3, 15)),
        ("0991231", D(2010, 12, 31)),
        ("991231", D(2010, 12, 31)),
        ("110/03/15", D(2021, 3, 15)),
        ("110.3.15", D(2021, 3, 15)),
        ("110-3-15", D(2021, 3, 15)),
        ("110年3月15日", D(2021, 3, 15)),
        ("民國110年3月15日", D(2021, 3, 15)),
        ("110年３月１５日(一)", D(2021, 3, 15)),
        ("1150813 00:00", D(2026, 8, 13)),
        (20210104, D(2021, 1, 4)),
        (20210104.0, D(2021, 1, 4)),
        ("2026/05/19", D(2026, 5, 19)),
        ("2021-03-15", D(2021, 3, 15)),
        ("2021-03-14T16:00:00Z", D(2021, 3, 15)),
        ("114/05/07 17:00", D(2025, 5, 7)),
        ("1130229", D(2024, 2, 29)),
        (dt.datetime(2021, 3, 14, 20, tzinfo=dt.UTC), D(2021, 3, 15)),
    ],
)
def test_dates_as_they_are_written(raw, expected):
    assert text.parse_date(raw) == expected


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("1110229", "date_impossible"),
        ("201203", "date_ambiguous"),
        ("", "date_empty"),
        ("近期", "date_unreadable"),
        (44270, "date_unreadable"),
        ("110/13/01", "date_impossible"),
        ("9999/01/01", "date_out_of_range"),
    ],
)
def test_dates_that_cannot_be_read(raw, code):
    with pytest.raises(text.TextError) as caught:
        text.parse_date(raw)
    assert caught.value.code == code


@given(st.dates(D(1949, 1, 1), D(2100, 12, 31)))
def test_every_date_survives_every_form(date):
    roc = date.year - 1911
    forms = [
        date.isoformat(),
        date.strftime("%Y%m%d"),
        f"{roc:03d}{date:%m%d}",
        f"{roc}/{date.month}/{date.day}",
        f"{roc}.{date:%m.%d}",
        f"{date:%Y/%m/%d} 00:00",
        text.roc_date(date),
    ]
    if roc < 100:
        forms.append(f"{roc:02d}{date:%m%d}")
    assert [text.parse_date(f) for f in forms] == [date] * len(forms)


def test_ranges_and_months():
    assert text.parse_date_range("110/01/10－111/08/22(預估)") == (D(2021, 1, 10), D(2022, 8, 22))
    assert text.parse_date_range("1100110~1110822") == (D(2021, 1, 10), D(2022, 8, 22))
    with pytest.raises(text.TextError, match="date_range_reversed"):
        text.parse_date_range("111/01/10－110/08/22")
    assert {text.parse_month(m) for m in ("11503", "115/3", "115年3月", "2026-03", "202603")} == {D(2026, 3, 1)}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1,320,000", 1_320_000),
        ("318,600元", 318_600),
        ("新臺幣 318,600元整", 318_600),
        ("NT$1,000", 1000),
        ("(1,000)", -1000),
        ("-60717", -60717),
        ("3億5,000萬元", 350_000_000),
        ("12.5萬", 125_000),
        ("318千元", 318_000),
        ("壹佰萬元整", 1_000_000),
        ("貳仟參佰萬零伍元整", 23_000_005),
        ("５００，０００", 500_000),
        ("", None),
        ("-", None),
        ("0", 0),
        (1_200_000.0, 1_200_000),
        (None, None),
    ],
)
def test_amounts(raw, expected):
    assert text.parse_amount(raw) == expected


def test_amount_units():
    assert text.parse_amount("1,320.5", "千元") == 1_320_500
    assert text.parse_amount("1,320元", "千元") == 1_320, "a unit in the cell wins over the column's"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("1,32,000", "amount_separator"),
        ("1.2E+06", "amount_scientific"),
        ("美元 500", "amount_currency"),
        ("100.5", "amount_fraction"),
        ("詳契約", "amount_unreadable"),
        ("萬", "amount_unreadable"),
        ("9" * 20, "amount_out_of_range"),
    ],
)
def test_amounts_that_cannot_be_read(raw, code):
    with pytest.raises(text.TextError) as caught:
        text.parse_amount(raw)
    assert caught.value.code == code


@given(st.integers(-(10**15), 10**15))
def test_amounts_round_trip(amount):
    assert text.parse_amount(f"{amount:,}元") == amount
    assert text.parse_amount(str(amount)) == amount


@given(st.text(max_size=30))
def test_parsers_raise_nothing_but_text_errors(raw):
    parsers = (
        text.parse_date,
        text.parse_amount,
        text.parse_bool,
        text.parse_fraction,
        text.parse_int,
        text.parse_month,
        text.parse_date_range,
    )
    for parse in parsers:
        try:
            parse(raw)
        except text.TextError as error:
            assert error.code
    text.ubn_class(raw)
    text.ubn_normalise(raw)


def test_fractions_and_booleans():
    assert [text.parse_fraction(f) for f in ("85%", "0.85", "85", "８５％", "100", "1.0", "", 0.5)] == [
        0.85,
        0.85,
        0.85,
        0.85,
        1.0,
        1.0,
        None,
        0.5,
    ]
    with pytest.raises(text.TextError, match="fraction_ambiguous"):
        text.parse_fraction("1")
    assert [text.parse_bool(b) for b in ("是", "否", "Y", "n", "有", "無", "", 1, "0")] == [
        True,
        False,
        True,
        False,
        True,
        False,
        None,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("臺中巿政府建設局", "台中市政府建設局"),
        ("臺灣測試股份有限公司", "台灣測試(股)公司"),
        ("　大  明營造有限公司(獨資)", "大明營造"),
        ("範例國際股份有限公司 (Example International, Inc.)", "範例國際股份有限公司"),
        ("範例國際股份有限公司EXAMPLE CO., LTD.", "範例國際"),
        ("１１０年\uf98e度", "110年年度"),
    ],
)
def test_names_that_are_the_same(one, other):
    assert text.name_key(one) == text.name_key(other)


def test_names_that_are_not_the_same():
    names = [
        "甲測試營造",
        "甲測試工程行",
        "甲測試企業社",
        "甲測試股份有限公司花蓮營業所",
        "範例廠商A",
        "範例廠商B",
        "公司",
    ]
    assert len({text.name_key(n) for n in names}) == len(names)
    assert all(text.name_key(n) for n in names)


@given(st.text(max_size=40))
def test_keys_are_stable_and_ignore_width(raw):
    key = text.name_key(raw)
    assert text.name_key(key) == key
    assert text.title_keys([raw, raw]) == [text.title_key(raw)] * 2


def test_title_key_drops_digits_and_marks():
    assert text.title_key("110年度臺中巿道路工程(第2期)") == text.title_key("111年度 台中市道路工程（第３期）")


def test_every_real_vendor_id_falls_in_its_class(shared):
    with (shared / "data/vendor_ids/real_vendor_ids_hualien.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 3634
    assert [r for r in rows if text.ubn_class(r["vendor_id_raw"]) != r["class"]] == []
    valid = [r for r in rows if text.ubn_normalise(r["vendor_id_raw"])]
    assert len(valid) == 3486 + 2 + 6
    assert all(len(text.ubn_normalise(r["vendor_id_raw"]) or "") == 8 for r in valid)


def test_ids():
    assert text.ubn_class("") == "empty"
    assert text.ubn_class("00000000") == "placeholder"
    assert text.ubn_class("A123456789") == "national_id"
    assert text.ubn_class("A123456788") == "national_id_bad_checksum"
    assert text.national_id_ok("A800000014"), "the worked example of the 2021 resident number"
    assert text.firm_entity("k1229*****", "測試土木包工業") == ("N:測試土木包工業", None, "masked_national_id")
