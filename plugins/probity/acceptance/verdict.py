"""What the measured values say: per lot and for the whole project, pass or fail, with the rule and the figures named.

In: INSPECTION_LIMIT, INSPECTION_MEASURE, acceptance.yaml. Out: INSPECTION_TEST. Why: the verdict is computed again from
the values; what a cell of the form shows is never believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from probity.acceptance.pwl import deviation_of, mean_of, within_limits
from probity.acceptance.rules import Bounds, Config, bounds_of
from probity.tables.works import INSPECTION_TEST

_DIGITS = 6
"""decimals to which value and limit are compared: typed decimals compare as they are written"""


def evaluate(limits: pa.Table, measures: pa.Table, config: Config) -> pa.Table:
    """INSPECTION_TEST, a row for each inspection, test and lot, and lot 0 for the whole project; sorted by key.

    Every sample stands for itself (``lower``, ``upper``), the mean of a lot for the lot; lot 0 fails when its own
    figures or any lot fails. A test with values but no limits, or without values, is not assessable, with the reason.
    """
    by_test = {(r["inspection_id"], r["test"]): r for r in limits.to_pylist()}
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {k: [] for k in by_test}
    for row in measures.to_pylist():
        rows.setdefault((row["inspection_id"], row["test"]), []).append(row)
    out = [line for key in sorted(rows) for line in _test(key, by_test.get(key), rows[key], config)]
    return pa.Table.from_pylist(out, schema=INSPECTION_TEST.arrow_schema())


def _test(
    key: tuple[str, str], limit: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]], config: Config
) -> list[dict[str, Any]]:
    judge = _Judge(key[1], limit, config)
    lots: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        lots.setdefault(int(row["lot"]), []).append(row)
    each = [judge.lot(number, lots[number]) for number in sorted(lots)]
    failed = [line["lot"] for line in each if line["state"] == "fail"]
    whole = judge.lot(0, list(rows), failed if len(lots) > 1 else ())
    return [{"inspection_id": key[0], "test": key[1], **line} for line in (whole, *each)]


class _Judge:
    """One test of one inspection."""

    def __init__(self, test: str, limit: Mapping[str, Any] | None, config: Config) -> None:
        self.about: Mapping[str, Any] = config["tests"].get(test, {})
        self.texts: Mapping[str, Any] = config["texts"]
        self.limit, self.config = limit, config
        self.bounds = Bounds() if limit is None else bounds_of(limit, config)

    def lot(self, number: int, rows: Sequence[Mapping[str, Any]], failed: Sequence[int] = ()) -> dict[str, Any]:
        values = [float(r["value"]) for r in sorted(rows, key=lambda r: r["sample_no"]) if r["value"] is not None]
        line: dict[str, Any] = {
            "lot": number,
            "n": len(values),
            "rule_id": self.limit["rule_id"] if self.limit else "",
            "rule_source": self.limit["rule_source"] if self.limit else "",
        }
        missing = len(rows) - len(values)
        if values:
            line |= self._figures(values)
        line["state"], said = self._state(values, line, failed)
        line["reason"] = self._reason(line, missing) + "；" + said if values else said
        grade = self.about.get("grade")
        line["grade_effect"] = self.config["grades"][grade] if grade and line["state"] == "fail" else None
        return line

    def _figures(self, values: Sequence[float]) -> dict[str, Any]:
        pwl = within_limits(values, self.bounds.lower, self.bounds.upper, self.about.get("rounding"))
        deviation = deviation_of(values)
        return {
            "mean": round(mean_of(values), _DIGITS),
            "sd": None if deviation is None else round(deviation, _DIGITS),
            "worst": self._worst(values),
            "pwl": None if pwl is None else round(pwl.value, 4),
            "_table": None if pwl is None else pwl.table,
        }

    def _worst(self, values: Sequence[float]) -> float | None:
        """The value that lies furthest beyond its limit, or nearest to it."""
        low, high = min(values), max(values)
        lower, upper = self.bounds.lower, self.bounds.upper
        if lower is None and upper is None:
            lower, upper = self.bounds.mean_lower, self.bounds.mean_upper
        if lower is None and upper is None:
            return None
        if lower is None or upper is None:
            return low if upper is None else high
        return high if high - upper > lower - low else low

    def _state(self, values: Sequence[float], line: Mapping[str, Any], failed: Sequence[int]) -> tuple[str, str]:
        texts, bounds = self.texts, self.bounds
        if not values:
            return "not_assessable", texts["no_values"]
        if not bounds.known:
            return "not_assessable", texts["no_bounds" if self.limit else "no_limit"]
        if bounds.sd_upper is not None and line["lot"] and line["sd"] is None:
            return "not_assessable", texts["no_values"]
        said = []
        low = sum(bounds.lower is not None and round(v, _DIGITS) < bounds.lower for v in values)
        high = sum(bounds.upper is not None and round(v, _DIGITS) > bounds.upper for v in values)
        if low:
            said.append(texts["low"].format(n=low, bound=self._number(bounds.lower)))
        if high:
            said.append(texts["high"].format(n=high, bound=self._number(bounds.upper)))
        if bounds.mean_lower is not None and line["mean"] < bounds.mean_lower:
            said.append(texts["mean_low"].format(bound=self._number(bounds.mean_lower)))
        if bounds.mean_upper is not None and line["mean"] > bounds.mean_upper:
            said.append(texts["mean_high"].format(bound=self._number(bounds.mean_upper)))
        # The deviation of readings is a matter of each section; over the whole road it says nothing.
        if bounds.sd_upper is not None and line["lot"] and line["sd"] > bounds.sd_upper:
            said.append(texts["sd_high"].format(bound=self._number(bounds.sd_upper)))
        if failed:
            said.append(texts["lots"].format(lots="、".join(map(str, failed))))
        if said:
            return "fail", "，".join(said)
        return "pass", texts["within"].format(bounds=self._bounds())

    def _bounds(self) -> str:
        names = self.texts["bound_names"]
        held = [(names[k], v) for k, v in self.bounds.items().items() if v is not None]
        return "、".join(f"{zh}{self._number(v)}" for zh, v in held)

    def _reason(self, line: dict[str, Any], missing: int) -> str:
        texts, unit, digits = self.texts, self.about.get("unit", ""), int(self.about.get("decimals", 2))
        table = line.pop("_table")
        out = str(texts["figures"].format(n=line["n"], mean=f"{line['mean']:.{digits + 1}f}", unit=unit))
        if line["sd"] is not None:
            out += texts["sd"].format(sd=f"{line['sd']:.{digits + 1}f}")
        if line["worst"] is not None:
            out += texts["worst"].format(worst=f"{line['worst']:.{digits}f}")
        if line["pwl"] is not None:
            out += texts["pwl"].format(pwl=f"{line['pwl']:.2f}", table=table)
        if missing:
            out += texts["not_measured"].format(n=missing)
        return out

    @staticmethod
    def _number(value: float | None) -> str:
        return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
