#!/usr/bin/env python3
"""抽樣案卷驗證程式 / Replays a sample's file: size, draw, replacements, upper limit. Needs Python 3.8 or later alone.

用法 Usage:  python3 verify_sample.py FILE.json [抽籤前公告的承諾值 commitment published before the draw]
             verify_draw.py 須在同一資料夾 must lie beside this file.
檔案 FILE:   抽樣案卷 a sample (probity-sample/1), or 依金額或間隔抽樣檔 a draw along a line (probity-units/1).
結果 Result: 0 相同 identical; 1 不同 differs, every difference listed; 2 檔案無法讀取 not a readable file.

規則 Rules: the commitment is the SHA-256 of {format, size, rule, draw: its commitment} as JSON with sorted keys, no
blanks, UTF-8. A share is rounded up. A planned size is the least n whose risk at the tolerable rate is at most
1 - confidence. Amounts lie end to end; point p hits unit ceil(p); p = (u + k - 1) total / n (interval, cell) or u total
(random, reserve), u = the ticket of "<purpose>|start", "|cell|<k>", "|unit|<k>", "|reserve|<k>"; items with amount x n
>= total are taken out first when "apart". An upper limit is the least number of its decimals with a risk of at most
1 - confidence. Binomial and hypergeometric chances are exact fractions, beta and gamma chances have 60 digits.
"""

import json
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import ceil, comb
from pathlib import Path

import verify_draw

getcontext().prec = 60
UNITS = ("format", "purpose", "ticket_rule", "unit_rule", "replacement_rule", "method", "items", "sample_size")


def digest(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return verify_draw.sha256(text).hexdigest()


# -- draws along a line -------------------------------------------------------------------------------------------
def line_without_certain(draw):
    amounts, n = [(i, Fraction(a)) for i, a in draw["items"]], draw["sample_size"]
    certain, total = [], sum(a for _, a in amounts)
    while draw["apart"]:
        found = [(i, a) for i, a in amounts if n and a * n >= total > 0]
        if not found:
            break
        certain += [i for i, _ in found]
        amounts = [pair for pair in amounts if pair not in found]
        n, total = n - len(found), total - sum(a for _, a in found)
    return sorted(certain), amounts, n, total


def replay_points(draw):
    certain, amounts, n, total = line_without_certain(draw)
    scale = 1
    for _, amount in ((i, Fraction(a)) for i, a in draw["items"]):
        while (amount * scale).denominator != 1:
            scale *= (amount * scale).denominator
    ends, end = [], 0
    for name, amount in amounts:
        end += int(amount * scale)
        ends.append((end, name))

    def hit(name, k, parts):
        ticket = verify_draw.ticket(draw["seed"], draw["purpose"] + "|" + name)
        unit = max(1, ceil((Fraction(ticket) + k) * int(total * scale) / parts))
        low, high = 0, len(ends) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if ends[middle][0] >= unit else (middle + 1, high)
        return {"id": ends[low][1], "unit": unit, "ticket": ticket}

    lines = []
    for k in range(n if total else 0):
        names = {"interval": "start", "cell": f"cell|{k + 1}", "random": f"unit|{k + 1}"}
        place, parts = (0, 1) if draw["method"] == "random" else (k, n)
        line = hit(names[draw["method"]], place, parts)
        line.update(status="replaced" if line["id"] in draw["unavailable"] else "drawn", reserve=None)
        lines.append(line)
    missing, taken = sum(line["status"] == "replaced" for line in lines), {line["id"] for line in lines}
    free = sum(a > 0 and i not in taken and i not in draw["unavailable"] for i, a in amounts) if lines else 0
    k = 0
    for place in range(min(missing + draw["reserves"], free)):
        while True:
            k += 1
            line = hit(f"reserve|{k}", 0, 1)
            if line["id"] not in taken and line["id"] not in draw["unavailable"]:
                break
        taken.add(line["id"])
        line.update(status="drawn" if place < missing else "reserve", reserve=k)
        lines.append(line)
    interval = str(total / n) if n and total else None
    return certain, interval, [dict(line, order=order) for order, line in enumerate(lines, 1)]


def unit_differences(draw, published=None):
    names = [i for i, _ in draw["items"]]
    found = [] if len(set(names)) == len(names) else ["項目重複 an item stands in the population twice"]
    plan = {name: draw[name] for name in (*UNITS, "apart", "reserves")}
    certain, interval, points = replay_points(draw)
    found += verify_draw.commitments(draw, digest(plan), published)
    for name, value in (("certain", certain), ("interval", interval)):
        if draw[name] != value:
            found.append(f"{name}: 檔案 file {draw[name]!r}, 重算 replay {value!r}")
    return found + verify_draw.compare(points, draw["points"])


# -- sizes and limits ---------------------------------------------------------------------------------------------
def decimal(value):
    return Decimal(Fraction(value).numerator) / Decimal(Fraction(value).denominator)


def summed(term, ratio):
    total, k = term, 0
    while term > total * Decimal(10) ** -58 or ratio(k) > Decimal("0.999"):
        term, k = term * ratio(k), k + 1
        total += term
    return total


def beta_above(a, b, p):
    """P(B > p) of a beta variable, 60 digits."""
    a, b, p = decimal(a), decimal(b), decimal(p)

    def below(a, b, p):
        lead = (a * p.ln() + b * (1 - p).ln()).exp() / a
        return summed(lead, lambda k: p * (a + b + k) / (a + 1 + k))

    if p <= 0 or p >= 1:
        return Fraction(int(p <= 0))
    cut = min(max(a / (a + b), Decimal("0.25")), Decimal("0.75"))
    whole = below(a, b, cut) + below(b, a, 1 - cut)
    return Fraction(below(b, a, 1 - p) / whole if 2 * p > 1 else 1 - below(a, b, p) / whole)


def gamma_above(a, z):
    """P(G > z) of a gamma variable of shape a and rate 1, 60 digits."""
    a, z = decimal(a), decimal(z)
    far = 2 * a + z + 200

    def below(z):
        return summed((a * z.ln() - z).exp() / a, lambda k: z / (a + 1 + k))

    return Fraction(1 - below(z) / below(far)) if z > 0 else Fraction(1)


def risk(model, n, x, rate=None, errors=None):
    """The risk that the rate is reached although only x errors were found in n."""
    prior, size = model["prior"], model["population"]
    if model["kind"] == "hypergeometric":
        errors = ceil(rate * size) if errors is None else errors
        if prior is None:
            ways = sum(comb(errors, i) * comb(size - errors, n - i) for i in range(min(int(x), n, errors) + 1))
            return Fraction(ways, comb(size, n))
        a, b, rest = decimal(Fraction(prior["alpha"]) + x), decimal(Fraction(prior["beta"]) + n - x), size - n
        weights = [Decimal(1)]
        for i in range(rest):
            weights.append(weights[-1] * (rest - i) * (a + i) / ((i + 1) * (b + rest - i - 1)))
        return Fraction(sum(weights[max(0, errors - int(x)) :]) / sum(weights))
    a, b = (1, 0) if prior is None else (Fraction(prior["alpha"]), Fraction(prior["beta"]))
    if model["kind"] == "poisson":
        return gamma_above(a + x, (b + n) * rate)
    if prior is not None or Fraction(x).denominator != 1:
        return beta_above(a + x, b + n - x, rate)
    p, q = rate.numerator, rate.denominator - rate.numerator
    ways = sum(comb(n, i) * p**i * q ** (n - i) for i in range(min(int(x), n) + 1))
    return Fraction(ways, rate.denominator**n)


def size_differences(size):
    if size["kind"] == "share":
        exact = min(size["population"], max(size["minimum"], ceil(Fraction(size["share"]) * size["population"])))
        return [] if exact == size["sample_size"] else [f"樣本數 sample size: 重算 replay {exact}"]
    limit, expected = 1 - Fraction(size["confidence"]), Fraction(size["expected"])
    n, enough = 0, False
    while not enough and n <= size["sample_size"]:
        n += 1
        x = expected if expected >= 1 else n * expected
        x = ceil(x) if size["whole_errors"] else x
        rates = [] if size["tolerable"] is None else [Fraction(size["tolerable"])]
        if size["precision"] is not None and x < n * (1 - Fraction(size["precision"])):
            rates.append(x / Fraction(n) + Fraction(size["precision"]))
        enough = x < n and all(risk(size["model"], n, x, rate) <= limit for rate in rates)
    return [] if enough and n == size["sample_size"] else [f"樣本數 sample size: 重算 replay {n}"]


def least(name, text, places, risk_at, tail, top=1):
    """Is ``text`` the least number of ``places`` decimals with a risk of at most ``tail``?"""
    value, unit = Fraction(text), Fraction(1, 10**places)
    if value * 10**places % 1 or (value != top and risk_at(value) > tail):
        return [f"{name}: {text} 過低 too low"]
    if value > unit and risk_at(value - unit) <= tail:
        return [f"{name}: {text} 過高 too high"]
    return []


def up(value, places):
    return Fraction(ceil(value * 10**places), 10**places)


def verdict(result, accepted):
    return [] if accepted == result["accepted"] else [f"accepted: 重算 replay {accepted}"]


def evaluation_differences(document):
    how, part, result = document["rule"], document["draw"], document["evaluation"]
    errors = {line["id"]: Fraction(line["error"]) for line in document["findings"]}
    lines = part["points"] if part["format"] == "probity-units/1" else part["tickets"]
    drawn = [line for line in lines if line["status"] == "drawn"]
    if set(errors) != {line["id"] for line in drawn} | set(part.get("certain", [])):
        return ["調查結果與抽出項目不符 the results are not those of the items drawn"]
    if how["kind"] == "none":
        return [] if result is None else ["evaluation: 不符 differs"]
    tail, found = 1 - Fraction(how["confidence"]), [errors[line["id"]] for line in drawn]
    tolerable = None if how["tolerable"] is None else Fraction(how["tolerable"])
    if how["kind"] == "stringer":
        return stringer_differences(how, part, result, errors, found, tail, tolerable)
    out = [] if (result["n"], Fraction(result["errors"])) == (len(found), sum(found)) else ["n, errors: 不符 differ"]
    strata = []
    if how["kind"] == "stratified":
        for stratum, ids in part["population"].items():
            strata.append((len(ids), [errors[line["id"]] for line in drawn if line["stratum"] == stratum]))
    if len(strata) > 1:
        return out + stratified_differences(strata, result, tail, tolerable)
    model = {"kind": "hypergeometric", "population": strata[0][0], "prior": None} if strata else how["model"]
    n, x = len(found), sum(found)
    if model["kind"] == "hypergeometric":
        most = result["upper_errors"]
        above = most < model["population"] - (n - x) and risk(model, n, x, errors=most + 1) > tail
        text = up(Fraction(most, model["population"]), 6)
        if risk(model, n, x, errors=most) <= tail or above or text != Fraction(result["upper_text"]):
            out.append(f"上限 upper limit: {most}")
    else:
        top = None if model["kind"] == "poisson" or model["prior"] is not None else 1
        out += least("上限 upper limit", result["upper_text"], 6, lambda r: risk(model, n, x, r), tail, top)
    return out + verdict(result, None if tolerable is None else risk(model, n, x, tolerable) <= tail)


def stratified_differences(strata, result, tail, tolerable):
    whole = sum(size for size, _ in strata)
    rate = sum(Fraction(size * sum(found), len(found)) for size, found in strata) / whole
    spread = sum(Fraction(size, whole) ** 2 * (1 - Fraction(len(f), size)) / len(f) for size, f in strata)
    if spread == 0 or rate == 1:
        wrong = Fraction(result["upper_text"]) != up(rate, 6)
        known = None if tolerable is None else spread == 0 and rate < tolerable
        return (["上限 upper limit"] if wrong else []) + verdict(result, known)
    a, b = rate / spread + 1, (1 - rate) / spread
    out = least("上限 upper limit", result["upper_text"], 6, lambda r: beta_above(a, b, r), tail)
    return out + verdict(result, None if tolerable is None else beta_above(a, b, tolerable) <= tail)


def stringer_differences(how, part, result, errors, found, tail, tolerable):
    amounts = {i: Fraction(a) for i, a in part["items"]}
    over = sorted((t for t in found if t > 0), reverse=True)
    model = {"kind": how["base"], "prior": None, "population": None}
    out, bound, n = [], Fraction(0), len(found)
    for j, text in enumerate(result["limits"]):
        top = 1 if how["base"] == "binomial" else None
        out += least(f"p({j})", text, 12, lambda r, j=j: risk(model, n, j, r), tail, top)
        bound += Fraction(text) * ((over[j - 1] if j else 1) - (over[j] if j < len(over) else 0))
    known = sum(amounts[i] * errors[i] for i in part["certain"])
    rest = sum(amounts.values()) - sum(amounts[i] for i in part["certain"])
    limit = None if tolerable is None else tolerable * sum(amounts.values())
    if not found:  # nothing but certain items
        out += [] if Fraction(result["upper_text"]) == known else [f"金額 amount: 重算 replay {known}"]
        return out + verdict(result, None if limit is None else known < limit)
    total = up(bound, 6) * rest + known
    if len(result["limits"]) != len(over) + 1 or Fraction(result["rates"]["upper_text"]) != up(bound, 6):
        out.append(f"上限 upper limit: 重算 replay {up(bound, 6)}")
    if Fraction(result["upper_text"]) != up(total, 2):
        out.append(f"金額上限 upper amount: 重算 replay {up(total, 2)}")
    return out + verdict(result, None if limit is None else total <= limit)


def differences(document, published=None):
    head = {name: document[name] for name in ("format", "size", "rule")}
    head["draw"] = document["draw"]["commitment"]
    found = verify_draw.commitments(document, digest(head), published)
    kinds = {"probity-draw/1": verify_draw.differences, "probity-units/1": unit_differences}
    found += kinds[document["draw"]["format"]](document["draw"])
    size = document["draw"]["sample_size"]
    if document["size"]["sample_size"] != (sum(size.values()) if isinstance(size, dict) else size):
        found.append("樣本數與抽籤計畫不符 the size is not the one that was drawn")
    found += size_differences(document["size"])
    return found + ([] if document["findings"] is None else evaluation_differences(document))


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        published = arguments[1] if len(arguments) == 2 else None
        if document["format"] == "probity-units/1":
            found = unit_differences(document, published)
        elif document["format"] == "probity-sample/1":
            found = differences(document, published)
        else:
            raise ValueError("format " + str(document["format"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"無法讀取 not a readable sample file: {type(error).__name__}: {error}")
        return 2
    for line in found:
        print("不同 DIFFERS: " + line)
    if found:
        return 1
    print(f"相同 IDENTICAL: 種子 seed {document.get('seed') or document['draw']['seed']}")
    print(f"承諾值 commitment {document['commitment']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
