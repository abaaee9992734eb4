"""The office's database and its content-addressed files: what was decided, what is owed, and the trail."""

from probity.store.db import Base, engine, migrate, session_scope

__all__ = ["Base", "engine", "migrate", "session_scope"]
