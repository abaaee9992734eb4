"""What comes in: each source's contract and reader, and the merge of all of them into the canonical tables.

In: files of the drop folder. Out: ``discover`` (what has arrived), ``ingest`` (a file read once into observations and
quarantine), ``build`` (the canonical tables of a period), ``build_inspections`` (those of inspections up to a day),
``coverage`` and ``overview`` (what is there and missing).
"""

from probity.sources.agencies import build_agencies
from probity.sources.inspections import build_inspections, inspection_facts, inspection_places
from probity.sources.intake import CONTRACTS, SOURCES, Arrival, Ingested, arrival, discover, ingest
from probity.sources.listing import coverage, debarment_changes, overview
from probity.sources.merge import build
from probity.sources.works import build_works

__all__ = [
    "CONTRACTS",
    "SOURCES",
    "Arrival",
    "Ingested",
    "arrival",
    "build",
    "build_agencies",
    "build_inspections",
    "build_works",
    "coverage",
    "debarment_changes",
    "discover",
    "ingest",
    "inspection_facts",
    "inspection_places",
    "overview",
]
