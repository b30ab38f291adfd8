"""The command ``rekam``."""

from __future__ import annotations

from server.cli.main import main

__all__ = ["main"]
