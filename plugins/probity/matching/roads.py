"""Which district and which roads an address, a title or a report names.

In: texts as sources write them (「西屯區河南路２段165巷3號前」, 「大墩四街400巷大墩六街319巷口」). Out: districts, and
road keys such as ``西屯區/河南路二段``. Why: permits, contracts and complaints meet on the road they speak of, and
no two sources write it the same way. The words that tell a road from a mere 路面 are data:
include/config/matching.yaml.

What a key is
- ``<district>/<road>``. The district is the one written before the road in the text itself, else the one given, else
  the only one the text names; else it is empty, and such a key meets nothing: 中山路 lies in a dozen districts.
- Text is folded first: NFKC (compatibility ideographs, full-width digits), 臺 to 台 (probity.text); 造字 of the
  private-use area stay. Numbers are Chinese: ``3段`` and ``３段`` are 三段, ``大墩10街`` is 大墩十街.
- Lanes are cut to their road: 文心路二段120巷5弄 is 文心路二段. A lane with a name of its own (青仔巷) is no road.
- Numbered roads: 省道台3線 and 台三線 are 台3線, 中75鄉道 is 中75線, 縣道129 and 市道129 are 市道129, 國道4號.
  西濱快速公路 is 西濱快速道路. A bridge (光輝橋) and a named 產業道路 or 農路 count as roads; the bare words do not.
- **Sections**: two different sections of one road never meet. Where one side names no section it is unknown which
  one it speaks of, and it meets every section of that road in that district (``probity.matching.meeting``).
- **Shared names**: a road on a border of districts has a key in each; only distance tells that they are one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from probity import config, settings, text

_NUMERALS = "一二三四五六七八九十"
_CJK = "\u3005\u3400-\u9fff\ue000-\uf8ff\U00020000-\U0003ffff"
_HEAD = re.compile(rf"[^{_CJK}]*$")
_RUN = re.compile(rf"[{_CJK}]+\d{{0,3}}$")
_SECTION = re.compile(rf"\s*(\d{{1,2}}|[{_NUMERALS}]{{1,3}})段")
_MORE = re.compile(rf"\s*(?:(?P<through>[至~到-])|[、,及與和])\s*(?P<section>\d{{1,2}}|[{_NUMERALS}]{{1,3}})段")
_KIND = re.compile("大道|路|街|橋")
_BRIDGE_AFTER = frozenset("頭樑梁江")
_LONGEST = 6
_WINDOW = 14
_NAME = re.compile(rf".{{2}}[東西南北中]?[{_NUMERALS}]{{0,3}}$")
_VILLAGE = re.compile(r"^.{2,3}[里村](?=.{2})")
_CITY = re.compile(r"台中(?:市(?!政[東西南北]?[一二三四五六七八九十]?路)|縣)")
_FAST = re.compile("快速公$")
_NAMED = ("快速道", "產業道")
_ROUTE = re.compile(
    rf"國道\s*(?P<national>\d{{1,2}}|[{_NUMERALS}]{{1,2}})號"
    rf"|(?:省道\s*)?(?<!中)台\s*(?P<provincial>\d{{1,2}}|[{_NUMERALS}]{{1,3}})(?P<branch>[甲乙丙丁戊己庚]?)線"
    rf"|(?:市|縣)道\s*(?P<city>\d{{3}})(?:\s*[號線])?|(?<!\d)(?P<city_before>\d{{3}})\s*(?:市|縣)道"
    rf"|中\s*(?P<local>\d{{1,3}})(?P<local_branch>-\d)?\s*(?:鄉道|線|號道路|市道|區道)"
)


@dataclass(frozen=True)
class _Words:
    district: re.Pattern[str]
    not_body: re.Pattern[str]
    not_before: frozenset[str]
    cut: re.Pattern[str]
    leading: Mapping[str, str]
    not_bridge: re.Pattern[str]


@lru_cache(maxsize=1)
def _words() -> _Words:
    table: dict[str, Any] = config.load(settings.ROOT / "include" / "config", "matching")
    city, county = table["districts"]["city"], table["districts"]["county"]
    short = "".join(s for s in city if len(s) == 1)
    long = [s for s in [*city, *county] if len(s) > 1]
    stem = "|".join([*long, f"[{short}]"])
    # 「西屯、西、中區」 names three; one-character names (中區, 東區) only where no other word can hold them.
    district = (
        rf"(?:(?<![{_CJK}])|(?<=[市縣度、及和與段])|(?=(?:{'|'.join(long)})))"
        rf"(?P<names>(?:(?:{stem})區?\s*[、,及和與]\s*)*(?:{stem}))"
        rf"(?:區|(?<=(?:{'|'.join(county)}))(?:鄉|鎮|市(?![場區政民立])))(?![路街])"
    )
    words = table["roads"]
    cut = "|".join(sorted([*words["separators"], *words["phrases"]], key=lambda w: (-len(w), w)))
    for word, names in words["inner_separators"].items():
        cut += f"|{word}(?=..)" + (f"(?![{names}])" if names else "")
    return _Words(
        re.compile(district),
        re.compile("(?:" + "|".join(words["not_bodies"]) + ")$"),
        frozenset(words["not_before"]),
        re.compile(f".*(?:{cut})"),
        words["leading"],
        re.compile("(?:" + "|".join(words["not_bridges"]) + ")$"),
    )


@lru_cache(maxsize=1)
def _stems() -> re.Pattern[str]:
    table = config.load(settings.ROOT / "include" / "config", "matching")["districts"]
    return re.compile("|".join(sorted([*table["city"], *table["county"]], key=lambda s: (-len(s), s))))


def districts() -> list[str]:
    """The 29 districts of the city, sorted: 中區, 北區, 北屯區 ..."""
    table = config.load(settings.ROOT / "include" / "config", "matching")["districts"]
    return sorted(f"{s}區" for s in [*table["city"], *table["county"]])


def _districts(folded: str) -> list[tuple[int, str]]:
    """(where it ends, district) of each mention, in the order of the text; 「西屯、西、中區」 is three mentions."""
    return [
        (match.end(), f"{stem}區")
        for match in _words().district.finditer(folded)
        for stem in _stems().findall(match["names"])
    ]


def districts_of(value: str | None) -> list[str]:
    """Every district that the text names, in its order, each once. 「(西屯、西、中區及鄰近區域)」 names three.

    Names of before 2010 count (豐原市, 大甲鎮, 外埔鄉). 中區 inside 「台電台中區營業處」 or 「市六區」 does not.
    """
    return list(dict.fromkeys(name for _, name in _districts(text.fold(value)))) if value else []


def district_of(value: str | None) -> str | None:
    """The first district that the text names, None when it names none."""
    found = districts_of(value)
    return found[0] if found else None


def road_keys(district: str | None, value: str | None) -> list[str]:
    """The keys of the roads that the text names, sorted, each once; [] when it names none.

    ``district``: where the text is known to lie (行政區 of the row); a district within the text goes before it.
    """
    if not value:
        return []
    folded = text.fold(value)
    places = _districts(folded)
    known = district_of(district) or ""
    if not known and len({name for _, name in places}) == 1:
        known = places[0][1]
    keys = set()
    for at, road in [*_streets(folded, places), *_routes(folded)]:
        inside = [name for end, name in places if end <= at]
        keys.add(f"{inside[-1] if inside else known}/{road}")
    return sorted(keys)


def _streets(folded: str, places: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """(where it starts, name with its section) of each street, avenue or bridge."""
    words = _words()
    found = []
    begin = 0
    stops = [end for end, _ in places] + [m.end() for m in _CITY.finditer(folded)]
    for match in _KIND.finditer(folded):
        at, end, kind = match.start(), match.end(), match[0]
        after = folded[end : end + 1]
        if at < begin:
            continue
        start = max([begin, at - _WINDOW, *(s for s in stops if s <= at)])
        body = _body(folded[start:at], words)
        if kind == "橋":
            if 2 <= len(body) <= 4 and after not in _BRIDGE_AFTER and not words.not_bridge.search(body):
                found.append((start, f"{body}橋"))
                begin = end
            continue
        name = _street(body, kind, after, words)
        begin = end
        if name is None:
            continue
        sections, begin = _sections(folded, end)
        found.extend((start, name + section) for section in sections or [""])
    return found


def _sections(folded: str, at: int) -> tuple[list[str], int]:
    """The sections named at ``at`` (一段、三段 are two, 一段至三段 three), and where the text goes on."""
    first = _SECTION.match(folded, at)
    if first is None:
        return [], at
    numbers, end = [_arabic(first[1])], first.end()
    while more := _MORE.match(folded, end):
        last = _arabic(more["section"])
        numbers += range(numbers[-1] + 1, last + 1) if more["through"] else [last]
        end = more.end()
    return [f"{_chinese(str(n))}段" for n in dict.fromkeys(numbers)], end


def _body(before: str, words: _Words) -> str:
    """What stands before 路, 街, 橋 and can be its name."""
    run = _RUN.search(before)
    if run is None:
        return ""
    body = words.cut.sub("", run[0]).removeprefix("台中" if "台中市政" in run[0] else "")
    while len(body) > 2 and body[0] in words.leading and body[1] not in words.leading[body[0]]:
        body = body[1:]
    body = _VILLAGE.sub("", body)
    if len(body) > _LONGEST and (name := _NAME.search(body)):
        body = name[0]
    return re.sub(r"\d+$", lambda m: _chinese(m[0]), body)


def _street(body: str, kind: str, after: str, words: _Words) -> str | None:
    if kind != "大道" and after in words.not_before:
        return None
    if kind == "路":
        body = _FAST.sub("快速道", body)
        if body.endswith(_NAMED) and len(body) > 4:
            return f"{body}路"
    if len(body) < 2 or (kind == "路" and words.not_body.search(body)):
        return None
    return f"{body}{kind}"


def _routes(folded: str) -> list[tuple[int, str]]:
    found = []
    for match in _ROUTE.finditer(folded):
        if match["national"]:
            name = f"國道{_arabic(match['national'])}號"
        elif match["provincial"]:
            name = f"台{_arabic(match['provincial'])}{match['branch']}線"
        elif match["local"]:
            name = f"中{int(match['local'])}{match['local_branch'] or ''}線"
        else:
            name = f"市道{match['city'] or match['city_before']}"
        found.append((match.start(), name))
    return found


def _chinese(number: str) -> str:
    """1 to 99 in Chinese numerals; other numbers and what is Chinese already as it stands."""
    if not number.isdigit() or not 0 < int(number) < 100:
        return number
    tens, units = divmod(int(number), 10)
    head = "" if not tens else ("十" if tens == 1 else f"{_NUMERALS[tens - 1]}十")
    return head + (_NUMERALS[units - 1] if units else "")


def _arabic(number: str) -> int:
    if number.isdigit():
        return int(number)
    tens, ten, units = number.partition("十")
    if not ten:
        return _NUMERALS.index(number[-1]) + 1
    return (_NUMERALS.index(tens) + 1 if tens else 1) * 10 + (_NUMERALS.index(units) + 1 if units else 0)


# ---------------------------------------------------------------------------------------------- many rows


def road_keys_column(districts: pa.Array | pa.ChunkedArray, texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """``road_keys`` of each row, joined by comma; NULL where the text names no road. A distinct text is read once."""
    frame = pa.table({"district": districts, "text": texts})
    unique = frame.group_by(["district", "text"]).aggregate([])
    keys = [
        ",".join(road_keys(d, t)) or None
        for d, t in zip(unique["district"].to_pylist(), unique["text"].to_pylist(), strict=True)
    ]
    codes = _codes(frame, unique)
    return pa.array(keys, pa.string()).take(codes)


def _codes(frame: pa.Table, unique: pa.Table) -> pa.Array:
    """Row number in ``unique`` of each row of ``frame``."""
    index = {pair: i for i, pair in enumerate(zip(*(unique[c].to_pylist() for c in unique.column_names), strict=True))}
    pairs = zip(*(frame[c].to_pylist() for c in unique.column_names), strict=True)
    return pa.array([index[pair] for pair in pairs], pa.int32())
