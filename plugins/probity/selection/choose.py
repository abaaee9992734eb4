"""From signals to a proposed list: exclusions, must-watch cases first, quotas, the control frame.

In: SIGNAL_RESULT of the period, the canonical tables, the signals' names and sentences, dated rules and weights.
Out: a ``Proposal``. The same answer whatever the order of the rows: everything is ordered by score and, between
equals, by the SHA-256 of the case id.

Order of places (the rule, in one breath): the control share is set aside; must-watch cases named by a person or
an authority take places whatever their kind; then each kind fills its quota, must-watch before ranked; then places
that a kind could not fill go to the best remaining case of any kind. Where the rules give must-watch cases only a
share of a kind's places (``first_share``), what is left of the quota goes by score, must-watch or not: a signal that
fires on a fifth of all works must not shut out every other reason. No agency and no district gets more than its
maximum, and as many districts as the rules ask for stand on the list (``places``).
Law: 採購稽核小組作業規則 §8; 工程施工查核小組作業辦法 §4 (works). The ``Family`` says what is a case, a kind, a firm.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import draw
from probity.calendar import Period
from probity.selection import auditors as auditing
from probity.selection import record, score
from probity.selection.places import Places
from probity.selection.proposal import Candidate, Proposal, case_table, row, specialty
from probity.tables import FAMILIES, SIGNAL_RESULT, Family

UNKNOWN = "unknown"
DISTRICT = "district"
JOB = "procurement_audit_selection"
PROCUREMENT = FAMILIES["procurement"]
FINISHED = {"audit_result": "finished_date", "inspection": "inspected_date"}
"""Tables that say when a case was looked at last, and the column with the day."""


def rules_in_force(config: Mapping[str, Any], period: Period, job: str = JOB) -> dict[str, Any]:
    """The rules for ``period``: ``config`` is the whole selection.yaml, or one dated set already."""
    return dict(config) if "quota" in config else score.in_force(config[job], period.last)


def select(
    signals_result: pa.Table,
    tables: Mapping[str, pa.Table],
    signals_meta: Sequence[Mapping[str, Any]],
    period: Period,
    config: Mapping[str, Any],
    weights: Mapping[str, Any],
    recent: Collection[str] | None = None,
    job: str = JOB,
    family: Family = PROCUREMENT,
    awaiting: Collection[str] = (),
) -> Proposal:
    """Propose the period's selection.

    ``signals_result``: SIGNAL_RESULT; ``tables``: the family's table of cases, and its table of firms, agency,
    auditor, audit_result, inspection when there are; ``signals_meta``: [{signal_id, name, legal_basis, must_watch,
    family, reason_texts}]; ``config``: selection.yaml; ``weights``: weights.yaml or one set of it; ``recent``: cases
    audited lately (None: ``recently_audited`` with the rules' months_since_audit); ``job``: key of its rules and part
    of the draw's purpose; ``awaiting``: cases on an earlier list whose result is not back, left out too (only where a
    case stays eligible for more than one period). Raises ValueError when no rules or weights are in force on the
    period's last day.
    """
    rules = rules_in_force(config, period, job)
    weighting = score.weight_set(weights, period.last, family.name)
    if recent is None:
        recent = recently_audited(tables, period, rules["months_since_audit"])
    build = _Build(rules, weighting, period, job, family)
    record_rows, record_meta = record_signal(tables, period, rules.get("record") or {}, family)
    context_rows, context_meta = context_values(tables[family.case], rules.get("context") or {})
    signals_result = pa.concat_tables([signals_result, record_rows, context_rows])
    meta = [*signals_meta, *record_meta, *context_meta]
    build.candidates(signals_result, tables[family.case], meta, recent, awaiting)
    build.choose()
    build.plan()
    build.assign(tables)
    return build.proposal()


def recently_audited(tables: Mapping[str, pa.Table], period: Period, months: int) -> set[str]:
    """Cases looked at within ``months`` months before the period's end (AUDIT_RESULT and INSPECTION rows)."""
    if not months:
        return set()
    years, month = divmod(period.last.year * 12 + period.last.month - 1 - months, 12)
    since = dt.date(years, month + 1, 1)
    return {
        r["case_id"]
        for name, column in FINISHED.items()
        if name in tables
        for r in tables[name].select(["case_id", column]).to_pylist()
        if since <= r[column] <= period.last
    }


def record_signal(
    tables: Mapping[str, pa.Table], period: Period, rule: Mapping[str, Any], family: Family = PROCUREMENT
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """The firms' audit record as one more signal: SIGNAL_RESULT rows that fired, and its meta.

    Only audits finished by the period's end count, and never the case's own. Empty when the rule is off or there
    are no firms or no results.
    """
    schema = SIGNAL_RESULT.arrow_schema()
    results, bids = tables.get("audit_result"), tables.get(family.firms)
    if not rule.get("enabled") or results is None or bids is None or not bids.num_rows:
        return schema.empty_table(), []
    verdicts: dict[str, bool] = {}
    for result in results.to_pylist():
        if result["finished_date"] <= period.last:
            verdicts[result["case_id"]] = verdicts.get(result["case_id"], False) or result["irregular"]
    if not verdicts:
        return schema.empty_table(), []
    if "is_subcontractor" in bids.column_names:
        bids = bids.filter(pc.invert(pc.fill_null(bids["is_subcontractor"], False)))
    bidders = bids.select(["case_id", "firm"])
    found = record.firm_record(bidders.to_pandas(), verdicts, shrinkage=rule["shrinkage"])
    fired = found[(found["value"] > 0) & (found["audits"] >= rule["min_audits"])]
    rows = [
        {
            "case_id": case_id,
            "signal_id": rule["signal_id"],
            "state": "fired",
            "value": round(float(value), score.DIGITS),
            "threshold": 0.0,
            "strength": round(min(1.0, float(value) / rule["full_at"]), score.DIGITS),
        }
        for case_id, value in fired["value"].items()
    ]
    texts = {
        str(case_id): rule["text"].format(audits=audits, irregular=irregular)
        for case_id, audits, irregular in zip(fired.index, fired["audits"], fired["irregular"], strict=True)
    }
    meta = {k: rule[k] for k in ("signal_id", "name", "legal_basis", "family")} | {"must_watch": None}
    return pa.Table.from_pylist(rows, schema=schema), [meta | {"reason_texts": texts}]


def context_values(cases: pa.Table, rule: Mapping[str, Any]) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Columns of the case as signals that never fire: only their graded parts can ever count.

    ``rule``: {id: {column, name}}. Returns SIGNAL_RESULT rows (clear with the value, else not_assessable) and meta.
    """
    schema = SIGNAL_RESULT.arrow_schema()
    out = [schema.empty_table()]
    for signal_id, entry in sorted(rule.items()):
        value = cases[entry["column"]].cast(pa.float64())
        known = pc.is_valid(value)
        given = {
            "case_id": cases["case_id"],
            "signal_id": pa.repeat(pa.scalar(signal_id), cases.num_rows),
            "value": value,
        }
        given["state"] = pc.if_else(known, pa.scalar("clear"), pa.scalar("not_assessable"))
        columns = [given.get(f.name, pa.nulls(cases.num_rows, f.type)) for f in schema]
        out.append(pa.Table.from_arrays(columns, schema=schema))
    meta = [{"signal_id": s, "name": e["name"], "legal_basis": "", "reason_texts": {}} for s, e in sorted(rule.items())]
    return pa.concat_tables(out), meta


def tender_of(case_id: str) -> str:
    """The part of a case id that a later notice of the same tender shares: agency|case number."""
    return "|".join(case_id.split("|")[:2])


def case_hash(case_id: str) -> str:
    """What orders cases of equal score."""
    return hashlib.sha256(case_id.encode()).hexdigest()


def apportion(total: int, shares: Mapping[str, int]) -> dict[str, int]:
    """``total`` places by ``shares``, largest remainder, ties by name; exact. All zero when there are no shares."""
    whole = sum(shares.values())
    if whole == 0:
        return dict.fromkeys(shares, 0)
    exact = {k: Fraction(total * v, whole) for k, v in shares.items()}
    given = {k: int(e) for k, e in exact.items()}
    order = sorted(exact, key=lambda k: (-(exact[k] - given[k]), k))
    for name in order[: total - sum(given.values())]:
        given[name] += 1
    return given


def round_places(value: Fraction, rule: str) -> int:
    """``value`` as whole cases: ``up`` (any part counts), ``down`` or ``half_up``. Raises ValueError for others."""
    if rule == "up":
        return -int(-value // 1)
    if rule == "down":
        return int(value // 1)
    if rule == "half_up":
        return int((value + Fraction(1, 2)) // 1)
    raise ValueError(f"selection.yaml: rounding is up, down or half_up, not {rule!r}")


def control_size(total: int, rule: Mapping[str, Any]) -> int:
    """Control cases for a quota of ``total``: share x total, rounded as declared, at least ``minimum``.

    Never more than half of the quota, so that a quota of one goes to the foremost case.
    """
    share = Fraction(str(rule["share"]))
    if not 0 <= share <= 1:
        raise ValueError(f"selection.yaml: the control share is between 0 and 1, not {rule['share']!r}")
    if total <= 0 or share == 0:
        return 0
    return min(total // 2, max(round_places(total * share, rule["rounding"]), int(rule["minimum"])))


def _first_share(watch: Mapping[str, Any]) -> Fraction:
    """The share of a kind's places that goes to must-watch cases first; 1 (all of them) where the rules name none."""
    share = Fraction(str(watch.get("first_share", 1)))
    if not 0 <= share <= 1:
        raise ValueError(f"selection.yaml: first_share is between 0 and 1, not {watch['first_share']!r}")
    return share


class _Build:
    """The steps of one selection and what they have found so far."""

    def __init__(
        self, rules: dict[str, Any], weights: dict[str, Any], period: Period, job: str, family: Family
    ) -> None:
        self.rules, self.weights, self.period, self.job, self.family = rules, weights, period, job, family
        self.texts = rules["texts"]
        self.all: dict[str, Candidate] = {}
        self.order: list[str] = []
        self.steps: list[str] = []
        self.rows: list[dict[str, Any]] = []
        quota = rules["quota"]
        self.n_control = control_size(quota["total"], rules["control"])
        self.places = Places(rules, max(0, quota["total"] - self.n_control))
        facts = self._kinds(quota["kinds"]) | {k: weights.get(k, "") for k in ("version", "effective_from")}
        facts |= {k: rules.get(k) for k in ("law", "max_per_agency", "max_per_district", "min_districts")}
        self.say("rules", total=quota["total"], **facts)

    @property
    def taken(self) -> dict[str, str]:
        return self.places.taken

    def say(self, name: str, **facts: Any) -> None:
        self.steps.append(self.texts["steps"][name].format(**facts))

    def _kinds(self, counts: Mapping[str, int]) -> dict[str, Any]:
        return {k: counts.get(k, 0) for k in (*self.family.kinds, UNKNOWN)}

    # -- who can be chosen ---------------------------------------------------------------------------------------
    def candidates(
        self,
        result: pa.Table,
        cases: pa.Table,
        meta: Sequence[Mapping[str, Any]],
        recent: Collection[str],
        awaiting: Collection[str],
    ) -> None:
        """Every case of the period with its score, reasons, must-watch item and, where so, why it is left out."""
        own = cases.filter(self.family.own_mask(cases, self.period.first, self.period.last))
        by_signal = {m["signal_id"]: m for m in meta}
        reasons = _Reasons(by_signal, self.rules)
        in_scope = result.filter(pc.is_in(result["case_id"], own["case_id"].combine_chunks()))
        scored = score.parts(in_scope, {s: m.get("family") for s, m in by_signal.items()}, self.weights)
        totals = score.scores(scored).to_dict()
        parts: dict[str, list[dict[str, Any]]] = {}
        for line in scored.to_dict("records"):
            part = {str(k): v for k, v in line.items()}
            parts.setdefault(part.pop("case_id"), []).append(part)
        values = _fired_values(in_scope)
        lately = set(recent) | {tender_of(c) for c in recent if "|" in c}
        columns = ["case_id", "agency_key", "agency_id", self.family.kind, *self.rules["must_watch"]["columns"]]
        columns += [c for c in (DISTRICT,) if c in own.column_names]
        for case in sorted(own.select(columns).to_pylist(), key=lambda c: c["case_id"]):
            case_id, kind = case["case_id"], case[self.family.kind]
            own_parts = parts.get(case_id, [])
            item, words = reasons.of(case, own_parts, values)
            why = self._left_out(case_id, lately, awaiting)
            self.all[case_id] = Candidate(
                case_id=case_id,
                agency=case["agency_key"],
                agency_id=case["agency_id"],
                kind=kind if kind in self.family.kinds else UNKNOWN,
                district=case.get(DISTRICT),
                status="excluded" if why else "frame",
                score=float(totals.get(case_id, 0.0)),
                must_watch=item,
                score_parts=own_parts,
                reasons=words,
                exclusion=why,
            )
        self._say_pool(in_scope)

    def _left_out(self, case_id: str, lately: Collection[str], awaiting: Collection[str]) -> str | None:
        """Why the case cannot be chosen; None when it can."""
        texts = self.texts["exclusions"]
        if case_id in lately or tender_of(case_id) in lately:
            return str(texts["recently_audited"]).format(months=self.rules["months_since_audit"])
        return str(texts["awaiting"]) if case_id in awaiting else None

    def _say_pool(self, in_scope: pa.Table) -> None:
        eligible = [c for c in self.all.values() if c.exclusion is None]
        excluded = Counter(c.exclusion for c in self.all.values() if c.exclusion is not None)
        self.say(
            "pool",
            scope=len(self.all),
            excluded=sum(excluded.values()),
            eligible=len(eligible),
            **self._kinds(Counter(c.kind for c in eligible)),
        )
        for reason, count in sorted(excluded.items()):
            self.say("excluded", reason=reason, count=count)
        context = pa.array(sorted(self.rules.get("context") or {}), pa.string())
        real = in_scope.filter(pc.invert(pc.is_in(in_scope["signal_id"], context)))
        states = Counter(real["state"].to_pylist())
        self.say(
            "signals",
            with_signals=sum(bool(fired_ids(c.score_parts)) for c in self.all.values()),
            fired=states["fired"],
            clear=states["clear"],
            not_assessable=states["not_assessable"],
        )
        if not eligible:
            self.say("empty")

    # -- who is chosen -------------------------------------------------------------------------------------------
    def choose(self) -> None:
        """Fill the places: named must-watch cases, kinds, what is left over."""
        watch = self.rules["must_watch"]
        place = {item: i for i, item in enumerate(watch["order"])}
        floor = float(self.rules["min_score"])

        def key(c: Candidate) -> tuple[int, float, str]:
            turn = place.get(c.must_watch, len(place)) if c.must_watch else len(place) + 1
            return turn, -c.score, case_hash(c.case_id)

        eligible = (c for c in self.all.values() if c.status == "frame")
        pool = sorted((c for c in eligible if c.must_watch or c.score > floor), key=key)
        self.order = [c.case_id for c in pool]
        self.n_control = min(self.n_control, sum(c.status == "frame" for c in self.all.values()))
        for candidate in pool:
            if candidate.must_watch in watch["beyond_kind"]:
                self.places.take(candidate)
        quotas = apportion(self.places.limit, self.rules["quota"]["kinds"])
        share = _first_share(watch)
        rest = pool if share == 1 else sorted(pool, key=lambda c: (-c.score, case_hash(c.case_id)))
        for kind, quota in quotas.items():
            first = round_places(quota * share, "up")
            self._fill([c for c in pool if c.kind == kind and c.must_watch], first)
            self._fill([c for c in rest if c.kind == kind], quota)
        self._fall_back(rest)
        self.places.spread(pool)
        self._say_choice(pool, quotas)

    def _fill(self, cases: Sequence[Candidate], places: int) -> None:
        """Take ``cases`` (of one kind) in order until the kind has ``places`` of the list."""
        left = places - sum(self.all[c].kind == cases[0].kind for c in self.taken) if cases else 0
        for candidate in cases:
            if left <= 0:
                break
            left -= self.places.take(candidate)

    def _fall_back(self, pool: Sequence[Candidate]) -> None:
        free = self.places.free
        if free and self.rules["quota"]["fallback"]:
            taken = sum(self.places.take(c) for c in pool)
            self.fallback = (free, taken)
        else:
            self.fallback = (0, 0)

    def _say_choice(self, pool: Sequence[Candidate], quotas: Mapping[str, int]) -> None:
        rule = self.rules["control"]
        rest = sum(c.status == "frame" for c in self.all.values()) - len(self.taken)
        self.n_control = min(self.n_control, rest)
        self.say(
            "control_size",
            n=self.n_control,
            total=self.rules["quota"]["total"],
            share=rule["share"],
            minimum=rule["minimum"],
            population=rest,
        )
        watched = [c.case_id for c in pool if c.must_watch]
        taken = sum(c in self.taken for c in watched)
        share = float(_first_share(self.rules["must_watch"]))
        self.say("must_watch", found=len(watched), taken=taken, left=len(watched) - taken, share=f"{share:.0%}")
        eligible = Counter(c.kind for c in self.all.values() if c.status == "frame")
        for kind in (*self.family.kinds, UNKNOWN):
            parts = Counter(part for c, part in self.taken.items() if self.all[c].kind == kind)
            if kind != UNKNOWN or eligible[kind]:
                self.say(
                    "kind",
                    kind=self.texts["kinds"][kind],
                    quota=quotas.get(kind, 0),
                    taken=sum(parts.values()),
                    must_watch=parts["must_watch"],
                    ranked=parts["ranked"],
                    eligible=eligible[kind],
                )
        if self.fallback[0]:
            self.say("fallback", count=self.fallback[0], taken=self.fallback[1])
        if skipped := self.places.over_agency - set(self.taken):
            self.say("agency_cap", max_per_agency=self.rules["max_per_agency"], count=len(skipped))
        if self.places.district_cap is not None or self.places.least:
            self._say_spread()
        if empty := self.places.free:
            self.say("unfilled", count=empty)
        equal = Counter((c.must_watch is None, c.score) for c in pool)
        self.say("ties", count=sum(n for n in equal.values() if n > 1))
        parts = Counter(self.taken.values())
        self.say("chosen", count=len(self.taken), must_watch=parts["must_watch"], ranked=parts["ranked"])

    def _say_spread(self) -> None:
        skipped = self.places.over_district - set(self.taken)
        if skipped:
            self.say("district_cap", max_per_district=self.places.district_cap, count=len(skipped))
        self.say(
            "districts",
            districts=self.places.n_districts,
            min_districts=self.places.least,
            swaps=self.places.swaps,
            unknown=sum(self.all[c].district is None for c in self.taken),
        )

    # -- the control frame ---------------------------------------------------------------------------------------
    def plan(self) -> None:
        """Commit to the rest (eligible, not ranked) and to how many are drawn from it, before any seed."""
        rest = [c for c in self.all.values() if c.status == "frame" and c.case_id not in self.taken]
        by_kind = self.rules["control"]["strata"] == "kind"
        population: dict[str, list[str]] = {}
        for candidate in rest:
            population.setdefault(candidate.kind if by_kind else "all", []).append(candidate.case_id)
        sizes = apportion(self.n_control, {s: len(ids) for s, ids in population.items()})
        self.draw_plan = draw.Plan(
            population=population,
            sizes=sizes,
            reserves=self.rules["control"]["reserves"],
            purpose=f"{self.job} {self.period.key} control",
        )
        self.commitment = self.draw_plan.commitment() | {"control_size": self.n_control}
        self.say("commitment", **{k: self.commitment[k] for k in ("commitment", "population", "control_size")})

    # -- who audits ----------------------------------------------------------------------------------------------
    def assign(self, tables: Mapping[str, pa.Table]) -> None:
        """Ranks and auditors of the chosen cases."""
        known = _agency_ids(tables.get("agency"))
        for case_id, candidate in self.all.items():
            agency_id = candidate.agency_id or known.get(candidate.agency)
            status = self.taken.get(case_id, candidate.status)
            self.all[case_id] = replace(candidate, agency_id=agency_id, status=status)
        ids = [c.agency_id for c in self.all.values() if c.agency_id]
        self.roster = auditing.roster(tables, ids, self.period, self.rules)
        chosen = [self.all[c] for c in self.order if c in self.taken]
        proposed = auditing.propose([(c.case_id, c.agency_id, specialty(c, self.rules)) for c in chosen], self.roster)
        self.rows = [row(c, i, c.status, 1.0, **proposed[c.case_id]) for i, c in enumerate(chosen, 1)]
        recused = sum(len((r["recused"] or "").split(",")) for r in self.rows if r["recused"])
        self.say(
            "recusal",
            auditors=len(self.roster.auditors),
            per_case=self.roster.per_case,
            recused=recused,
            manual=sum(r["auditors"] is None for r in self.rows),
        )

    def proposal(self) -> Proposal:
        return Proposal(
            period=self.period.key,
            cases=case_table(self.rows),
            frame=self.draw_plan.document(),
            commitment=self.commitment,
            exclusions=[
                {"case_id": c.case_id, "reason": c.exclusion} for c in self.all.values() if c.exclusion is not None
            ],
            steps=self.steps,
            reserve=[c for c in self.order if c not in self.taken],
            weights=self.weights,
            rules=self.rules,
            candidates=self.all,
            roster=self.roster,
        )


def _agency_ids(agencies: pa.Table | None) -> dict[str, str]:
    """agency_key -> agency_id, for cases whose source gave only a name; a key of two agencies gives none."""
    found: dict[str, str] = {}
    double: set[str] = set()
    for agency in agencies.to_pylist() if agencies is not None else []:
        for key in {agency["agency_key"], agency["agency_id"]}:
            double |= {key} if found.get(key, agency["agency_id"]) != agency["agency_id"] else set()
            found[key] = agency["agency_id"]
    return {k: v for k, v in found.items() if k not in double}


def _fired_values(result: pa.Table) -> dict[tuple[str, str], tuple[Any, Any]]:
    fired = result.filter(pc.equal(result["state"], "fired")).select(["case_id", "signal_id", "value", "threshold"])
    return {(r["case_id"], r["signal_id"]): (r["value"], r["threshold"]) for r in fired.to_pylist()}


class _Reasons:
    """Why a case is on the list, in words: must-watch items first, then signals by points."""

    def __init__(self, meta: Mapping[str, Mapping[str, Any]], rules: Mapping[str, Any]) -> None:
        self.meta, self.rules = meta, rules
        self.place = {item: i for i, item in enumerate(rules["must_watch"]["order"])}

    def of(
        self,
        case: Mapping[str, Any],
        parts: Sequence[Mapping[str, Any]],
        values: Mapping[tuple[str, str], tuple[Any, Any]],
    ) -> tuple[int | None, list[dict[str, Any]]]:
        """The case's must-watch item (the foremost one) and its reasons as SELECTION_CASE.reasons holds them."""
        signals = fired_ids(parts)
        from_signals = {int(self.meta[s]["must_watch"]) for s in signals if self.meta.get(s, {}).get("must_watch")}
        watch = self.rules["must_watch"]
        from_columns = {int(item) for column, item in watch["columns"].items() if case.get(column)}
        words = [
            {
                "signal_id": f"MUST-WATCH-{item}",
                "name": self.rules["texts"]["must_watch_name"],
                "text": watch["texts"][str(item)],
                "legal_basis": watch["law"],
            }
            for item in sorted(from_columns - from_signals, key=lambda i: self.place.get(i, 99))
        ]
        for signal in signals:
            meta = self.meta.get(signal, {})
            name = meta.get("name", signal)
            value, threshold = values[case["case_id"], signal]
            plain = self.rules["texts"]["no_reason_text"].format(
                name=name, value=_number(value), threshold=_number(threshold)
            )
            text = (meta.get("reason_texts") or {}).get(case["case_id"]) or plain
            words.append({"signal_id": signal, "name": name, "text": text, "legal_basis": meta.get("legal_basis", "")})
        graded = [p for p in parts if score.is_graded(p["signal_id"]) and p["points"] > 0]
        words += [self._graded(p) for p in graded if p["signal_id"].split(":")[0] not in signals]
        items = sorted(from_signals | from_columns, key=lambda i: self.place.get(i, 99))
        return (items[0] if items else None), words

    def _graded(self, part: Mapping[str, Any]) -> dict[str, Any]:
        """A graded part in words, with the share of the period's cases as far out; only those that raise the score
        are reasons."""
        signal, tail = part["signal_id"].split(":")
        meta, texts = self.meta.get(signal, {}), self.rules["texts"]
        name = meta.get("name", signal)
        share = (1 - float(part["strength"])) / 2  # strength is 1 - 2 x place in the tail (score.tails)
        text = texts["graded_text"].format(name=name, tail=texts["tails"][tail], share=f"{share:.1%}")
        return {"signal_id": part["signal_id"], "name": name, "text": text, "legal_basis": meta.get("legal_basis", "")}


def fired_ids(parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The signals that fired, in the order of their points."""
    return [p["signal_id"] for p in parts if not score.is_graded(p["signal_id"])]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
