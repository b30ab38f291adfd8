"""``python -m server.cli.gunicorn``: gunicorn, which ends without a traceback also when Ctrl-C comes before it handles signals itself."""

from __future__ import annotations

from server.cli import end_on_interrupt

if __name__ == "__main__":
    end_on_interrupt()
    from gunicorn.app.wsgiapp import run

    run(prog="gunicorn")
