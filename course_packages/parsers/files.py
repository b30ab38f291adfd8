"""The files of a package as a parser sees them: relative to the folder of the manifest."""

from __future__ import annotations

from collections.abc import Iterator

from course_packages.archive import Archive, Entry, Limits, fold
from course_packages.problems import Findings


class PackageFiles:
    """Files below ``root`` ("" or "folder/"), found without regard to case."""

    # Whether there is nothing but the manifest.
    alone = False

    def __init__(self, archive: Archive, root: str, findings: Findings, limits: Limits) -> None:
        self.archive, self.root, self.findings, self.limits = archive, root, findings, limits
        self._prefix = fold(root)

    def find(self, path: str) -> str | None:
        """The path as it is written in the zip, or None."""
        entry = self.archive.entries.get(self._prefix + fold(path))
        return None if entry is None else entry.path[len(self.root) :]

    def read(self, path: str) -> bytes:
        """The bytes of a file that exists; rejected over the limit for manifests."""
        return self.archive.read(self.archive.entries[self._prefix + fold(path)], self.limits.manifest_size)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        """(path, entry) of every file below the root, in the order of the zip."""
        for folded, entry in self.archive.entries.items():
            if folded.startswith(self._prefix):
                yield entry.path[len(self.root) :], entry

    def outside(self) -> int:
        """How many files lie outside the root."""
        return sum(not folded.startswith(self._prefix) for folded in self.archive.entries)


class NoFiles(PackageFiles):
    """What lies beside a manifest that came without a zip: nothing."""

    alone = True

    def __init__(self, findings: Findings, limits: Limits) -> None:
        self.root, self.findings, self.limits = "", findings, limits

    def find(self, path: str) -> str | None:
        return None

    def read(self, path: str) -> bytes:
        raise LookupError(path)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(())

    def outside(self) -> int:
        return 0
