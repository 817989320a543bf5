"""methods - write python/pinyon/methods/ from python/pinyon/commands/

    python tools/methods.py           writes what has changed
    python tools/methods.py --check   leaves with 1 when something would change

A command is written once, as a function from arguments to words and the shape of the
reply. Here it becomes three methods, in source, so that editors, help() and mypy see
signatures and docstrings, and a call costs no generic argument passing:

    methods/strings.py       class Strings: the blocking method and its asyncio twin
    methods/pipe_strings.py  class PipeStrings: the method of a pipeline
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "python" / "pinyon"
NOT_GROUPS = {"__init__", "args", "shape"}

#: What the C type does itself: declared for type checkers only.
IN_C = {"get"}

#: Groups of memcached, which are in no class of all methods.
APART = {"meta"}

HEAD = '''\
"""{title}

Written by tools/methods.py from commands/{group}.py: change that.
"""

from __future__ import annotations

{imports}
'''


def groups() -> list[str]:
    files = (PACKAGE / "commands").glob("*.py")
    return sorted(f.stem for f in files if f.stem not in NOT_GROUPS)


class Command:
    """One function of a group."""

    def __init__(self, node: ast.FunctionDef) -> None:
        self.name = node.name
        self.doc = _fill(ast.get_docstring(node) or "")
        returns = ast.unparse(node.returns) if node.returns else ""
        assert returns.startswith("Call["), f"{self.name} returns no Call"
        self.returns = returns.removeprefix("Call[").removesuffix("]")
        self.signature = ast.unparse(node.args)
        given = node.args
        words = [a.arg for a in given.posonlyargs + given.args]
        words += [f"*{given.vararg.arg}"] if given.vararg else []
        words += [f"{a.arg}={a.arg}" for a in given.kwonlyargs]
        self.built = f"build.{self.name}({', '.join(words)})"

    def method(self, name: str, returns: str, doc: str, does: str) -> str:
        signature = f"self, {self.signature}".removesuffix(", ")
        return (
            f"    def {name}({signature}) -> {returns}:\n"
            f'        """{doc}"""\n'
            f"        return self.{does}({self.built})\n"
        )

    def blocking(self) -> str:
        if self.name in IN_C:
            signature = f"self, {self.signature}, /"
            return (
                "    if TYPE_CHECKING:\n\n"
                f"        def {self.name}({signature}) -> {self.returns}:\n"
                f'            """{self.doc}"""\n'
                f"        def a{self.name}({signature}) -> Awaitable[{self.returns}]:\n"
                f'            """:meth:`{self.name}` for asyncio."""\n'
            )
        twin = f":meth:`{self.name}` for asyncio."
        return "\n".join(
            (
                self.method(self.name, self.returns, self.doc, "_call"),
                self.method(
                    f"a{self.name}", f"Awaitable[{self.returns}]", twin, "_acall"
                ),
            )
        )

    def piped(self) -> str:
        return self.method(self.name, "Self", self.doc, "_add")


def _fill(doc: str) -> str:
    """The text of a docstring within the lines of a method."""
    margin = 8 * " "
    paragraphs = [
        textwrap.fill(
            part,
            88 - len('"""'),  # the quotes, where they end the last line
            initial_indent=margin if at else margin + 3 * " ",  # and begin the first
            subsequent_indent=margin,
            break_on_hyphens=False,
        )
        for at, part in enumerate(doc.split("\n\n"))
    ]
    return "\n\n".join(paragraphs).strip()


def write(group: str) -> dict[str, str]:
    """The two files of a group."""
    tree = ast.parse((PACKAGE / "commands" / f"{group}.py").read_text())
    title = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
    commands = [
        Command(node)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    imports = [
        ast.unparse(node)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.level == 0 or node.module == "_core")
        and node.module != "__future__"
    ]
    own = [
        node.target.id
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    imports += [
        "from collections.abc import Awaitable",
        "from typing import Any, TYPE_CHECKING, Self",
        "from ..commands.args import Key, Moment, Seconds, Value",
        f"from ..commands import {group} as build",
    ]
    imports += [f"from ..commands.{group} import {', '.join(own)}"] if own else []
    camel = "".join(part.title() for part in group.split("_"))

    def module(base: str, head: str, methods: list[str]) -> str:
        lines = [*imports, f"from ._base import {base}, S"]
        text = HEAD.format(title=title, group=group, imports="\n".join(lines))
        return _tidy(f"{text}\n\n{head}\n" + "\n".join(methods))

    return {
        f"{group}.py": module(
            "Caller", f"class {camel}(Caller[S]):", [c.blocking() for c in commands]
        ),
        f"pipe_{group}.py": module(
            "Adder", f"class Pipe{camel}(Adder):", [c.piped() for c in commands]
        ),
    }


def _tidy(source: str) -> str:
    """Formatted, the imports in order and those without use removed."""
    ruff = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(PACKAGE / "methods" / "x.py"), "-"]
    for step in (["check", "--fix", "-q", "--select", "F401,I"], ["format", "-q"]):
        done = subprocess.run(
            [*ruff, *step, *name],
            input=source,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"ruff: {done.stdout}{done.stderr}")
        source = done.stdout
    return source


def _index(written: dict[str, str]) -> str:
    """methods/__init__.py: all groups as one class, and all of pipelines."""
    names = [g for g in groups() if g not in APART]
    camel = ["".join(p.title() for p in g.split("_")) for g in names]
    lines = [
        '"""The methods of clients and pipelines, by group.\n\n'
        'Written by tools/methods.py: change commands/.\n"""\n\n'
        "from __future__ import annotations\n",
        "from ._base import S",
        *(f"from .{g} import {c}" for g, c in zip(names, camel, strict=True)),
        *(f"from .pipe_{g} import Pipe{c}" for g, c in zip(names, camel, strict=True)),
        "\n\nclass Methods(" + ", ".join(f"{c}[S]" for c in camel) + "):",
        '    """Every command, blocking and for asyncio."""\n\n',
        "class PipeMethods(" + ", ".join(f"Pipe{c}" for c in camel) + "):",
        '    """Every command, put into a pipeline."""\n',
    ]
    return _tidy("\n".join(lines))


def main(argv: list[str]) -> int:
    files: dict[str, str] = {}
    for group in groups():
        files |= write(group)
    files["__init__.py"] = _index(files)
    folder = PACKAGE / "methods"
    there = {f.name for f in folder.glob("*.py")} - {"_base.py"}
    changed = [
        name
        for name, text in files.items()
        if name not in there or (folder / name).read_text() != text
    ]
    gone = sorted(there - set(files))
    if "--check" in argv:
        for name in changed + gone:
            print(f"methods/{name} is not what commands/ make: run tools/methods.py")
        return 1 if changed or gone else 0
    for name in changed:
        (folder / name).write_text(files[name])
    for name in gone:
        (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
