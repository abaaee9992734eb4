"""Which firm a permit means by the name that it carries.

In: name keys of permits (probity.text.name_key of names cut at ten characters, abbreviated, sometimes a phone number)
and the firms that could be meant. Out: PERMIT_FIRM. Why: permits know no 統編; whether the contractor who digs is the
one who paved hangs on this, so each answer says how sure it is, and one that is not is shown as such, never counted.

How a permit's key P is held against a firm's key K, whose core is K without its trade words (展翊營造: core 展翊; the
words are in include/config/matching.yaml). The first that holds gives the confidence:

=======  ==================================================================================  ==========
method   when                                                                                confidence
=======  ==================================================================================  ==========
exact    P = K                                                                               1.00
cut      P = K and a cut company form (翔富裕營造股份有限公: tries 股份有限公司, 有限公司)   0.97
prefix   P = K cut at ten characters, at least nine of them left                             0.95
prefix   P = the core and the beginning of its trade words (潁飛土木包工)                    0.90
stem     P = the core alone, of three characters or more                                     0.90
stem     P = the core alone, of two characters (展翊)                                        0.85
stem     P and K have the same core, one of them with more trade words (統元營造, 統元營造工程)  0.70
prefix   P = the beginning of the core, two characters or more                               0.50
stem     the same core and another trade (大新工程, 大新電纜)                                0.40
=======  ==================================================================================  ==========

A core of one character is 0.30 by whichever way. **Sure** is a match at or above the limit without a rival: another
firm whose confidence is within 0.15 of it. Rivals are listed too, all of them not sure. Two rows of one name of which
at most one has a 統編 are one firm. The scale is an ordering by what can go wrong, set by judgement, not a probability;
what it does on the real permits is measured in tests/unit/matching/test_firms.py.
"""

from __future__ import annotations

import bisect
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from probity import config, settings
from probity.tables import PERMIT_FIRM

LIMIT = 0.80
MARGIN = 0.15
CUT_AT = 10
_SHORT = 0.30
_FORMS = ("股份有限公司", "有限公司", "公司")
_CUT_FORM = re.compile(
    "(?:" + "|".join(sorted({f[:n] for f in _FORMS for n in range(1, len(f))}, key=lambda c: (-len(c), c))) + ")$"
)
_NUMBER = re.compile(r"[\d()#*\-/ ]+$")


@dataclass(frozen=True, order=True)
class Candidate:
    """A firm that a permit's name may mean; ``key`` is the firm's name key."""

    firm: str
    key: str
    name: str
    confidence: float
    method: str


@lru_cache(maxsize=1)
def _trades() -> re.Pattern[str]:
    words = config.load(settings.ROOT / "include" / "config", "matching")["firms"]["trades"]
    return re.compile("(?:" + "|".join(sorted(words, key=lambda w: (-len(w), w))) + ")$")


def core(key: str) -> str:
    """A name key without the trade words at its end; a name of trade words alone keeps its first."""
    while (match := _trades().search(key)) and match.start():
        key = key[: match.start()]
    return key


class Register:
    """The firms that permits may mean, ready for ``candidates``; ``rows``: firm, firm_name, firm_key."""

    def __init__(self, rows: Iterable[Mapping[str, str | None]]) -> None:
        self._firms: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows:
            firm, name, key = row["firm"], row["firm_name"], row["firm_key"]
            if firm and name and key:
                names = self._firms[key]
                names[firm] = min(name, names.get(firm, name))
        self._sorted = sorted(self._firms)
        self._by_core: dict[str, list[str]] = defaultdict(list)
        for key in self._sorted:
            self._by_core[core(key)].append(key)

    def _beginning(self, start: str) -> list[str]:
        """Keys that begin with ``start``, itself not among them."""
        first = bisect.bisect_right(self._sorted, start)
        last = bisect.bisect_left(self._sorted, start + "\U0010ffff")
        return self._sorted[first:last]

    def _keys(self, written: str) -> dict[str, tuple[float, str]]:
        """Firm key -> confidence and method, for what a permit has written."""
        found: dict[str, tuple[float, str]] = {}

        def add(key: str, confidence: float, method: str) -> None:
            if len(core(key)) < 2 and method != "exact":
                confidence = min(confidence, _SHORT)
            if confidence > found.get(key, (0.0, ""))[0]:
                found[key] = (confidence, method)

        for key in self._by_core.get(core(written), []):
            longer = key.startswith(written) or written.startswith(key)
            if key == written:
                add(key, 1.0, "exact")
            elif core(key) == written:
                add(key, 0.90 if len(written) > 2 else 0.85, "stem")
            else:
                add(key, 0.70 if longer else 0.40, "stem")
        if len(written) > 1:
            for key in self._beginning(written):
                if len(written) >= CUT_AT - 1:
                    add(key, 0.95, "prefix")
                elif len(written) > len(core(key)):
                    add(key, 0.90 if core(written) != core(key) else 0.70, "prefix")
                elif len(written) < len(core(key)):
                    add(key, 0.50, "prefix")
        return found

    def candidates(self, written: str) -> list[Candidate]:
        """The firms that a permit's name key may mean, best first: the best and those it does not clearly beat."""
        if not written or _NUMBER.fullmatch(written):
            return []
        found = self._keys(written)
        if (whole := _CUT_FORM.sub("", written)) != written and len(whole) > 1:
            for key, (confidence, method) in self._keys(whole).items():
                if method == "exact":
                    confidence, method = 0.97, "cut"
                if confidence > found.get(key, (0.0, ""))[0]:
                    found[key] = (confidence, method)
        if not found:
            return []
        best = max(confidence for confidence, _ in found.values())
        near = {key: match for key, match in found.items() if match[0] > best - MARGIN}
        return sorted(
            (
                Candidate(firm, key, name, confidence, method)
                for key, (confidence, method) in near.items()
                for firm, name in self._firms[key].items()
            ),
            key=lambda c: (-c.confidence, c.firm),
        )


def _one_firm(candidates: list[Candidate]) -> bool:
    """Are all these one firm? Yes when it is one entity, or one name of which at most one entity has a 統編."""
    if len({c.firm for c in candidates}) == 1:
        return True
    return len({c.key for c in candidates}) == 1 and sum(not c.firm.startswith("N:") for c in candidates) <= 1


def match(
    firm_keys: pa.Array | pa.ChunkedArray | Iterable[str | None],
    register: pa.Table | Iterable[Mapping[str, str | None]],
    limit: float = LIMIT,
) -> pa.Table:
    """PERMIT_FIRM: for each distinct permit key the firms it may mean, sorted; a key that means none has no row.

    ``register``: a table or rows with firm, firm_name, firm_key (PROJECT_FIRM, CONTRACTOR, BID fit). ``limit``: least
    confidence of a sure match; 0.80 takes 展翊 for 展翊營造有限公司 when nobody else in the register is called so.
    """
    keys = firm_keys.to_pylist() if isinstance(firm_keys, (pa.Array, pa.ChunkedArray)) else firm_keys
    rows = (
        register.select(["firm", "firm_name", "firm_key"]).to_pylist() if isinstance(register, pa.Table) else register
    )
    known = Register(rows)
    out = []
    for key in sorted({k for k in keys if k}):
        candidates = known.candidates(key)
        alone = _one_firm(candidates)
        best: dict[str, Candidate] = {}
        for candidate in candidates:
            best.setdefault(candidate.firm, candidate)
        out += [
            {
                "firm_key": key,
                "firm": c.firm,
                "firm_name": c.name,
                "confidence": c.confidence,
                "method": c.method,
                "sure": alone and c.confidence >= limit,
            }
            for c in best.values()
        ]
    out.sort(key=lambda row: (row["firm_key"], row["firm"]))
    return pa.Table.from_pylist(out, schema=PERMIT_FIRM.arrow_schema())
