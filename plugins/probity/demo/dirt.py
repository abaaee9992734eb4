"""The dirt of the real files: what looks the same and is not, what is written in ten ways, what cannot be read.

In: clean values and a ``random.Random``. Out: text as found in the wild (each kind was met in real files:
CJK compatibility ideographs, 巿 for 市, 臺 and 台, full-width digits, private-use characters, stray blanks,
ROC and Gregorian dates in many shapes). ``Dirt.counts`` tells how often each was laid.
"""

from __future__ import annotations

import datetime as dt
import random
import unicodedata
from collections import Counter

PRIVATE = "\ue0c6"  # a user-defined character (造字) as in one real file: no code page knows it
FULL = str.maketrans("0123456789", "０１２３４５６７８９")
COMPAT = {
    unicodedata.normalize("NFKC", chr(c)): chr(c)
    for c in range(0xFAD9, 0xF8FF, -1)
    if unicodedata.normalize("NFKC", chr(c)) != chr(c)
}


class Dirt:
    """Lays dirt at fixed rates; ``counts`` is part of the truth."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.counts: Counter[str] = Counter()

    def _hit(self, kind: str, rate: float) -> bool:
        if self.rng.random() < rate:
            self.counts[kind] += 1
            return True
        return False

    def title(self, text: str, plain: bool = False) -> str:
        """A title as typed: compatibility ideographs, full-width digits, blanks. ``plain`` stays within cp950."""
        rng = self.rng
        if not plain and any(c in COMPAT for c in text) and self._hit("compatibility ideograph", 0.02):
            k = rng.choice([i for i, c in enumerate(text) if c in COMPAT])
            text = text[:k] + COMPAT[text[k]] + text[k + 1 :]
        if not plain and self._hit("private-use character", 0.002):
            text += PRIVATE
        if any(c.isdigit() for c in text) and self._hit("full-width digits", 0.03):
            text = text.translate(FULL)
        if self._hit("stray blanks", 0.02):
            k = rng.randint(1, len(text) - 1)
            text = text[:k] + "  " + text[k:]
        return text

    def agency(self, text: str) -> str:
        if "市" in text and self._hit("巿 for 市", 0.015):
            text = text.replace("市", "巿", 1)
        return text

    def firm(self, text: str) -> str:
        """A firm name as typed; a name key (NFKC, 臺/台, no blanks, no English suffix) still finds it."""
        rng = self.rng
        if ("臺" in text or "台" in text) and self._hit("臺/台", 0.5):
            text = text.replace("臺", "台")
        roll = rng.random()
        if roll < 0.008:
            self.counts["stray blanks"] += 1
            k = rng.randint(2, len(text) - 1)
            return f"{text[:k]} {text[k:]}"
        if roll < 0.014:
            self.counts["leading blank"] += 1
            return f" {text}"
        if roll < 0.018 and text.endswith("股份有限公司"):
            self.counts["English suffix"] += 1
            return f"{text} (Invented Example Inc.)"
        return text

    def money(self, amount: int | None) -> str:
        """318,600元 in its usual shapes; blank when unknown."""
        if amount is None:
            return ""
        roll = self.rng.random()
        text = f"{amount:,}元"
        if roll < 0.01:
            self.counts["money in words"] += 1
            return f"新臺幣 {amount:,}元整"
        if roll < 0.02:
            self.counts["full-width digits"] += 1
            return text.translate(FULL)
        return text

    def roc(self, day: dt.date | None) -> str:
        """A date in one of the ROC (now and then Gregorian) shapes."""
        if day is None:
            return ""
        y = day.year - 1911
        roll = self.rng.random()
        if roll < 0.62:
            return f"{y}/{day:%m/%d}"
        if roll < 0.76:
            return f"{y:03d}{day:%m%d}"
        if roll < 0.85:
            return f"{y}.{day.month}.{day.day}"
        if roll < 0.93:
            return f"{y}年{day.month}月{day.day}日"
        if roll < 0.96:
            return f"{y}/{day:%m/%d}".translate(FULL)
        return f"{day:%Y/%m/%d}"
