"""How long a large package takes to import, and how much memory, beside `unzip` on the same disk.

`make bench-imports` (SIZE in MiB, default 1024). The package: one third video that does not compress, the rest pages, scripts
and pictures of 4 KiB to 4 MiB. Each side ends with its files durable: `unzip` is followed by `sync -f`.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

from core.db import unit_of_work
from core.settings import Settings
from core.tenants import Tenant
from course_packages import importing
from server.app import create_app
from server.database import upgrade
from tests.conftest import make_tenant

_MANIFEST = """<?xml version="1.0"?>
<manifest identifier="big" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
<organizations default="o"><organization identifier="o"><title>Big</title>
<item identifier="i" identifierref="r"><title>Part</title></item></organization></organizations>
<resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources></manifest>
"""


def make_package(path: Path, mebibytes: int) -> int:
    """Write the package; how many files it holds."""
    chance = random.Random(1)  # the same package each time
    left, count = mebibytes << 20, 2
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("imsmanifest.xml", _MANIFEST)
        archive.writestr("index.html", "<!doctype html><title>Big</title>")
        video = left // 3
        with archive.open("media/lecture.mp4", "w", force_zip64=True) as file:
            for _ in range(video >> 20):
                file.write(chance.randbytes(1 << 20))
        left -= video
        while left > 0:
            size = min(left, chance.choice((4, 16, 64, 256, 1024, 4096)) << 10)
            half = chance.randbytes(size // 2)
            archive.writestr(f"files/{count:05}.bin", half + b"<p>text of the course</p>" * (size // 50))
            left -= size
            count += 1
    return count


def time_unzip(package: Path, folder: Path) -> float:
    target = folder / "unzipped"
    started = time.monotonic()
    subprocess.run(["unzip", "-q", str(package), "-d", str(target)], check=True)
    subprocess.run(["sync", "-f", str(target)], check=True)
    taken = time.monotonic() - started
    shutil.rmtree(target)
    return taken


def time_import(package: Path, folder: Path) -> tuple[float, float, float]:
    """(seconds for the upload to be stored, seconds for the job, MiB of memory above idle at the most)."""
    app = create_app(Settings(data_dir=str(folder / "data"), log_level="WARNING"))
    with app.app_context():
        upgrade()
        tenant: Tenant = make_tenant()  # type: ignore[assignment]
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        with package.open("rb") as file:
            blob = importing.stage(file)
        staged = time.monotonic()
        with unit_of_work():
            job_id = importing.start_import(tenant.id, "big", blob, "big.zip").id
        importing.run_import(tenant.id, job_id)
        ended = time.monotonic()
        job = importing.get_job(tenant.id, job_id)
        if job.status != "COMPLETE":
            raise SystemExit(job.message)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return staged - started, ended - staged, (most - idle) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1024, help="MiB of files in the package")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder = Path(name)
        package = folder / "big.zip"
        files = make_package(package, size)
        print(f"package: {size} MiB in {files} files, zip {package.stat().st_size >> 20} MiB")
        unzip = min(time_unzip(package, folder) for _ in range(2))
        staging, job, memory = time_import(package, folder)
    print(f"unzip and sync        {unzip:7.1f} s")
    print(f"storing the upload    {staging:7.1f} s")
    print(f"import job            {job:7.1f} s   {job / unzip:.1f} × unzip")
    print(f"memory above idle     {memory:7.0f} MiB")


if __name__ == "__main__":
    main()
