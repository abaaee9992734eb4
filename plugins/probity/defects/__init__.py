"""Defects from their finding to their closing: events, the list as of any day, deadlines, letters that are due.

In: events. Out: the list, and who must be written to.
"""
