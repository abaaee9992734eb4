"""A clean-up is not broken off by a second Ctrl-C."""

from __future__ import annotations

import os
import signal

import pytest

from probity.ops.local import undisturbed


def test_signals_wait_until_the_clean_up_is_done() -> None:
    before = signal.getsignal(signal.SIGINT)
    with undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
