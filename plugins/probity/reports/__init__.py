"""What leaves the house on paper: workbooks, letters and mail texts.

In: a report context (``probity.reports.context``) and the templates of ``include/templates``. Out: bytes that are
the same each time for the same context. Nothing here reads a clock, a database or a source.
"""

from probity.reports.context import ContextError, prepare
from probity.reports.letters import Letter, letters
from probity.reports.mails import MailBodies, mail, mail_bodies
from probity.reports.package import zip_files
from probity.reports.selection_workbook import selection_workbook, selection_workbook_bytes

__all__ = [
    "ContextError",
    "Letter",
    "MailBodies",
    "letters",
    "mail",
    "mail_bodies",
    "prepare",
    "selection_workbook",
    "selection_workbook_bytes",
    "zip_files",
]
