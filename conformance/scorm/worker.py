"""Running cases in a process of their own, with a browser that is replaced when it hangs or dies."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from conformance.scorm import packages, plans
from conformance.scorm.lms import Learner, Lms, LmsError
from conformance.scorm.relay import Relay
from conformance.scorm.tester import CASE, REACTION, StepFailed, Tester
from conformance.scorm.verdicts import Verdict

# What a case may take beyond its own limit before the process is given up.
GRACE = 30.0
# The directory of a relay address is another origin than the player's; nothing of the browser's own may call out.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Where one run takes place; ``shots``: folder for a picture of each failed case, or None."""

    checkout: Path
    base: str
    key: str
    secret: str
    run: str
    shots: Path | None = None

    @property
    def learners(self) -> tuple[Learner, Learner]:
        """The case API has a learner of its own; all others share the second."""
        return Learner(f"adl-one-{self.run}", "Learner", "One"), Learner(f"adl-two-{self.run}", "Learner", "Two")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came out of one case; ``visits`` is "3 of 4"."""

    name: str
    passed: bool
    visits: str
    checks: int
    seconds: float
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        word = "PASS" if self.passed else "FAIL"
        line = f"{word} {self.name:8} {self.visits:>8} visits {self.checks:5} checks {self.seconds:6.1f} s"
        if not self.passed:
            more = f" (+{len(self.failures) - 1})" if len(self.failures) > 1 else ""
            line += f"  {self.failures[0] if self.failures else 'the plan was not followed to its end'}{more}"
        return line


class Bench:
    """The place where cases run one after another: a relay, the server, a browser."""

    def __init__(self, setup: Setup, playwright: Playwright, folder: Path) -> None:
        self.setup, self.playwright, self.folder = setup, playwright, folder
        self.relay = Relay()
        self.lms = Lms(setup.base, setup.key, setup.secret, setup.run)
        self.words = plans.Words.of(setup.checkout)
        self.recipes = packages.recipes(setup.checkout)
        self.browser: Browser | None = None

    def run(self, name: str) -> Result:
        began = time.monotonic()
        case = plans.load(self.setup.checkout, name, self.words)
        learner = self.setup.learners[0 if name == "API" else 1]
        verdict = Verdict(case, learner.id)
        script = self.relay.begin(verdict)
        context: BrowserContext | None = None
        try:
            courses = {package: self.bring_in(package) for package in case.packages}
            context, page = self.open(script)
            Tester(case, self.relay, self.lms, page, courses, learner).run()
        except StepFailed as failed:
            verdict.trouble(failed.what, failed.got, failed.expected)
        except (LmsError, packages.PackageError) as error:
            verdict.trouble("LMS", str(error), "does what is asked")
        except Error as error:
            verdict.trouble("browser", str(error).splitlines()[0][:300], "goes on")
        with self.relay.lock:
            result = Result(
                name=name,
                passed=verdict.passed,
                visits=f"{min(verdict.position, len(case.visits))} of {len(case.visits)}",
                checks=len(verdict.checks),
                seconds=time.monotonic() - began,
                failures=[str(check) for check in verdict.failures],
            )
        self.tidy(result, context)
        return result

    def bring_in(self, package: str) -> str:
        recipe = self.recipes[f"LMSTestPackage_{package}"]
        return self.lms.bring_in(packages.build(self.setup.checkout, package, self.folder, recipe))

    def open(self, script: str) -> tuple[BrowserContext, Page]:
        if self.browser is None or not self.browser.is_connected():
            path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
            self.browser = self.playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        # The pages report to the relay, which is another origin than the player's policy knows.
        context = self.browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 900})
        context.add_init_script(script)
        context.on("dialog", lambda dialog: dialog.accept())
        page = context.new_page()
        page.set_default_timeout(REACTION * 1000)
        return context, page

    def tidy(self, result: Result, context: BrowserContext | None) -> None:
        if context is None:
            return
        try:
            if self.setup.shots and not result.passed:
                context.pages[0].screenshot(path=self.setup.shots / f"{result.name}.png", timeout=5000)
            context.close()
        except Error:
            # A page that keeps the browser busy; the next case gets a new one.
            self.browser = None


def _work(setup: Setup, pipe: Connection) -> None:
    """The process: a name in, a result out."""
    os.setsid()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="rekam-adl-") as folder:
        bench = Bench(setup, playwright, Path(folder))
        while name := pipe.recv():
            pipe.send(bench.run(name))


class Worker:
    """Runs cases in a process that is stopped, browser and all, when one does not come back."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.process: Any = None
        self.pipe: Any = None

    def run(self, name: str) -> Result:
        began = time.monotonic()
        if self.process is None:
            context = multiprocessing.get_context("spawn")
            self.pipe, theirs = context.Pipe()
            self.process = context.Process(target=_work, args=(self.setup, theirs))
            self.process.start()
            theirs.close()
        self.pipe.send(name)
        try:
            if self.pipe.poll(CASE + GRACE):
                result: Result = self.pipe.recv()
                return result
            said = f"no result after {CASE + GRACE:.0f} s"
        except EOFError:
            said = "the process died"
        self.stop(now=True)
        seconds = time.monotonic() - began
        return Result(name=name, passed=False, visits="?", checks=0, seconds=seconds, failures=[said])

    def stop(self, *, now: bool = False) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if not now:
            self.pipe.send("")
            process.join(15)
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
        self.pipe.close()
