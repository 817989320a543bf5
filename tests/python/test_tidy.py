"""The house keeps its own rules, and each rule catches what it is for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TABLE = """
[public]
"pinyon/store.h" = "store"
[banned]
clock = ["time", "pn_clock_*"]
[state]
allowed = ["PyModuleDef"]
[room.base]
path = "src/base"
may = []
bans = ["clock"]
[room.store]
path = "src/store"
may = ["base"]
bans = ["clock"]
"""
HEADER = "/*\n * {name} - what it is for\n *\n * And how it is used.\n */\n"

# A house of two rooms that breaks no rule: every planted fault is the only one in it.
HOUSE = {
    "tools/arrows.toml": TABLE,
    "include/pinyon/store.h": HEADER.format(name="store"),
    "src/base/hash.h": HEADER.format(name="hash") + "int hash(void);\n",
    "src/base/hash.c": '#include "base/hash.h"\nint\nhash(void)\n{\n    return 1;\n}\n',
    "src/store/index.h": HEADER.format(name="index"),
    "src/store/index.c": '#include "store/index.h"\n\n#include "base/hash.h"\n'
    '#include "pinyon/store.h"\n/* time() is not called, "time()" neither */\n'
    "static const char *const names[] = {0};\n"
    "static struct PyModuleDef module = {0};\n"
    "static int table(int (*visit)(void *), void *);\n",
    "src/meson.build": "['hash.c', 'index.c']\n",
    "tests/unit/meson.build": "['hash', 'index']\n",
    "tests/unit/test_hash.c": "",
    "tests/unit/test_index.c": "",
    "docs/guide.md": "# The guide\n[here](#the-guide) [there](../tools/arrows.toml)\n",
}

# rule, file, what is added to its end (a file that is not there is made).
FAULTS = [
    ("arrows", "src/base/hash.c", '#include "store/index.h"\n'),
    ("arrows", "src/base/hash.c", "#include <pinyon/store.h>\n"),
    ("arrows", "src/base/hash.c", '#include "../store/index.h"\n'),
    ("arrows", "src/base/hash.c", '#include "pinyon/secret.h"\n'),
    ("arrows", "src/attic/index.h", HEADER.format(name="index")),
    ("arrows", "tools/arrows.toml", '[room.x]\npath = "src/x"\nmay=["y"]\nbans=[]\n'),
    ("clock", "src/store/index.c", "int f(void)\n{\n    return time (0);\n}\n"),
    ("clock", "src/store/index.c", "int f(void)\n{\n    return pn_clock_ms();\n}\n"),
    ("state", "src/store/index.c", "static int count;\n"),
    ("state", "src/store/index.c", "static const char *name = 0;\n"),
    ("state", "src/store/index.c", "_Thread_local int count;\n"),
    ("state", "src/store/index.c", "static int (*hook)(void);\n"),
    ("state", "src/store/index.c", "struct { int a; } all[] = {{1}, {2}};\n"),
    ("state", "src/store/index.c", "int f(void)\n{\n    static int n = 0;\n}\n"),
    ("macro-return", "src/store/index.c", "#define DO(x) if (x) \\\n return 1\n"),
    ("prose", "src/store/bare.h", '#include "store/bare.h"\n'),
    (
        "prose",
        "src/store/bare.h",
        '/*\n * bare - terse\n */\n#include "store/bare.h"\n',
    ),
    ("tested", "src/base/more.c", "/* hash.c */\n"),
    ("dead", "src/base/more.c", ""),
    ("dead", "src/base/more.h", HEADER.format(name="more")),
    ("machine-paths", "docs/guide.md", "See /" + "home/me/pinyon for it.\n"),
    ("later", "src/store/index.c", "/* TO" + "DO: the rest */\n"),
    ("links", "docs/guide.md", "[gone](gone.md)\n"),
    ("links", "docs/guide.md", "[gone](#gone)\n"),
    ("columns", "src/store/index.c", "/*" + "-" * 84 + " */\n"),
    ("sizes", "src/store/index.c", "\n" * 700),
    (
        "exceptions",
        "tools/arrows.toml",
        "[[exception]]\npaths=['x']\nrule='y'\nreason='z'",
    ),
]


def tidy(root: Path) -> tuple[int, list[str]]:
    """The exit code and what was said; a report of sizes is not a fault."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools/tidy", root], capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def build(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_the_tree_is_tidy() -> None:
    code, said = tidy(ROOT)
    assert code == 0, "\n".join(said)


def test_the_model_house_is_tidy(tmp_path: Path) -> None:
    build(tmp_path, HOUSE)
    assert tidy(tmp_path) == (0, ["tidy: clean"])


@pytest.mark.parametrize(("rule", "path", "fault"), FAULTS)
def test_a_fault_is_found(tmp_path: Path, rule: str, path: str, fault: str) -> None:
    build(tmp_path, HOUSE | {path: HOUSE.get(path, "") + fault})
    code, said = tidy(tmp_path)
    assert code == 1
    assert any(re.match(rf"\S+:\d+: \[{rule}\] ", line) for line in said), said


def test_every_rule_is_proved() -> None:
    source = (ROOT / "tools/tidy/rules.py").read_text()
    table = source[source.index("RULES: list[Rule]") :]
    names = {name.replace("_", "-") for name in re.findall(r"^    (.*),$", table, re.M)}
    rules = {rule for line in names for rule in line.split(", ")}
    proved = {rule for rule, _, _ in FAULTS} | {"banned"}  # printed by section: clock
    assert rules
    assert rules <= proved


def test_an_exception_excuses_its_file_only(tmp_path: Path) -> None:
    row = "[[exception]]\npaths=['src/base/hash.c']\nrule='state'\nreason='a test'\n"
    house = HOUSE | {"tools/arrows.toml": TABLE + row}
    build(tmp_path, house | {"src/base/hash.c": HOUSE["src/base/hash.c"] + "int n;\n"})
    assert tidy(tmp_path)[0] == 0
    build(tmp_path, {"src/store/index.c": HOUSE["src/store/index.c"] + "int n;\n"})
    assert tidy(tmp_path)[0] == 1
