"""Who gets what, from when to when: data, read and checked.

In: ``recipients.yaml`` of a config folder. Out: ``Recipient`` rows. A file with a mistake is refused whole, with
the entry named, before any mail is owed: a list sent to the wrong place cannot be called back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probity import config
from probity.delivery.message import MessageError, address

LEVELS = ("full", "agency", "figures")
_KEYS = {"role", "address", "reports", "level", "agency", "sources", "from", "to"}


class RecipientsError(ValueError):
    """recipients.yaml is not usable; the message names the entry and what is wrong, not the address."""


@dataclass(frozen=True)
class Recipient:
    """One role's subscription. ``internal``: the address lies in one of the office's own domains."""

    role: str
    address: str
    reports: tuple[str, ...]
    level: str
    agency: str
    sources: tuple[str, ...]
    effective_from: dt.date
    effective_to: dt.date | None
    internal: bool

    def gets(self, report: str, on: dt.date, source: str | None = None) -> bool:
        """Whether this role gets ``report`` on that day (of ``source``, for reports about a source)."""
        in_force = self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)
        concerned = source is None or "*" in self.sources or source in self.sources
        return in_force and report in self.reports and concerned


def load(folder: Path) -> list[Recipient]:
    """All entries of ``<folder>/recipients.yaml``, sorted by role and address. Raises RecipientsError."""
    data = config.load(folder, "recipients")
    if not isinstance(data, dict) or not isinstance(data.get("recipients"), list):
        raise RecipientsError("recipients.yaml: a list 'recipients' is expected")
    domains = tuple(str(d).lower() for d in data.get("office_domains") or ())
    out = [_read(entry, number, domains) for number, entry in enumerate(data["recipients"], 1)]
    return sorted(out, key=lambda r: (r.role, r.address, r.effective_from))


def for_report(recipients: Iterable[Recipient], report: str, on: dt.date, source: str | None = None) -> list[Recipient]:
    """Those who get ``report`` on that day, one entry an address (the first by role)."""
    seen: dict[str, Recipient] = {}
    for recipient in recipients:
        if recipient.gets(report, on, source):
            seen.setdefault(recipient.address, recipient)
    return list(seen.values())


def _read(entry: Any, number: int, domains: tuple[str, ...]) -> Recipient:
    where = f"recipients.yaml, entry {number}"
    if not isinstance(entry, dict) or not entry.get("role") or not entry.get("reports"):
        raise RecipientsError(f"{where}: role, address, reports and from are needed")
    where += f" ({entry['role']})"
    if unknown := set(entry) - _KEYS:
        raise RecipientsError(f"{where}: unknown keys {sorted(unknown)}")
    try:
        plain = address(str(entry.get("address") or ""))
    except MessageError as error:
        raise RecipientsError(f"{where}: {error}") from error
    start, end = entry.get("from"), entry.get("to")
    if not isinstance(start, dt.date) or not (end is None or isinstance(end, dt.date)):
        raise RecipientsError(f"{where}: from and to are dates such as 2021-01-01")
    if end is not None and end < start:
        raise RecipientsError(f"{where}: to lies before from")
    level = entry.get("level", "figures")
    if level not in LEVELS:
        raise RecipientsError(f"{where}: level is one of {', '.join(LEVELS)}")
    if (level == "agency") != bool(entry.get("agency")):
        raise RecipientsError(f"{where}: level agency and an agency code belong together")
    domain = plain.rpartition("@")[2]
    internal = any(domain == d or domain.endswith("." + d) for d in domains)
    if level == "full" and not internal:
        raise RecipientsError(f"{where}: the full list goes only to the office's own domains (office_domains)")
    return Recipient(
        role=str(entry["role"]),
        address=plain,
        reports=tuple(entry["reports"]),
        level=level,
        agency=str(entry.get("agency") or ""),
        sources=tuple(entry.get("sources") or ()),
        effective_from=start,
        effective_to=end,
        internal=internal,
    )
