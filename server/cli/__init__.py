"""The command ``rekam``. Importing this package costs nothing: Ctrl-C is answered from the first moment on."""

from __future__ import annotations

import os
import signal

# 128 + SIGINT, what shells say of a command that Ctrl-C ended.
INTERRUPTED = 130


def end_on_interrupt() -> None:
    """Ctrl-C ends the process at once and without words, where there is nothing to tidy up: while modules are imported."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def main() -> None:
    """Run the command of ``sys.argv`` and exit."""
    end_on_interrupt()
    from server.cli.commands import main as commands

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        commands()
    finally:
        # Nor does a second Ctrl-C show how Python waits for its threads.
        end_on_interrupt()
