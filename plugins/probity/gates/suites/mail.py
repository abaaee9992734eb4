"""Before mail: the report is there and unaltered, every recipient has an address, and no secret is in a body.

In: ``context['files']`` ({path, digest, name}), ``context['recipients']`` ({address, name or role}),
``context['bodies']`` ({name, text}; subjects too), ``context['terms']`` (names of persons, cases and firms that must
not appear). Out: frames ``attachments``, ``recipients``, ``bodies``. The terms and texts never leave this module: the
bad row of a body is its name and a count (採購稽核小組作業規則 §4: time, place and target are secret; DESIGN.md 7).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from probity import canonical
from probity.gates.checks import Check
from probity.gates.frames import Plan, facts

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = r"^[^@\s<>,;:\"()\[\]\\]{1,64}@" + _LABEL + r"(?:\." + _LABEL + r")+\Z"
NATIONAL_ID = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][1289A-Da-d]\d{8}(?!\d)")
DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])")
"""A digest of sixty-four digits begins like an ID number about once in two hundred; a mail names ten."""

STRUCTURE = (
    Check("mail.attachments", "attachments", "row_count", args={"min": 1}),
    Check("mail.recipients", "recipients", "row_count", args={"min": 1}),
    Check("mail.bodies", "bodies", "row_count", args={"min": 1}),
    Check("mail.terms", "terms", "row_count", args={"min": 1}),
)

CHECKS = (
    Check("mail.file_exists", "attachments", "true", ("exists",), marks=("file",)),
    Check("mail.file_not_empty", "attachments", "true", ("not_empty",), marks=("file",)),
    Check("mail.file_digest", "attachments", "true", ("unaltered",), marks=("file",)),
    Check("mail.address.filled", "recipients", "not_null", ("address",)),
    Check("mail.address.form", "recipients", "matches", ("address",), {"regex": ADDRESS}),
    Check("mail.address.unique", "recipients", "unique", ("address_key",), marks=("address",)),
    Check("mail.body_not_empty", "bodies", "true", ("not_empty",), marks=("body",)),
    Check("mail.no_names", "bodies", "true", ("no_terms",), marks=("terms",)),
    Check("mail.no_ids", "bodies", "true", ("no_ids",), marks=("ids",)),
)

FILE_HEADINGS = {"file": "附件", "exists": "存在", "not_empty": "非空檔", "unaltered": "與登錄雜湊相符"}
PERSON_HEADINGS = {"recipient": "收件人", "address": "電子郵件", "address_key": "電子郵件（比對用）"}
BODY_HEADINGS = {
    "body": "郵件部分",
    "not_empty": "有內容",
    "terms": "出現名稱數",
    "no_terms": "未出現名稱",
    "ids": "出現證號數",
    "no_ids": "未出現證號",
}


def folded(text: str) -> str:
    """NFKC, lower case, no blanks and no format characters: the same name however it is spaced or wide."""
    wide = unicodedata.normalize("NFKC", text).casefold()
    return "".join(ch for ch in wide if not ch.isspace() and unicodedata.category(ch) not in ("Cf", "Mn"))


def _terms(terms: Iterable[Any]) -> list[str]:
    """Folded terms of two characters or more: a single character is in every text."""
    return sorted({f for t in terms if t and len(f := folded(str(t))) >= 2})


def _file(item: Mapping[str, Any]) -> dict[str, Any]:
    path = Path(item["path"])
    exists = path.is_file()
    return {
        "file": str(item.get("name") or path.name),
        "exists": exists,
        "not_empty": exists and path.stat().st_size > 0,
        "unaltered": exists and canonical.file_digest(path) == item["digest"],
    }


def _body(item: Mapping[str, Any], terms: list[str]) -> dict[str, Any]:
    text = str(item.get("text") or "")
    shown = html.unescape(text)
    flat, bare = folded(shown), folded(re.sub(r"<[^>]*>", "", shown))
    found = sum(t in flat or t in bare for t in terms)
    ids = len(NATIONAL_ID.findall(DIGEST.sub("", unicodedata.normalize("NFKC", shown))))
    return {
        "body": item["name"],
        "not_empty": bool(bare),
        "terms": found,
        "no_terms": not found,
        "ids": ids,
        "no_ids": not ids,
    }


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of attachments, recipients and bodies."""
    terms = _terms(context["terms"])
    people = [
        {
            "recipient": str(p.get("name") or p.get("role") or f"#{n}"),
            "address": (str(p.get("address") or "").strip() or None),
            "address_key": (str(p.get("address") or "").strip().casefold() or None),
        }
        for n, p in enumerate(context["recipients"], start=1)
    ]
    result = Plan(facts={"terms": len(terms)})
    result.add(facts("terms", "不得出現之名稱", {"number": "序號"}, [{"number": n + 1} for n in range(len(terms))]))
    result.add(facts("attachments", "附件", FILE_HEADINGS, [_file(f) for f in context["files"]]))
    result.add(facts("recipients", "收件人", PERSON_HEADINGS, people))
    result.add(facts("bodies", "郵件內容", BODY_HEADINGS, [_body(b, terms) for b in context["bodies"]], open=True))
    return result
