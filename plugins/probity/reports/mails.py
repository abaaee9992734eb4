"""Mail texts: subject, plain text and HTML, with counts and digests only.

In: a report context (or the facts of a notice) and ``mails/<kind>.{subject,txt,html}``. Out: ``MailBodies``. Why
only counts: time, place and target of an audit are secret (採購稽核小組作業規則 §4-6), and a mail body travels
and is quoted; what the reader needs to know in full is in the attachment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probity.reports import context as contexts
from probity.reports import render

# What a selection's mail may use: never a case, an agency, a firm or a person.
_SELECTION_KEYS = (
    "period",
    "period_roc",
    "selection_id",
    "revision",
    "replaces",
    "revision_reason",
    "list_digest",
    "manifest_digest",
    "trail_head",
    "office",
    "documents",
    "ui_url",
    "job_zh",
)
_SIGNAL_KEYS = ("signal_id", "name", "fired", "base_rate", "not_assessable", "too_common")


@dataclass(frozen=True)
class MailBodies:
    """The three texts of a mail."""

    subject: str
    text: str
    html: str


def mail(kind: str, values: Mapping[str, Any], templates: Path = render.TEMPLATES) -> MailBodies:
    """The mail ``kind`` filled with ``values``; ``office`` is added where it is missing."""
    filled = {"office": render.layout("letters/office.yaml", templates)} | dict(values)
    return MailBodies(
        subject=" ".join(render.text(f"mails/{kind}.subject", filled, templates).split()),
        text=render.text(f"mails/{kind}.txt", filled, templates),
        html=render.text(f"mails/{kind}.html", filled, templates),
    )


def mail_bodies(context: Mapping[str, Any], level: str = "full", templates: Path = render.TEMPLATES) -> MailBodies:
    """The mail that brings a published selection. ``level``: full (list attached), agency (own cases attached) or
    figures (counts alone). The context's cases are counted here and go no further."""
    data = contexts.prepare(context, templates)
    counts = {k: v for k, v in data["counts"].items() if k not in ("agencies", "districts")}
    signals = sorted(
        ({k: s.get(k) for k in _SIGNAL_KEYS} for s in data["signals"] if s.get("fired")),
        key=lambda s: (-s["fired"], s["signal_id"]),
    )
    words = data["labels"]["words"]
    values = {k: data[k] for k in _SELECTION_KEYS} | {
        "words": words | {"selection": data["job_zh"] or words["selection"]},
        "counts": counts,
        "level": level,
        "signals": signals[:10],
        "most": max((s["fired"] for s in signals), default=1),
        "missing": [m if isinstance(m, str) else m["text"] for m in data["coverage"]["missing"]],
        "gates": [
            {
                "stage": data["labels"]["stage"].get(g.get("stage"), g.get("stage")),
                "outcome": data["labels"]["outcome"].get(g.get("outcome"), g.get("outcome")),
            }
            for g in data["coverage"]["gates"]
        ],
    }
    return mail("selection", values, templates)
