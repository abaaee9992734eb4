#!/usr/bin/env python3
"""抽籤驗證程式 / Replays a published draw. Needs nothing but Python 3.8 or later: copy it anywhere.

用法 Usage:  python3 verify_draw.py DRAW.json [抽籤前公告的承諾值 commitment published before the draw]
結果 Result: 0 相同 identical; 1 不同 differs, every difference listed; 2 檔案無法讀取 not a readable draw file.

規則 Rule: ticket = "0." + reversed decimal digits (zero-padded to 64) of SHA256(hex(SHA256(seed)) + id).
The lowest tickets of each stratum are drawn (with weights: lowest ticket / weight; ties by id). A candidate
that is unavailable is replaced by the next one of its stratum. The commitment is the SHA-256 of the plan
(population, strata, weights, sizes, rules) as JSON with sorted keys, no blanks, UTF-8.
"""

import hashlib
import json
import sys
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

PLAN = ("format", "purpose", "ticket_rule", "replacement_rule", "population", "sample_size", "weights", "reserves")


def sha256(text):
    return hashlib.sha256(text.encode("utf-8"))


def commitment(draw):
    plan = {name: draw[name] for name in PLAN}
    plan["population"] = {stratum: sorted(ids) for stratum, ids in plan["population"].items()}
    return sha256(json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))).hexdigest()


def ticket(seed, candidate):
    number = int(sha256(sha256(seed).hexdigest() + candidate).hexdigest(), 16)
    return "0." + f"{number:064d}"[::-1]


def replay(draw):
    lines = []
    for stratum in sorted(draw["population"]):
        order = []
        for candidate in draw["population"][stratum]:
            number = ticket(draw["seed"], candidate)
            key = number if draw["weights"] is None else Fraction(number) / Fraction(draw["weights"][candidate])
            order.append((key, candidate, number))
        drawn = spare = 0
        for place, (_, candidate, number) in enumerate(sorted(order), 1):
            if drawn == draw["sample_size"][stratum] and spare == draw["reserves"]:
                break
            if candidate in draw["unavailable"]:
                status = "replaced"
            elif drawn < draw["sample_size"][stratum]:
                status, drawn = "drawn", drawn + 1
            else:
                status, spare = "reserve", spare + 1
            lines.append({"stratum": stratum, "order": place, "id": candidate, "ticket": number, "status": status})
    return lines


def differences(draw, published=None):
    found = []
    everyone = [candidate for ids in draw["population"].values() for candidate in ids]
    if len(set(everyone)) != len(everyone):
        found.append("候選名單有重複 a candidate stands in the population twice")
    if set(draw["population"]) != set(draw["sample_size"]):
        found.append("分層與抽樣數不符 strata and sample sizes do not match")
        return found
    if commitment(draw) != draw["commitment"]:
        found.append("承諾值不符 the plan in the file does not give its commitment: it gives " + commitment(draw))
    if published and published.strip().lower() != draw["commitment"]:
        found.append("與抽籤前公告之承諾值不符 the commitment is not the one published before the draw")
    expected, actual = replay(draw), draw["tickets"]
    if len(expected) != len(actual):
        found.append(f"籤數不符 {len(actual)} tickets in the file, {len(expected)} in the replay")
    for one, other in zip_longest(expected, actual, fillvalue={}):
        for name in sorted(set(one) | set(other)):
            if one.get(name) != other.get(name):
                line = one or other
                where = f"{line.get('stratum')} #{line.get('order')} {name}"
                found.append(f"{where}: 檔案 file {other.get(name)!r}, 重算 replay {one.get(name)!r}")
    return found


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        draw = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        if draw["format"] != "probity-draw/1":
            raise ValueError("format " + str(draw["format"]))
        found = differences(draw, arguments[1] if len(arguments) == 2 else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"無法讀取 not a readable draw file: {type(error).__name__}: {error}")
        return 2
    for line in found:
        print("不同 DIFFERS: " + line)
    if found:
        return 1
    chosen = sum(line["status"] == "drawn" for line in draw["tickets"])
    total = sum(len(ids) for ids in draw["population"].values())
    print(f"相同 IDENTICAL: 候選 candidates {total}, 抽出 drawn {chosen}, 種子 seed {draw['seed']}")
    print(f"承諾值 commitment {draw['commitment']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
