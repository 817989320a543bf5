"""What mypy makes of the package, and of programs that use it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pinyon
import pytest

HERE = Path(__file__).parent
PACKAGE = Path(pinyon.__file__).parent.resolve()

pytest.importorskip("mypy")


def mypy(*args: str, tmp_path: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), *args],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=tmp_path,
    )


def test_the_types_of_a_program(tmp_path):
    sample = HERE / "typing_sample.py"
    done = mypy(str(sample), tmp_path=tmp_path)
    seen = {}
    for line in done.stdout.splitlines():
        match = re.match(r".*typing_sample.py:(\d+): (error|note): (.*)", line)
        if match and seen.get(int(match[1]), ("note",))[0] == "note":
            seen[int(match[1])] = (match[2], match[3])
    wanted = {}
    for number, line in enumerate(sample.read_text().splitlines(), 1):
        if match := re.search(r"# (R|E): (.*)", line):
            wanted[number] = (match[1], match[2])
    assert wanted
    for number, (kind, text) in wanted.items():
        assert number in seen, f"line {number}: mypy says nothing\n{done.stdout}"
        said = seen.pop(number)
        assert said[0] == {"R": "note", "E": "error"}[kind], (number, said)
        assert text.strip('"').replace("Any", "") in said[1].replace("Any", ""), said
    assert {n: s for n, s in seen.items() if s[0] == "error"} == {}, done.stdout


def test_the_package_itself(tmp_path):
    done = mypy("-p", "pinyon", tmp_path=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stub_says_what_the_extension_is(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "pinyon._core"],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()
