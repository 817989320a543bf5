"""Programs that are run as a reader runs them, and what they leave behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGIONS = Path("/dev/shm")
SECONDS = 100  # for one program; on a machine of its own the longest takes thirty


def regions(mark: str) -> list[str]:
    """Shared regions with this in their names. Others' are none of our business."""
    return [path.name for path in REGIONS.iterdir() if mark in path.name]


def run(*command: str, status: int = 0, **environment: str) -> str:
    """What a program says that ends well, complains of nothing and leaves no region."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said, complained = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == status, said + complained
    assert complained == ""
    assert regions(f"-{process.pid}") == []
    return said


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def processes_of(folder: Path) -> list[int]:
    """The processes whose temporary files are in a folder, or who live there: a program
    that was given it as TMPDIR, its workers, and the servers that it started. Not those
    that only wait for a reaper."""
    mark = f"TMPDIR={folder}\0".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            is_gone = (path / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            is_ours = mark in (path / "environ").read_bytes() or (
                (path / "cwd").readlink().is_relative_to(folder)
            )
        except OSError:
            continue  # it ended while we looked, or is somebody else's
        if is_ours and not is_gone:
            found.append(int(path.name))
    return found
