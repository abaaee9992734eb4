"""What the words of a contract say: which facility it is, by what it counts as road works, how long its warranty runs.

In: facts of contracts and the options of include/config/works.yaml. Out: columns of PROJECT. Why apart: words are data
of the department; how sources are merged is not.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from probity import text

FACILITIES = ("road", "building", "structure", "other")


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the words, folded as titles are; one that never matches when there are none."""
    return re.compile("|".join(re.escape(text.nfkc(w)) for w in sorted(words, key=lambda w: (-len(w), w))) or r"(?!)")


def in_force(entries: Iterable[Mapping[str, Any]], day: dt.date) -> list[Mapping[str, Any]]:
    """The dated entries that hold on ``day``."""
    return [
        e for e in entries if e["effective_from"] <= day and (e.get("effective_to") is None or day <= e["effective_to"])
    ]


@dataclass(frozen=True)
class Words:
    """The word lists of works.yaml, compiled once. ``options``: the job's part of it."""

    options: Mapping[str, Any]

    @cached_property
    def _road(self) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
        road = self.options["road"]
        return (
            _any_of(road["not_words"]),
            _any_of(road["words"]),
            re.compile("|".join(road["patterns"]) or r"(?!)"),
            _any_of(road["other_works"]),
        )

    @cached_property
    def _agency_names(self) -> list[tuple[Mapping[str, Any], str]]:
        return [(a, text.name_key(a["name"])) for a in self.options["road"]["agencies"]]

    @cached_property
    def _others(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(name, _any_of(words)) for name, words in self.options["other_facilities"]["words"].items()]

    @cached_property
    def _export(self) -> dict[str, str]:
        return {text.nfkc(k): v for k, v in self.options["other_facilities"]["export"].items()}

    @cached_property
    def _warranty(self) -> list[tuple[Mapping[str, Any], re.Pattern[str] | None]]:
        return [(e, _any_of(e["words"]) if e.get("words") else None) for e in self.options["warranty_years"]]

    @cached_property
    def _states(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return _any_of(self.options["states"]["terminated"]), _any_of(self.options["states"]["finished"])

    def road_by_words(self, title: str) -> bool:
        """Does the title speak of road works? 路燈, 網路 and the like are taken out first; a road's name alone counts
        only with a word of works after it, and not in a contract for sewers, pipes or parks."""
        noise, words, patterns, other = self._road
        written = noise.sub("", text.nfkc(title))
        return bool(words.search(written)) or bool(patterns.search(written) and not other.search(written))

    def facility(
        self, title: str, class_code: str | None, written: str | None, agency: tuple[str, str], day: dt.date | None
    ) -> tuple[str, str | None]:
        """(facility, road_basis). Road when the class, the export or the words say so (any one alone misses many,
        DOMAIN B1.6); by agency only when nothing else says what it is. ``agency``: (key, name key)."""
        code = class_code or ""
        said = self._export.get(text.nfkc(written)) if written else None
        basis = {
            "class": code in self.options["road"]["classes"],
            "export": said == "road",
            "words": self.road_by_words(title),
        }
        classes: Mapping[str, str] = self.options["other_facilities"]["classes"]
        by_class = next((classes[p] for p in sorted(classes, key=len, reverse=True) if code.startswith(p)), None)
        by_words = next((name for name, words in self._others if words.search(text.nfkc(title))), None)
        other = (said if said != "road" else None) or by_class or by_words
        if not other:
            basis["agency"] = self._is_road_agency(agency, day)
        found = ",".join(sorted(name for name, holds in basis.items() if holds))
        return ("road", found) if found else (other or "other", None)

    def _is_road_agency(self, agency: tuple[str, str], day: dt.date | None) -> bool:
        return any(
            (entry.get("agency_id") and (agency[0] + ".").startswith(entry["agency_id"] + ".")) or name == agency[1]
            for entry, name in self._agency_names
            if day is None or in_force([entry], day)
        )

    def warranty_years(self, title: str, facility: str, day: dt.date | None) -> int:
        """Years of warranty where the contract says none: the first entry that fits, of the award's day."""
        written = text.nfkc(title)
        for entry, words in self._warranty:
            if entry["facility"] != facility or (words is not None and not words.search(written)):
                continue
            if day is None or in_force([entry], day):
                return int(entry["years"])
        return 1

    def state(self, written: str | None) -> tuple[bool, bool]:
        """(terminated, finished) of an execution state as the export writes it."""
        if not written:
            return False, False
        terminated, finished = self._states
        state = re.sub(r"[未尚不]\S{0,3}(?:完工|竣工|驗收|結案)\S*", "", text.nfkc(written))
        ended = bool(terminated.search(state))
        return ended, bool(finished.search(state)) and not ended

    def paving(self, case_type: str | None, *texts: str | None) -> bool:
        """Is a permit for paving or repair of the road itself, not a dig for a pipe?"""
        paving, digging = self._case_types
        kind = text.nfkc(case_type) if case_type else ""
        if kind in paving or kind in digging:
            return kind in paving
        return bool(self._paving_words.search(text.nfkc(" ".join(t for t in texts if t))))

    @cached_property
    def _case_types(self) -> tuple[frozenset[str], frozenset[str]]:
        paving = self.options["paving"]
        return (
            frozenset(text.nfkc(c) for c in paving["case_types"]),
            frozenset(text.nfkc(c) for c in paving["digging_types"]),
        )

    @cached_property
    def _paving_words(self) -> re.Pattern[str]:
        return _any_of(self.options["paving"]["words"])


def known(words: Words, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each contract (ak, ck, title, category_code, facility_raw, agency_name, award_date, start_date, exec_state)
    its facility, road_basis, warranty_years, terminated and finished."""
    out = []
    for fact in facts:
        day = fact["award_date"] or fact["start_date"]
        agency = (fact["ak"], text.name_key(fact["agency_name"]))
        facility, basis = words.facility(fact["title"], fact["category_code"], fact["facility_raw"], agency, day)
        terminated, finished = words.state(fact["exec_state"])
        out.append(
            {
                "known_ak": fact["ak"],
                "known_ck": fact["ck"],
                "facility": facility,
                "road_basis": basis,
                "warranty_years": words.warranty_years(fact["title"], facility, day),
                "terminated": terminated,
                "finished": finished,
            }
        )
    return out
