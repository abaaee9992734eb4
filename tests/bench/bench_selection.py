"""``./probity bench selection``: does the score beat chance and single screens on auctions with a proven verdict?

In: auctions with every bid and a collusion label (García Rodríguez et al. 2022 column layout), by default the two
sets of the shared data; ``--data FILE`` for others. Out: AUC, precision and lift of the top 5, 8.5 and 10 % with
bootstrap 95 % intervals, for chance, each single screen, co-bidding cohesion, and Probity's score without labels and
with weights learnt from a random control share, side by side with the leak checks of INDICATORS.md.

What is the product's own here: the screens' SQL (include/sql/procurement), ``selection.score`` (points, sums),
``selection.learning.learn`` (weights from control results), ``selection.record`` (firms met in audited cases) and
``probity.tickets`` (who is in the control share). Only the table of auctions is turned into signals here.

Honesty: no dates are used by any scorer except the row that says so; audited control tenders never count in the
test; "later half" learns from control tenders of the earlier half alone and knows only earlier co-bidding.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import rankdata

from probity import canonical, config, selection, signals, tickets
from probity.calendar import Period
from probity.selection import choose, learning, record, score
from probity.settings import ROOT
from probity.tables import AUDIT_RESULT, AWARD_CASE, BID, SELECTION_CASE, SIGNAL_RESULT, Table

CUTS = (0.05, 0.085, 0.10)
RESAMPLES = 1000
DRAWS = 20
PRIOR_SD = 1.0

# Direction and prior weight of a screen in published work (chosen with both labelled sets at hand, so neither set is
# a blind test of them; feed another by --data): Imhof 2017; Huber and Imhof 2019; Wallimann et al. 2022; Wachs and
# Kertesz 2019 (cohesion). +: high values suspect, -: low values. 0: no prior.
PRIOR = {
    "cv": -1.0,
    "spd": -0.5,
    "diffp": 0.0,
    "rd": 0.5,
    "skew": -0.5,
    "kurt": 0.25,
    "ks": 0.25,
    "cohesion": 0.5,
    "losing": 0.5,
    "bidders": 0.0,
    "value": 0.0,
    "record": 2.0,
    "date": 0.0,
}
SCREENS = ("cv", "spd", "diffp", "rd", "skew", "kurt", "ks")
DIRECTION = {"cv": -1, "spd": -1, "diffp": 1, "rd": 1, "skew": -1, "kurt": 1, "ks": 1, "cohesion": 1}
NETWORK = ("cohesion", "losing")
CONTEXT = ("bidders", "value")
FAMILIES: dict[str, str | None] = {"record": "audit_record"}
RECORD_FULL_AT = 0.5


# -- auctions ----------------------------------------------------------------------------------------------------
@dataclass
class Auctions:
    """``bids``: tender, price, firm (None where not published), winner. ``tenders`` (index tender): label, date,
    n, and the features. A tender with fewer than three bids has no screens and is left out."""

    name: str
    bids: pd.DataFrame
    tenders: pd.DataFrame
    has_firms: bool

    def only(self, name: str, keep: pd.Series) -> Auctions:
        """The tenders for which ``keep``; co-bidding and ranks are computed anew from them alone."""
        chosen = keep[keep].index
        return prepare(
            name, self.bids[self.bids["tender"].isin(chosen)], self.tenders.loc[chosen, ["label", "date", "period"]]
        )


def read(path: Path) -> Auctions:
    """A file in the layout of García Rodríguez et al.: Bid_value, Tender, Number_bids, Winner, Collusive_competitor,
    optional Competitors (firm), Date, and a period column. ValueError names what is missing."""
    raw = pd.read_csv(path, low_memory=False)
    if missing := {"Tender", "Bid_value", "Winner", "Collusive_competitor"} - set(raw.columns):
        raise ValueError(f"{path.name}: missing columns {sorted(missing)}")
    period = next((c for c in raw.columns if c.lower().startswith("period")), None)
    bids = pd.DataFrame(
        {
            "tender": raw["Tender"].astype(str),
            "price": pd.to_numeric(raw["Bid_value"], errors="coerce"),
            "firm": raw["Competitors"].astype(str) if "Competitors" in raw else None,
            "winner": pd.to_numeric(raw["Winner"], errors="coerce").fillna(0) > 0,
        }
    )
    label = (pd.to_numeric(raw["Collusive_competitor"], errors="coerce") > 0).groupby(bids["tender"]).max()
    tenders = pd.DataFrame({"label": label.astype(float)})
    tenders["date"] = raw.groupby(bids["tender"])["Date"].min() if "Date" in raw else np.nan
    tenders["period"] = raw.groupby(bids["tender"])[period].first() if period else None
    return prepare(path.stem, bids[bids["price"] > 0], tenders)


def prepare(name: str, bids: pd.DataFrame, tenders: pd.DataFrame) -> Auctions:
    has_firms = bool(bids["firm"].notna().any())
    measured = screens(bids)
    tenders = tenders.join(measured, how="inner")
    tenders = tenders[tenders["bidders"] >= 3].sort_index().copy()
    bids = bids[bids["tender"].isin(tenders.index)]
    tenders["value"] = bids.groupby("tender")["price"].median()
    if has_firms:
        tenders = tenders.join(network(bids))
    return Auctions(name, bids, tenders, has_firms)


def screens(bids: pd.DataFrame) -> pd.DataFrame:
    """tender -> cv, spd, diffp, rd, skew, kurt, ks, bidders: by the very SQL that Probity's signals run."""
    sql = (ROOT / "include/sql/procurement/_30_screens.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.register("bids", bids[["tender", "price"]].rename(columns={"tender": "cid"}))
        frame = connection.sql(sql).df()
    return frame.set_index("tender").rename(columns={"n": "bidders"})[[*SCREENS, "bidders"]].astype(float)


def network(bids: pd.DataFrame, order: pd.Series | None = None) -> pd.DataFrame:
    """tender -> cohesion, losing, from the firms' other tenders (only earlier ones when ``order`` gives a date).

    cohesion: mean over pairs of bidders of tenders met in / tenders of either (Jaccard); losing: mean over bidders
    of (expected - actual wins) / sqrt(expected + 1/2), a tender of n bidders giving each an expectation of 1/n.
    """
    pairs = bids[["tender", "firm", "winner"]].groupby(["tender", "firm"])["winner"].max().reset_index()
    firm, _ = pd.factorize(pairs["firm"], sort=True)
    pairs["firm"], size = firm, firm.max() + 1
    together, seen = np.zeros((size, size), np.float32), np.zeros(size)
    wins, expected = np.zeros(size), np.zeros(size)
    groups = {t: (g["firm"].to_numpy(), g["winner"].to_numpy(float)) for t, g in pairs.groupby("tender")}

    def add(tender: str, sign: float) -> None:
        members, won = groups[tender]
        together[np.ix_(members, members)] += sign
        seen[members] += sign
        wins[members] += sign * won
        expected[members] += sign / len(members)

    def measure(tender: str) -> tuple[float, float]:
        members = groups[tender][0]
        met = together[np.ix_(members, members)]
        union = seen[members][:, None] + seen[members][None, :] - met
        off = ~np.eye(len(members), dtype=bool)
        jaccard = np.divide(met, union, out=np.zeros_like(union), where=union > 0)
        lost = (expected[members] - wins[members]) / np.sqrt(np.maximum(expected[members], 0) + 0.5)
        return (float(jaccard[off].mean()) if len(members) > 1 else 0.0), float(lost.mean())

    out = {}
    if order is None:
        for tender in groups:
            add(tender, 1)
        for tender in groups:
            add(tender, -1)
            out[tender] = measure(tender)
            add(tender, 1)
    else:
        ranked = order.reindex(list(groups)).sort_values(kind="stable")
        for _, day in ranked.groupby(ranked):
            out |= {tender: measure(tender) for tender in day.index}
            for tender in day.index:
                add(tender, 1)
    return pd.DataFrame.from_dict(out, orient="index", columns=["cohesion", "losing"])


# -- from features to signals to the product's score --------------------------------------------------------------
def bands(tenders: pd.DataFrame) -> pd.Series:
    """Three bands of bidder numbers with about as many tenders each."""
    places = pd.qcut(tenders["bidders"].rank(method="first"), 3, labels=False)
    return tenders["bidders"].map(places.groupby(tenders["bidders"]).min())


def values_of(tenders: pd.DataFrame, features: Sequence[str]) -> pa.Table:
    """The features as SIGNAL_RESULT rows that did not fire: what the graded parts of the score read.

    Screens come as their mid-rank within the band of bidder numbers (as Probity's own screens do), the firms' audit
    record as a signal that fired (as in a selection), the rest as they are.
    """
    band = bands(tenders)
    frames = []
    for feature in features:
        value = tenders[feature].astype(float)
        if feature in SCREENS:
            value = value.groupby(band).rank(pct=True)
        state = np.where(value.notna(), "clear", "not_assessable")
        strength = pd.Series(np.nan, index=tenders.index)
        if feature == "record":
            state = np.where(value > 0, "fired", "clear")
            strength = (value / RECORD_FULL_AT).clip(0, 1)
        frames.append(pd.DataFrame({"case_id": tenders.index, "signal_id": feature, "state": state, "value": value}))
        frames[-1]["strength"] = strength.to_numpy()
    rows = pd.concat(frames, ignore_index=True)
    schema = pa.schema([f for f in SIGNAL_RESULT.arrow_schema() if f.name in rows.columns])
    return pa.Table.from_pandas(rows[schema.names], schema=schema, preserve_index=False)


def weight_set(features: Sequence[str], values: Mapping[str, float]) -> dict[str, Any]:
    """A weight set of graded parts (and the record) alone."""
    graded = [f for f in features if f != "record"]
    return {"default": 1.0, "decay": 1.0, "signals": dict(values), "graded": {"signals": graded}}


def prior_of(features: Sequence[str]) -> dict[str, float]:
    """Prior weight of each part: a feature's published direction, the opposite tail counting against."""
    tails = {
        f"{f}:{tail}": PRIOR[f] * sign for f in features for tail, sign in (("high", 1), ("low", -1)) if f != "record"
    }
    return tails | ({"record": PRIOR["record"]} if "record" in features else {})


def design(tenders: pd.DataFrame, result: pa.Table, features: Sequence[str]) -> pd.DataFrame:
    """tender x part: what multiplies each weight in the product's score."""
    names = sorted(prior_of(features))
    parts = score.parts(result, {}, weight_set(features, dict.fromkeys(names, 1.0)))
    matrix = parts.pivot_table(index="case_id", columns="signal_id", values="points", aggfunc="sum")
    return matrix.reindex(index=tenders.index, columns=names).fillna(0.0)


def product_score(tenders: pd.DataFrame, result: pa.Table, weights: dict[str, Any]) -> np.ndarray:
    """The score of ``probity.selection.score`` for each tender. Below 0 it is cut in a selection; here it is kept,
    since an AUC orders the whole list."""
    parts = score.parts(result, FAMILIES, weights)
    return parts.groupby("case_id")["points"].sum().reindex(tenders.index).fillna(0.0).to_numpy()


Scored = tuple[np.ndarray, np.ndarray]  # label, score of the tested tenders


@dataclass
class Scorer:
    """A way to order tenders. ``run(auctions, seed)`` gives the tested tenders' labels and scores."""

    name: str
    run: Callable[[Auctions, int], Scored]
    draws: int = 1


def single(feature: str) -> Scorer:
    """One screen, in its published direction."""

    def run(auctions: Auctions, _seed: int) -> Scored:
        t = auctions.tenders
        return t["label"].to_numpy(), (DIRECTION[feature] * t[feature]).fillna(
            DIRECTION[feature] * t[feature].median()
        ).to_numpy()

    return Scorer(f"{feature.upper()} {'low' if DIRECTION[feature] < 0 else 'high'}", run)


def chance() -> Scorer:
    def run(auctions: Auctions, seed: int) -> Scored:
        t = auctions.tenders
        return t["label"].to_numpy(), np.array([float(tickets.ticket_number(i, seed)) for i in t.index])

    return Scorer("random (SHA-256 tickets)", run, DRAWS)


def unlabelled(name: str, features: tuple[str, ...]) -> Scorer:
    """Probity's score with prior weights: no label is used."""

    def run(auctions: Auctions, _seed: int) -> Scored:
        t = auctions.tenders
        weights = weight_set(features, prior_of(features))
        return t["label"].to_numpy(), product_score(t, values_of(t, features), weights)

    return Scorer(name, run)


def control_size(pool: int) -> int:
    return min(pool // 2, max(40, -(-pool // 10)))


def learnt(name: str, features: tuple[str, ...], later_half: bool = False) -> Scorer:
    """Probity's score with weights learnt from the audits of a random control share; tested on the rest."""

    def run(auctions: Auctions, seed: int) -> Scored:
        t = auctions.tenders.copy()
        pool = t.index
        if later_half:
            pool = t.index[(t["date"] < t["date"].median()).to_numpy()]
            if auctions.has_firms:
                t[list(NETWORK)] = network(auctions.bids, t["date"])
        control = [ticket.id for ticket in tickets.sample(pool, control_size(len(pool)), seed)]
        verdicts = {i: bool(t.at[i, "label"]) for i in control}
        if "record" in features:
            bids = auctions.bids.rename(columns={"tender": "case_id"})
            t["record"] = record.firm_record(bids, verdicts)["value"].reindex(t.index).fillna(0.0)
        result, prior = values_of(t, features), prior_of(features)
        inside = t.index.isin(control)
        matrix = design(t, result, features)
        centre = np.array([prior[name] for name in matrix.columns])
        fit = learning.learn(matrix.to_numpy()[inside], t["label"].to_numpy()[inside], centre, PRIOR_SD)
        weights = weight_set(features, dict(zip(matrix.columns, fit.coefficients, strict=True)))
        scored = product_score(t, result, weights)
        tested = ~t.index.isin(pool) if later_half else ~inside
        return t["label"].to_numpy()[tested], scored[tested]

    return Scorer(name, run, DRAWS)


# -- Probity as it is shipped -------------------------------------------------------------------------------------
DAY = dt.date(2021, 6, 15)
JUNE = Period.parse("2021-06")


def as_tables(auctions: Auctions) -> dict[str, pa.Table]:
    """The auctions as Probity's canonical tables: one invented agency, one day (so that no date can leak)."""
    bids = auctions.bids.copy()
    unnamed = "bidder " + bids["tender"] + " " + bids.groupby("tender").cumcount().astype(str)
    bids["firm"] = bids["firm"].where(bids["firm"].notna(), unnamed).astype(str)
    bids = bids.drop_duplicates(["tender", "firm"]).sort_values(["tender", "firm"])
    cases = [
        {"case_id": tender, "case_no": tender, "award_amount": round(group["price"].min()), "n_bidders": len(group)}
        for tender, group in bids.groupby("tender")
    ]
    same = {"agency_id": "9.9", "agency_key": "9.9", "agency_name": "bench", "title": "bench", "kind": "works"}
    same |= {"method": "open", "award_way": "lowest", "award_notice_date": DAY, "sources": "bench", "n_observations": 1}
    offers = [
        {"case_id": b.tender, "firm": b.firm, "firm_name": b.firm, "firm_key": b.firm, "is_winner": bool(b.winner)}
        | {"bid_amount": round(b.price)}
        for b in bids.itertuples()
    ]
    return {"award_case": _table(AWARD_CASE, [c | same for c in cases]), "bid": _table(BID, offers)}


def _table(definition: Table, rows: list[dict[str, Any]]) -> pa.Table:
    schema = definition.arrow_schema()
    return pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in rows], schema=schema)


class Shipped:
    """Every signal of include/sql, the shipped weights; and the same after ``selection.reweight`` saw the control."""

    def __init__(self, auctions: Auctions) -> None:
        self.auctions = auctions
        self.tables = as_tables(auctions)
        self.signals = signals.load_signals(ROOT / "include/sql/procurement")
        self.families = {s.id: s.family for s in self.signals}
        result = signals.run(self.tables, JUNE, self.signals, config.thresholds(ROOT / "include/config"))
        known = result.filter(pc.not_equal(result["state"], "not_assessable"))
        self.weights = score.weight_set(config.load(ROOT / "include/config", "weights"), DAY)
        self.rules = choose.rules_in_force(config.load(ROOT / "include/config", "selection"), JUNE)
        context, _ = choose.context_values(self.tables["award_case"], self.rules["context"])
        self.result = pa.concat_tables([known, context])

    def points(self, result: pa.Table, weights: dict[str, Any]) -> pd.DataFrame:
        families = self.families | {self.rules["record"]["signal_id"]: self.rules["record"]["family"]}
        return score.parts(result, families, weights)

    def totals(self, parts: pd.DataFrame) -> np.ndarray:
        return parts.groupby("case_id")["points"].sum().reindex(self.auctions.tenders.index).fillna(0.0).to_numpy()

    def untaught(self, auctions: Auctions, _seed: int) -> Scored:
        return auctions.tenders["label"].to_numpy(), self.totals(self.points(self.result, self.weights))

    def taught(self, auctions: Auctions, seed: int) -> Scored:
        """Audit the control share, then score as the next period would: learnt weights, firms' record."""
        t = auctions.tenders
        size = control_size(len(t))
        control = [ticket.id for ticket in tickets.sample(t.index, size, seed)]
        found = [{"case_id": i, "finished_date": JUNE.first, "irregular": bool(t.at[i, "label"])} for i in control]
        audits = _table(AUDIT_RESULT, found)
        # Firms named only by their place in a tender meet nobody again, so that they have no record.
        record_rows, _ = choose.record_signal(self.tables | {"audit_result": audits}, JUNE, self.rules["record"])
        result = pa.concat_tables([self.result, record_rows])
        parts = self.points(result, self.weights)
        published = [{"selection_id": "bench", "cases": self.control_cases(parts, control, size / len(t))}]
        few = {"min_audited": 0, "min_control": 0, "min_irregular": 0, "min_fired": 5}
        learnt_set = selection.reweight(self.weights, audits, published, dt.date(2021, 7, 1), few)["proposal"]
        tested = ~t.index.isin(control)
        return t["label"].to_numpy()[tested], self.totals(self.points(result, learnt_set))[tested]

    def control_cases(self, parts: pd.DataFrame, control: list[str], share: float) -> pa.Table:
        by_case: dict[str, list[dict[str, Any]]] = {}
        for part in parts[parts["case_id"].isin(control)].to_dict("records"):
            by_case.setdefault(part.pop("case_id"), []).append(part)
        rows = [
            {"case_id": c, "rank": i, "part": "control", "score": 0.0, "inclusion_probability": share, "reasons": "[]"}
            | {"score_parts": canonical.dumps(by_case.get(c, []))}
            for i, c in enumerate(sorted(control), 1)
        ]
        return _table(SELECTION_CASE, rows)


# -- measures ----------------------------------------------------------------------------------------------------
@dataclass
class Measure:
    """Means over draws with the 2.5 and 97.5 % points of tenders resampled within each draw."""

    name: str
    tested: int
    base_rate: float
    values: dict[str, tuple[float, float, float]] = field(default_factory=dict)


def auc(label: np.ndarray, value: np.ndarray) -> float:
    """The chance that an irregular tender stands above a clean one; equals count half."""
    ones = label.sum()
    if ones in (0, len(label)):
        return float("nan")
    return float((rankdata(value)[label == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(label) - ones)))


def top(label: np.ndarray, value: np.ndarray, share: float) -> float:
    """Share of irregular tenders among the first ceil(share x n); equals are shared out evenly."""
    places = int(np.ceil(share * len(label)))
    order = np.sort(value)[::-1]
    border = order[places - 1]
    above, at = value > border, value == border
    return float((label[above].sum() + label[at].mean() * (places - above.sum())) / places)


def measure(scorer: Scorer, auctions: Auctions, resamples: int) -> Measure:
    rng = np.random.default_rng(int(hashlib.sha256(f"{auctions.name}/{scorer.name}".encode()).hexdigest()[:8], 16))
    plain: list[dict[str, float]] = []
    again: list[dict[str, float]] = []
    for seed in range(scorer.draws):
        label, value = scorer.run(auctions, seed)
        plain.append(figures(label, value))
        for _ in range(max(1, resamples // scorer.draws)):
            pick = rng.integers(0, len(label), len(label))
            if 0 < label[pick].sum() < len(pick):
                again.append(figures(label[pick], value[pick]))
    out = Measure(scorer.name, len(label), float(label.mean()))
    for name in plain[0]:
        low, high = np.nanpercentile([a[name] for a in again], [2.5, 97.5])
        out.values[name] = (float(np.nanmean([p[name] for p in plain])), float(low), float(high))
    return out


def figures(label: np.ndarray, value: np.ndarray) -> dict[str, float]:
    out = {"auc": auc(label, value)}
    for share in CUTS:
        precision = top(label, value, share)
        out[f"precision@{share:.1%}"] = precision
        out[f"lift@{share:.1%}"] = precision / label.mean()
    return out


# -- what is compared --------------------------------------------------------------------------------------------
def scorers(auctions: Auctions) -> list[Scorer]:
    network_ = NETWORK if auctions.has_firms else ()
    out = [chance(), *(single(s) for s in SCREENS)]
    if auctions.has_firms:
        out.append(single("cohesion"))
    shipped = Shipped(auctions)
    out += [
        Scorer("Probity as shipped: every signal, initial weights", shipped.untaught),
        Scorer("Probity as shipped, reweighted after the control audits", shipped.taught, DRAWS),
        unlabelled("Probity, no labels: screens", SCREENS),
        *([unlabelled("Probity, no labels: + co-bidding", SCREENS + NETWORK)] if network_ else []),
        learnt("Probity, learnt from control: screens", SCREENS),
        learnt("Probity, learnt: screens + co-bidding + bidders + value", SCREENS + network_ + CONTEXT),
    ]
    if auctions.has_firms:
        out += [
            learnt("Probity, learnt: screens + co-bidding + firms' audit record", SCREENS + NETWORK + ("record",)),
            learnt("Probity, learnt: everything but dates", SCREENS + NETWORK + CONTEXT + ("record",)),
        ]
    return out


def dated_scorers(auctions: Auctions) -> list[Scorer]:
    """The leak checks that need dates: what dates alone would add, and learning from the past only."""
    network_ = NETWORK if auctions.has_firms else ()
    everything = SCREENS + network_ + CONTEXT + (("record",) if auctions.has_firms else ())
    return [
        learnt("LEAKY, for comparison: screens + the date itself", (*SCREENS, "date")),
        learnt("later half, learnt from the earlier: screens", SCREENS, later_half=True),
        learnt("later half, learnt from the earlier: everything but dates", everything, later_half=True),
    ]


def blocks(auctions: Auctions) -> list[tuple[str, Auctions]]:
    """The whole set, and the part before the inspection became known where the file says which that is."""
    out = [("all tenders (labels and time are mixed: not the headline)", auctions)]
    period = auctions.tenders["period"]
    before = period.astype(str).str.contains("pre", case=False)
    if before.any() and not before.all():
        out.append(("before the inspection alone (leak-free headline)", auctions.only(auctions.name, before)))
    return out


def show(title: str, rows: list[Measure]) -> None:
    print(f"\n{title}")
    print(
        f"{'scorer':62s} {'n':>5s} {'base':>5s}  {'AUC':>17s}"
        + "".join(f"  {f'lift {c:.1%}':>19s} {'prec.':>5s}" for c in CUTS)
    )
    for row in rows:
        cells = "  {:.3f} [{:.2f}-{:.2f}]".format(*row.values["auc"])
        for share in CUTS:
            lift, precision = row.values[f"lift@{share:.1%}"], row.values[f"precision@{share:.1%}"]
            cells += "  {:>5.2f} [{:.2f}-{:.2f}]".format(*lift).rjust(21) + f" {precision[0]:5.2f}"
        print(f"{row.name:62s} {row.tested:5d} {row.base_rate:5.3f}{cells}")


def shared_files() -> list[Path]:
    folder = Path(os.environ.get("PROBITY_SHARED") or ROOT.parent / "shared") / "data" / "collusion"
    return [folder / "okinawa.csv", folder / "ticino.csv"]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="probity bench selection", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, action="append", help="a labelled set; may be given more than once")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="bootstrap resamples (default %(default)s)")
    options = parser.parse_args(argv)
    files = options.data or shared_files()
    if absent := [f for f in files if not f.is_file()]:
        print(f"not there: {', '.join(map(str, absent))} (set PROBITY_SHARED or give --data FILE)", file=sys.stderr)
        return 2
    report = {}
    for path in files:
        started = time.perf_counter()
        whole = read(path)
        for title, auctions in blocks(whole):
            chosen = scorers(auctions)
            if auctions.tenders["date"].nunique() > 10:
                chosen += dated_scorers(auctions)
            rows = [measure(s, auctions, options.resamples) for s in chosen]
            t = auctions.tenders
            heading = f"{path.stem}: {title}; {len(t)} tenders of 3 bids or more, {t['label'].mean():.1%} collusive"
            show(heading, rows)
            print(
                "bidders and value may mirror what the authority chose to investigate; "
                f"control share audited for learning: {control_size(len(t))} tenders, {DRAWS} draws; "
                f"best possible lift {1 / t['label'].mean():.2f}"
            )
            report[heading] = [r.__dict__ for r in rows]
        print(f"({path.stem}: {time.perf_counter() - started:.1f} s)")
    if options.json:
        options.json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
