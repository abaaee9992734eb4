"""Content-addressed files: snapshots, manifests, archived rules. Written once, never changed.

In: bytes or Arrow tables. Out: a digest by which they are found again. A file appears under its name only
when it is complete (temporary name, fsync, rename), so two writers at once and a full disk do no harm.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from probity import canonical


class ObjectStore:
    """Files under ``root``, named ``<2 hex>/<64 hex>.<suffix>``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str, suffix: str) -> Path:
        return self.root / digest[:2] / f"{digest}.{suffix}"

    def put_bytes(self, data: bytes, suffix: str) -> str:
        """Store ``data``; returns its SHA-256 (hex). Storing the same bytes again is a no-op."""
        digest = canonical.sha256(data)
        target = self.path(digest, suffix)
        if not target.exists():
            write_atomic(target, data)
        return digest

    def get_bytes(self, digest: str, suffix: str) -> bytes:
        """The bytes stored under ``digest``. FileNotFoundError when absent, ValueError when they were altered."""
        data = self.path(digest, suffix).read_bytes()
        if canonical.sha256(data) != digest:
            raise ValueError(f"object {digest} does not have the content its name promises")
        return data

    def put_json(self, value: Any) -> str:
        return self.put_bytes(canonical.dumps(value).encode(), "json")

    def get_json(self, digest: str) -> Any:
        return json.loads(self.get_bytes(digest, "json"))

    def put_table(self, table: pa.Table) -> str:
        """Store an Arrow table as Parquet; the digest is that of the Parquet bytes."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_statistics=True)
        return self.put_bytes(sink.getvalue().to_pybytes(), "parquet")

    def table_path(self, digest: str) -> Path:
        return self.path(digest, "parquet")

    def get_table(self, digest: str) -> pa.Table:
        return pq.read_table(self.table_path(digest))


def write_atomic(target: Path, data: bytes, mode: int = 0o640) -> None:
    """Write ``data`` to ``target`` so that it is either absent or whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.chmod(mode)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
