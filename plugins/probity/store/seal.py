"""The seal key: the secret of the office's keyed HMACs, kept in a file outside the database.

In: ``Settings.seal_key_file``. Out: the key's bytes and HMACs made with it. Why: whoever can write the database
must not be able to forge what is checked against it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets

from probity.settings import Settings


def key(settings: Settings) -> bytes:
    """The key, made on first use (32 random bytes, mode 0600). ValueError when the file is too short to be one."""
    path = settings.seal_key_file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(secrets.token_bytes(32))
        draft.chmod(0o600)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)  # of two makers at once the first wins, and its file is whole
        draft.unlink()
    data = path.read_bytes()
    if len(data) < 32:
        raise ValueError(f"{path}: not a seal key (32 bytes at least)")
    return data


def mac(settings: Settings, message: bytes) -> str:
    """HMAC-SHA-256 (hex) of ``message`` under the seal key."""
    return hmac.new(key(settings), message, hashlib.sha256).hexdigest()


def matches(settings: Settings, message: bytes, value: str) -> bool:
    return hmac.compare_digest(mac(settings, message), value)
