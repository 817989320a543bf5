"""tree - the files of the project and the table of tools/arrows.toml."""

import os
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from csource import code_of


@dataclass(frozen=True)
class Finding:
    """One thing to say about one line. Reports are said, but fail nothing."""

    path: str
    line: int
    rule: str
    text: str
    is_report: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


@dataclass
class Room:
    name: str
    path: str
    may: list[str]
    bans: list[str]


@dataclass
class Tree:
    root: Path
    _texts: dict[str, str] = field(default_factory=dict)

    @cached_property
    def table(self) -> dict[str, Any]:
        with open(self.root / "tools/arrows.toml", "rb") as file:
            return tomllib.load(file)

    @cached_property
    def rooms(self) -> dict[str, Room]:
        return {name: Room(name, **row) for name, row in self.table["room"].items()}

    @cached_property
    def paths(self) -> list[str]:
        """Every file that is, or could be, in the repository; sorted, relative."""
        if (self.root / ".git").exists():
            command = ["git", "ls-files", "-z", "-c", "-o", "--exclude-standard"]
            out = subprocess.run(
                command, cwd=self.root, check=True, capture_output=True, text=True
            ).stdout
            names = out.split("\0")
        else:
            names = [
                os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, names in os.walk(self.root)
                for name in names
                if "__pycache__" not in folder
            ]
        return sorted(n for n in names if n and (self.root / n).is_file())

    def text(self, path: str) -> str:
        """The content of PATH; empty for what is not text."""
        if path not in self._texts:
            raw = (self.root / path).read_bytes()
            try:
                self._texts[path] = "" if b"\0" in raw else raw.decode()
            except UnicodeDecodeError:
                self._texts[path] = ""
        return self._texts[path]

    def lines(self, path: str) -> Iterator[tuple[int, str]]:
        return enumerate(self.text(path).splitlines(), 1)

    def code(self, path: str) -> str:
        return code_of(self.text(path))

    def c_files(self, *folders: str) -> list[str]:
        """The C files under FOLDERS; of the whole library and extension if none."""
        under = folders or ("include/", "src/", "ext/")
        return [
            p for p in self.paths if p.startswith(under) and p.endswith((".c", ".h"))
        ]

    def room_of(self, path: str) -> Room | None:
        for room in self.rooms.values():
            if path.startswith(room.path + "/"):
                return room
        return None
