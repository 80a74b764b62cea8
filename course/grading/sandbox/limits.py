"""What a submission may use. A module of its own, so that a judge is started without the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a submission may use; per process unless said otherwise."""

    import_seconds: float = 5
    """Wall-clock time until the app stands."""
    request_seconds: float = 2
    """Wall-clock time of one response."""
    strikes: int = 3
    """Time-outs after which the remaining tests of an exercise are not tried any more."""
    submission_seconds: float = 30
    """Wall-clock time of all tests of one exercise."""
    cpu_seconds: int = 5
    memory: int = 512 * 2**20
    """Address space in bytes."""
    processes: int = 16
    file_size: int = 8 * 2**20
    """Bytes of one file, and of what the app prints."""
    open_files: int = 64
    disk: int = 64 * 2**20
    """Bytes of all files together (strong wall only)."""
    inodes: int = 20_000
    """Number of files and folders in each folder that can be written (warm start only)."""
