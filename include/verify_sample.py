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
1 - confidence. Fractions are exact; the Poisson is computed with 60 digits. What it cannot replay it names.
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
def risk(model, n, x, rate=None, errors=None):
    """P(at most x errors in n | rate), exact; None where this program cannot compute it."""
    if model["prior"] is not None or Fraction(x).denominator != 1:
        return None
    x = int(x)
    if model["kind"] == "hypergeometric":
        size = model["population"]
        errors = ceil(rate * size) if errors is None else errors
        ways = sum(comb(errors, i) * comb(size - errors, n - i) for i in range(min(x, n, errors) + 1))
        return Fraction(ways, comb(size, n))
    if model["kind"] == "binomial":
        p, q = rate.numerator, rate.denominator - rate.numerator
        return Fraction(sum(comb(n, i) * p**i * q ** (n - i) for i in range(min(x, n) + 1)), rate.denominator**n)
    mean, term = Decimal((n * rate).numerator) / Decimal((n * rate).denominator), Decimal(1)
    total = term
    for i in range(1, x + 1):
        term = term * mean / i
        total += term
    return Fraction((-mean).exp() * total)


def size_differences(size):
    """(differences, what was not replayed)"""
    if size["kind"] == "share":
        exact = min(size["population"], max(size["minimum"], ceil(Fraction(size["share"]) * size["population"])))
        return ([] if exact == size["sample_size"] else [f"樣本數 sample size: 重算 replay {exact}"]), []
    if size["tolerable"] is None or size["precision"] is not None or size["model"]["prior"] is not None:
        return [], ["樣本數 the sample size"]
    limit, rate, expected = 1 - Fraction(size["confidence"]), Fraction(size["tolerable"]), Fraction(size["expected"])
    n, enough = 0, False
    while not enough and n <= size["sample_size"]:
        n += 1
        x = expected if expected >= 1 else n * expected
        x = x if size["model"]["kind"] == "poisson" else ceil(x)
        value = risk(size["model"], n, x, rate) if x < n else 1
        if value is None:
            return [], ["樣本數 the sample size (errors are not whole)"]
        enough = value <= limit
    return ([] if enough and n == size["sample_size"] else [f"樣本數 sample size: 重算 replay {n}"]), []


def limit_differences(name, text, places, model, n, x, tail):
    """Is ``text`` the least number of ``places`` decimals with a risk of at most ``tail``?"""
    value, unit = Fraction(text), Fraction(1, 10**places)
    low = model["kind"] != "poisson" and value == 1
    if not low and risk(model, n, x, value) > tail:
        return [f"{name}: {text} 過低 too low"]
    if value > unit and (value - unit) * 10**places % 1 == 0 and risk(model, n, x, value - unit) <= tail:
        return [f"{name}: {text} 過高 too high"]
    return []


def up(value, places):
    whole = ceil(value * 10**places)
    return Fraction(whole, 10**places)


def evaluation_differences(document):
    """(differences, what was not replayed)"""
    how, part, result = document["rule"], document["draw"], document["evaluation"]
    errors = {line["id"]: Fraction(line["error"]) for line in document["findings"]}
    lines = part["points"] if part["format"] == "probity-units/1" else part["tickets"]
    drawn = [line["id"] for line in lines if line["status"] == "drawn"]
    if set(errors) != set(drawn) | set(part.get("certain", [])):
        return ["調查結果與抽出項目不符 the results are not those of the items drawn"], []
    tail, found = 1 - Fraction(how["confidence"]), [errors[i] for i in drawn]
    tolerable = None if how["tolerable"] is None else Fraction(how["tolerable"])
    if how["kind"] == "none":
        return ([] if result is None else ["evaluation: 不符 differs"]), []
    if how["kind"] == "stringer" and drawn:
        return stringer_differences(how, part, result, errors, found, tail, tolerable), []
    if how["kind"] != "counts" or risk(how["model"], len(found), sum(found), Fraction(1, 2)) is None:
        return [], ["上限 the upper limit"]
    model, n, x = how["model"], len(found), sum(found)
    out = [] if (result["n"], Fraction(result["errors"])) == (n, x) else ["n, errors: 不符 differ"]
    if model["kind"] == "hypergeometric":
        most = result["upper_errors"]
        above = most < model["population"] - (n - x) and risk(model, n, x, errors=most + 1) > tail
        if (
            risk(model, n, x, errors=most) <= tail
            or above
            or up(Fraction(most, model["population"]), 6) != Fraction(result["upper_text"])
        ):
            out.append(f"上限 upper limit: {most}")
    else:
        out += limit_differences("上限 upper limit", result["upper_text"], 6, model, n, x, tail)
    accepted = None if tolerable is None else risk(model, n, x, tolerable) <= tail
    return out + ([] if accepted == result["accepted"] else [f"accepted: 重算 replay {accepted}"]), []


def stringer_differences(how, part, result, errors, found, tail, tolerable):
    amounts = {i: Fraction(a) for i, a in part["items"]}
    over = sorted((t for t in found if t > 0), reverse=True)
    model = {"kind": how["base"], "prior": None, "population": None}
    out, bound = [], Fraction(0)
    for j, text in enumerate(result["limits"]):
        out += limit_differences(f"p({j})", text, 12, model, len(found), j, tail)
        bound += Fraction(text) * ((over[j - 1] if j else 1) - (over[j] if j < len(over) else 0))
    known = sum(amounts[i] * errors[i] for i in part["certain"])
    rest = sum(amounts.values()) - sum(amounts[i] for i in part["certain"])
    total = up(bound, 6) * rest + known
    if len(result["limits"]) != len(over) + 1 or Fraction(result["rates"]["upper_text"]) != up(bound, 6):
        out.append(f"上限 upper limit: 重算 replay {up(bound, 6)}")
    if Fraction(result["upper_text"]) != up(total, 2):
        out.append(f"金額上限 upper amount: 重算 replay {up(total, 2)}")
    accepted = None if tolerable is None else total <= tolerable * sum(amounts.values())
    return out + ([] if accepted == result["accepted"] else [f"accepted: 重算 replay {accepted}"])


def differences(document, published=None):
    """(differences, what was not replayed)"""
    head = {name: document[name] for name in ("format", "size", "rule")}
    head["draw"] = document["draw"]["commitment"]
    found, left = verify_draw.commitments(document, digest(head), published), []
    kinds = {"probity-draw/1": verify_draw.differences, "probity-units/1": unit_differences}
    found += kinds[document["draw"]["format"]](document["draw"])
    size = document["draw"]["sample_size"]
    if document["size"]["sample_size"] != (sum(size.values()) if isinstance(size, dict) else size):
        found.append("樣本數與抽籤計畫不符 the size is not the one that was drawn")
    parts = [size_differences(document["size"])]
    if document["findings"] is not None:
        parts.append(evaluation_differences(document))
    for wrong, missing in parts:
        found, left = found + wrong, left + missing
    return found, left


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        published = arguments[1] if len(arguments) == 2 else None
        if document["format"] == "probity-units/1":
            found, left = unit_differences(document, published), []
        elif document["format"] == "probity-sample/1":
            found, left = differences(document, published)
        else:
            raise ValueError("format " + str(document["format"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"無法讀取 not a readable sample file: {type(error).__name__}: {error}")
        return 2
    for line in found:
        print("不同 DIFFERS: " + line)
    for line in left:
        print("未重算 NOT REPLAYED: " + line)
    if found:
        return 1
    print(f"相同 IDENTICAL: 種子 seed {document.get('seed') or document['draw']['seed']}")
    print(f"承諾值 commitment {document['commitment']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
