#!/usr/bin/env python3
"""抽籤驗證程式 / Replays a published draw. Needs nothing but Python 3.8 or later: copy it anywhere.

用法 Usage:  python3 verify_draw.py FILE.json [抽籤前公告的承諾值 commitment published before the draw]
檔案 FILE:   抽籤檔 a draw of cases, or 抽樣位置檔 a draw of test positions along a road.
結果 Result: 0 相同 identical; 1 不同 differs, every difference listed; 2 檔案無法讀取 not a readable draw file.

規則 Rule: ticket = "0." + reversed decimal digits (zero-padded to 64) of SHA256(hex(SHA256(seed)) + id).
The lowest tickets of each stratum are drawn (with weights: lowest ticket / weight; ties by id). A candidate
that is unavailable is replaced by the next one of its stratum. The commitment is the SHA-256 of the plan
(population, strata, weights, sizes, rules) as JSON with sorted keys, no blanks, UTF-8.
Positions: u, v = tickets of "<inspection>|<draw>|<k>|along" and "...|across"; share = (k - 1 + u) / count;
station = start + share * length; offset = edge + v * width; rounded down to 0.1 m (share: 0.0001).
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


def down(value, decimals):
    whole = value * 10**decimals // 1
    return f"{whole // 10**decimals}.{whole % 10**decimals:0{decimals}d}"


def replay_positions(draw):
    lines = []
    for outline in draw["outlines"]:
        for test in outline["tests"]:
            for k in range(1, test["count"] + 1, test["every"]):
                name = f"{outline['inspection']}|{test['draw']}|{k}"
                along, across = (ticket(draw["seed"], f"{name}|{way}") for way in ("along", "across"))
                share, lot = (k - 1 + Fraction(along)) / test["count"], 1 + (k - 1) * test["lots"] // test["count"]
                ways = (("start", "length", share), ("edge", "width", Fraction(across)))
                station, offset = (
                    None if test[a] is None else down(Fraction(test[a]) + u * Fraction(test[b] or 0), 1)
                    for a, b, u in ways
                )
                line = {"inspection": outline["inspection"], "test": test["test"], "k": k, "lot": lot}
                line.update(share=down(share, 4), station=station, offset=offset, along=along, across=across)
                lines.append(line)
    return lines


def position_differences(draw, published=None):
    found = []
    names = [outline["inspection"] for outline in draw["outlines"]]
    if len(set(names)) != len(names):
        found.append("查驗編號重複 an inspection stands in the file twice")
    plan = {name: draw[name] for name in ("format", "position_rule", "outlines")}
    digest = sha256(json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))).hexdigest()
    return found + commitments(draw, digest, published) + compare(replay_positions(draw), draw["positions"])


def commitments(draw, digest, published):
    found = []
    if digest != draw["commitment"]:
        found.append("承諾值不符 the plan in the file does not give its commitment: it gives " + digest)
    if published and published.strip().lower() != draw["commitment"]:
        found.append("與抽籤前公告之承諾值不符 the commitment is not the one published before the draw")
    return found


def compare(expected, actual):
    found = []
    if len(expected) != len(actual):
        found.append(f"籤數不符 {len(actual)} lines in the file, {len(expected)} in the replay")
    for one, other in zip_longest(expected, actual, fillvalue={}):
        for name in sorted(set(one) | set(other)):
            if one.get(name) != other.get(name):
                line = one or other
                places = (
                    line.get("stratum", line.get("inspection")),
                    line.get("test"),
                    line.get("order", line.get("k")),
                )
                where = " ".join(str(place) for place in places if place is not None)
                found.append(f"{where} {name}: 檔案 file {other.get(name)!r}, 重算 replay {one.get(name)!r}")
    return found


def differences(draw, published=None):
    found = []
    everyone = [candidate for ids in draw["population"].values() for candidate in ids]
    if len(set(everyone)) != len(everyone):
        found.append("候選名單有重複 a candidate stands in the population twice")
    if set(draw["population"]) != set(draw["sample_size"]):
        found.append("分層與抽樣數不符 strata and sample sizes do not match")
        return found
    return found + commitments(draw, commitment(draw), published) + compare(replay(draw), draw["tickets"])


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        draw = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        kinds = {"probity-draw/1": differences, "probity-positions/1": position_differences}
        if draw["format"] not in kinds:
            raise ValueError("format " + str(draw["format"]))
        found = kinds[draw["format"]](draw, arguments[1] if len(arguments) == 2 else None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"無法讀取 not a readable draw file: {type(error).__name__}: {error}")
        return 2
    for line in found:
        print("不同 DIFFERS: " + line)
    if found:
        return 1
    if "positions" in draw:
        said = f"查驗 inspections {len(draw['outlines'])}, 位置 positions {len(draw['positions'])}"
    else:
        chosen = sum(line["status"] == "drawn" for line in draw["tickets"])
        said = f"候選 candidates {sum(len(ids) for ids in draw['population'].values())}, 抽出 drawn {chosen}"
    print(f"相同 IDENTICAL: {said}, 種子 seed {draw['seed']}")
    print(f"承諾值 commitment {draw['commitment']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
