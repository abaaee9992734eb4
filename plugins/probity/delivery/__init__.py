"""Mail: who gets it (``recipients``), what is owed (``outbox``, ``model``), what is sent (``message``, ``mime``), and
the server (``mailer``).

In: report texts and files from a job. Out: mails accepted by a server, each attempt on record.
"""
