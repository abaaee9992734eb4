"""``./probity bench reports``: workbooks and mails against the plain libraries, in the same run.

* writing: 10,000 cases in the selection list's own layout (16 columns, styled, wrapped, typed) by Probity's writer,
  against openpyxl (values only, default and write-only mode) and pandas ``to_excel``;
* reading: a 100,000-row xlsx of 12 columns by Probity's reader, against openpyxl (default and read-only mode) and
  pandas ``read_excel``;
* mailing (``--mails 500``): mails with a 1 MB workbook from the outbox to a mail server on this machine, against a
  plain smtplib loop that composes each mail with EmailMessage.

Each variant runs in a process of its own (seconds without imports; peak memory of the process); the best of
``--repeat`` runs is shown. Exit code 1 when Probity is slower than the fastest plain library of its group.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("工程", "財物", "勞務")
Row = dict[str, Any]


def cases(n: int) -> list[Row]:
    """``n`` rows of the selection list, with texts of real length; the same ones each time."""
    dice = random.Random(20210331)
    rows = []
    for i in range(n):
        award = dice.randint(100_000, 90_000_000)
        rows.append(
            {
                "rank": i + 1,
                "part": ("must_watch", "ranked", "control")[i % 3],
                "part_zh": ("應加強稽核", "訊號排序", "隨機對照")[i % 3],
                "agency_name": f"示範市政府第{i % 180}機關",
                "case_no": f"DM110-{i:06d}",
                "title": f"第{dice.randint(1, 400)}號道路（一段至{dice.randint(2, 9)}段）路面改善工程",
                "kind_zh": KINDS[i % 3],
                "method_zh": "公開取得報價單或企劃書",
                "award_notice_date": dt.date(2021, 3, i % 28 + 1),
                "award_amount": award,
                "floor_ratio": dice.random(),
                "n_bidders": i % 7 + 1,
                "winners": f"示範第{dice.randint(1, 900)}營造有限公司",
                "reasons_zh": f"1. 決標價低於底價八成：值{dice.random():.3f}，低於0.800。\n2. 疑似分批{i % 9}件。",
                "score": dice.random() * 4,
                "auditors_zh": "A03、A07",
                "recused_zh": "A01" if i % 4 == 0 else None,
            }
        )
    return rows


def _columns() -> tuple[Any, list[str]]:
    from probity.reports.render import layout
    from probity.reports.selection_workbook import columns

    made = columns(layout("reports/selection_workbook.yaml")["cases"]["columns"])
    return made, [c.key for c in made]


# -- writing ------------------------------------------------------------------------------------------------------
def write_probity(rows: list[Row], target: Path) -> Callable[[], Any]:
    from probity.reports.package import Properties
    from probity.reports.render import layout
    from probity.reports.xlsx import Book

    made, _ = _columns()
    words = layout("reports/selection_workbook.yaml")["writer"]

    def run() -> None:
        book = Book(Properties("t", "c"), words)
        sheet = book.sheet("選案清單")
        sheet.heading("選案清單")
        sheet.table(made, rows, main=True, freeze=2, fills=lambda r: "FCE4D6" if r["part"] == "must_watch" else None)
        book.save(target)

    return run


def write_openpyxl(rows: list[Row], target: Path, write_only: bool = False) -> Callable[[], Any]:
    import openpyxl

    _, keys = _columns()

    def run() -> None:
        book = openpyxl.Workbook(write_only=write_only)
        sheet = book.create_sheet("選案清單") if write_only else book.active
        sheet.append(keys)
        for row in rows:
            sheet.append([row[k] for k in keys])
        book.save(target)

    return run


def write_openpyxl_write_only(rows: list[Row], target: Path) -> Callable[[], Any]:
    return write_openpyxl(rows, target, write_only=True)


def write_pandas(rows: list[Row], target: Path) -> Callable[[], Any]:
    import openpyxl  # noqa: F401 (imported before the clock starts)
    import pandas as pd

    _, keys = _columns()
    frame = pd.DataFrame(rows, columns=keys)
    return lambda: frame.to_excel(target, index=False)


# -- reading ------------------------------------------------------------------------------------------------------
READ_KEYS = ["rank", "agency_name", "case_no", "title", "kind_zh", "method_zh", "award_notice_date", "award_amount"]
READ_KEYS += ["floor_ratio", "n_bidders", "winners", "score"]


def make_input(n: int, target: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("清冊")
    sheet.append(READ_KEYS)
    for row in cases(n):
        sheet.append([row[k] for k in READ_KEYS])
    book.save(target)


def read_probity(source: Path) -> Callable[[], int]:
    from probity.sources.readers import Limits, Member, open_document

    def run() -> int:
        sheet = open_document(Member(source.name, source), Limits()).sheets[0]
        numbers, columns = sheet.columns(0, list(range(len(READ_KEYS))))
        assert len(columns) == len(READ_KEYS)
        return len(numbers)

    return run


def read_openpyxl(source: Path, read_only: bool = False) -> Callable[[], int]:
    import openpyxl

    def run() -> int:
        book = openpyxl.load_workbook(source, read_only=read_only, data_only=True)
        count = sum(1 for row in book.worksheets[0].iter_rows(values_only=True, min_row=2) if row)
        book.close()
        return count

    return run


def read_openpyxl_read_only(source: Path) -> Callable[[], int]:
    return read_openpyxl(source, read_only=True)


def read_pandas(source: Path) -> Callable[[], int]:
    import openpyxl  # noqa: F401
    import pandas as pd

    return lambda: len(pd.read_excel(source, dtype=str, engine="openpyxl"))


# -- mailing ------------------------------------------------------------------------------------------------------
def _attachment() -> bytes:
    return random.Random(1).randbytes(1_000_000)


def _recipients(n: int) -> list[str]:
    return [f"r{i}@ethics.example.gov.tw" for i in range(n)]


def mail_probity(n: int, port: int) -> int:
    """Owe, compose, claim, send and record ``n`` mails; the embedded PostgreSQL keeps fsync on."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from probity.delivery import outbox
    from probity.delivery.mailer import Server, YagmailBackend
    from probity.delivery.message import Envelope, compose
    from probity.ops.postgres import EmbeddedPostgres
    from probity.reports.mails import MailBodies
    from probity.settings import Settings
    from probity.store import db
    from probity.store.objects import ObjectStore

    sender = "probity@ethics.example.gov.tw"
    bodies = MailBodies(
        "【密】110年3月採購稽核選案清單（第1版）", "本月選案共12件。" * 40, "<p>本月選案共12件。</p>" * 40
    )
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "pg").start()
        try:
            place = Path(folder)
            settings = Settings(place, place, server.create_database("bench"), "", sender)
            db.migrate(settings)
            engine, objects = create_engine(db.database_url(settings)), ObjectStore(place / "objects")
            data = _attachment()
            import yagmail  # noqa: F401 (imported before the clock starts)

            started = time.perf_counter()
            with Session(engine) as session, session.begin():
                for recipient in _recipients(n):
                    envelope = Envelope("PA-2021-03-r1", recipient, 1, "officer", sender)
                    outbox.enqueue(session, compose(objects, envelope, bodies, {"選案清單.xlsx": data}))
            done = outbox.deliver_due(engine, YagmailBackend(Server("127.0.0.1", port), sender), objects, limit=n)
            took = time.perf_counter() - started
            engine.dispose()
        finally:
            server.stop()
    assert done.accepted == n, done
    _report(took, n)
    return 0


def mail_plain(n: int, port: int) -> int:
    import smtplib
    from email.message import EmailMessage

    data, kind = _attachment(), ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as smtp:
        for recipient in _recipients(n):
            mail = EmailMessage()
            mail["From"], mail["To"] = "probity@ethics.example.gov.tw", recipient
            mail["Subject"] = "【密】110年3月採購稽核選案清單（第1版）"
            mail.set_content("本月選案共12件。" * 40)
            mail.add_alternative("<p>本月選案共12件。</p>" * 40, subtype="html")
            mail.add_attachment(data, *kind, filename="選案清單.xlsx")
            smtp.send_message(mail)
    _report(time.perf_counter() - started, n)
    return 0


SINK = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from aiosmtpd.controller import Controller
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
from tests.unit.delivery.post_office import _free_port
port = _free_port()
controller = Controller(Sink(), "127.0.0.1", port)
controller.start()
print(port, flush=True)
sys.stdin.read()
"""


# -- the run ------------------------------------------------------------------------------------------------------
WRITERS: dict[str, Callable[..., Callable[[], Any]]] = {
    "Probity": write_probity,
    "openpyxl": write_openpyxl,
    "openpyxl write-only": write_openpyxl_write_only,
    "pandas to_excel": write_pandas,
}
READERS: dict[str, Callable[..., Callable[[], int]]] = {
    "Probity": read_probity,
    "openpyxl": read_openpyxl,
    "openpyxl read-only": read_openpyxl_read_only,
    "pandas read_excel": read_pandas,
}
MAILERS = {"Probity outbox": mail_probity, "smtplib loop": mail_plain}


def _report(seconds: float, count: int, size: int = 0) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "count": count, "peak_mb": peak, "size": size}))


def variant(group: str, name: str, n: int, place: str) -> int:
    """One variant in this process: prints its figures as a line of JSON."""
    if group == "mail":
        return MAILERS[name](n, int(place))
    path = Path(place)
    run = WRITERS[name](cases(n), path) if group == "write" else READERS[name](path)
    started = time.perf_counter()
    result = run()
    took = time.perf_counter() - started
    if group == "read" and result != n:
        print(f"{name} read {result} rows of {n}", file=sys.stderr)
        return 2
    _report(took, n, path.stat().st_size)
    return 0


def measure(group: str, name: str, n: int, place: str, repeat: int) -> dict[str, float]:
    """The best of ``repeat`` runs, each in a fresh process."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "plugins"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.bench.bench_reports", "--variant", group, name, str(n), place]
    runs = []
    for _ in range(repeat):
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{group} {name} failed:\n{done.stderr[-1500:]}")
        runs.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return min(runs, key=lambda r: r["seconds"])


def show(title: str, group: str, names: Sequence[str], n: int, place: str, repeat: int) -> bool:
    """Measure a group, print it; whether Probity (first) was the fastest."""
    from probity.ops.console import table

    found = {name: measure(group, name, n, place, repeat) for name in names}
    base = found[names[0]]["seconds"]
    rows = [
        (
            name,
            f"{f['seconds']:.2f}",
            f"{f['count'] / f['seconds']:,.0f}",
            f"{f['seconds'] / base:.2f}",
            f"{f['peak_mb']:,.0f}",
            f"{f['size'] / 1e6:.2f}" if f["size"] else "",
        )
        for name, f in found.items()
    ]
    print(f"\n{title}")
    table(("", "seconds", "a second", "time / Probity", "peak MB", "file MB"), rows)
    return all(base <= f["seconds"] for f in found.values())


def main(argv: list[str]) -> int:
    """Run the groups; 1 when Probity is not the fastest in one of them."""
    parser = argparse.ArgumentParser(
        prog="./probity bench reports", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of the workbook written")
    parser.add_argument("--read-rows", type=int, default=100_000, help="rows of the workbook read (0: skip)")
    parser.add_argument("--mails", type=int, default=0, help="mails with a 1 MB workbook (0: skip)")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--variant", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.variant:
        group, name, n, place = options.variant
        return variant(group, name, int(n), place)
    best = True
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as folder:
        written = str(Path(folder) / "written.xlsx")
        title = f"writing {options.rows:,} rows of 16 columns"
        best &= show(title, "write", list(WRITERS), options.rows, written, options.repeat)
        if options.read_rows:
            source = Path(folder) / "source.xlsx"
            make_input(options.read_rows, source)
            title = (
                f"reading {options.read_rows:,} rows of {len(READ_KEYS)} columns ({source.stat().st_size / 1e6:.1f} MB)"
            )
            best &= show(title, "read", list(READERS), options.read_rows, str(source), 1)
    if options.mails:
        sink = subprocess.Popen(
            [sys.executable, "-c", SINK, str(ROOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert sink.stdout is not None
            port = sink.stdout.readline().strip()
            title = f"{options.mails} mails with a workbook of 1 MB"
            best &= show(title, "mail", list(MAILERS), options.mails, port, 1)
        finally:
            sink.communicate("")
    return 0 if best else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
