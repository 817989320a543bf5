"""rules - one function per rule: takes the tree, yields findings.

A rule is the function's name with `-` for `_`, printed in brackets and named so by
the exceptions of tools/arrows.toml. The docstring's first line is what it asks for.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from csource import file_scope, includes_of, line_of, macros_of, mutable_object
from tree import Finding, Tree

Rule = Callable[[Tree], Iterator[Finding]]

FILE_LINES_REPORT, FILE_LINES_MAX = 400, 700
FUNCTION_LINES_REPORT = 70
COLUMNS_MAX = 88
PROSE_LINES_MIN = 2


def arrows(tree: Tree) -> Iterator[Finding]:
    """A room includes only the rooms its row allows, and arrows go down."""
    above: list[str] = []
    for room in tree.rooms.values():
        for name in [name for name in room.may if name not in above]:
            text = f"room {room.name} names {name}, which is not above it"
            yield Finding("tools/arrows.toml", 1, "arrows", text)
        above.append(room.name)
    for path in tree.c_files("src/", "ext/"):
        home = tree.room_of(path)
        if home is None:
            yield Finding(path, 1, "arrows", "lies in no room of tools/arrows.toml")
            continue
        for line, header in includes_of(tree.text(path)):
            other = _room_of_header(tree, header)
            if other not in (None, home.name, *home.may):
                text = f"{home.name} may not include {header} ({other})"
                yield Finding(path, line, "arrows", text)


def _room_of_header(tree: Tree, header: str) -> str | None:
    """The room a header belongs to; None for a system's, or one without a folder."""
    if header in tree.table["public"]:
        return str(tree.table["public"][header])
    if ".." in header:
        return "a path that hides its room"
    if header.startswith("pinyon/"):
        return f"{header} is not in [public]"
    first = header.partition("/")[0]
    inside = any(p.startswith(f"src/{first}/") for p in tree.paths)
    return first if "/" in header and inside else None


def banned(tree: Tree) -> Iterator[Finding]:
    """A room calls nothing its row bans: clock, chance, memory, output, ..."""
    for path in tree.c_files("src/", "ext/"):
        room = tree.room_of(path)
        if room is None:
            continue
        code = tree.code(path)
        own = {function.name for function in file_scope(code)[1]}
        for section in room.bans:
            names = "|".join(tree.table["banned"][section]).replace("*", r"\w*")
            for match in re.finditer(rf"(?<![\w.>])({names})\s*\(", code):
                if match.group(1) in own:
                    continue
                text = f"{room.name} may not call {match.group(1)}()"
                yield Finding(path, line_of(code, match.start()), section, text)


def state(tree: Tree) -> Iterator[Finding]:
    """No mutable state at file scope, and no static local that is not const."""
    excused = re.compile(rf"\b(?:{'|'.join(tree.table['state']['allowed'])})(?!\w)")
    for path in tree.c_files():
        statements, functions = file_scope(tree.code(path))
        found = [(s.line, s.text) for s in statements]
        for function in functions:
            for match in re.finditer(r"\bstatic\b[^;{]*", function.body):
                line = function.line + function.body.count("\n", 0, match.start())
                found.append((line, " ".join(match.group().split())))
        for line, text in found:
            if mutable_object(text) and not excused.search(text):
                yield Finding(path, line, "state", f"mutable: {text[:60]}")


def macro_return(tree: Tree) -> Iterator[Finding]:
    """No macro returns from its caller; the row of an X-table may."""
    for path in tree.c_files():
        code = tree.code(path)
        for line, name, body in macros_of(code):
            is_row = name == "X" or re.search(rf"[A-Z]\w*\({name}\)", code)
            if not is_row and re.search(r"\breturn\b", body):
                yield Finding(path, line, "macro-return", f"{name} returns")


def prose(tree: Tree) -> Iterator[Finding]:
    """A header opens with `name - purpose` and goes on: it is the manual."""
    for path in [p for p in tree.c_files() if p.endswith(".h")]:
        text, stem = tree.text(path), PurePosixPath(path).stem
        comment = text[: text.find("*/")]
        if not re.match(rf"/\*\s+\* {stem} - \S", text):
            yield Finding(path, 1, "prose", f"does not open with '{stem} - purpose'")
        elif len([x for x in comment.splitlines() if len(x) > 3]) < PROSE_LINES_MIN:
            yield Finding(path, 1, "prose", "says too little for a manual")


def tested(tree: Tree) -> Iterator[Finding]:
    """Each src/ROOM/X.c has tests/unit/test_ROOM_X.c, or test_X.c if it is alone."""
    plain: set[str] = set()
    for path in [p for p in tree.c_files("src/") if p.endswith(".c")]:
        file = PurePosixPath(path)
        own = f"tests/unit/test_{file.parent.name}_{file.stem}.c"
        test = f"tests/unit/test_{file.stem}.c"
        if own not in tree.paths and (test in plain or test not in tree.paths):
            yield Finding(path, 1, "tested", f"has neither {test} of its own nor {own}")
        if own not in tree.paths:
            plain.add(test)


def dead(tree: Tree) -> Iterator[Finding]:
    """Each .c is named by a meson.build, each header included by somebody."""
    builds = "\n".join(tree.text(p) for p in tree.paths if p.endswith("meson.build"))
    everywhere = tree.c_files("include/", "src/", "ext/", "tests/", "bench/")
    included = {
        PurePosixPath(header).name
        for path in everywhere
        for _, header in includes_of(tree.text(path))
    }
    for path in everywhere:
        name = PurePosixPath(path)
        if path.endswith(".c") and not re.search(rf"\b{name.stem}\b", builds):
            # A list may hold names without the prefix: test_x.c as 'x'.
            short = name.stem.partition("_")[2] or name.stem
            if not re.search(rf"'{short}'", builds):
                yield Finding(path, 1, "dead", "is in no meson.build")
        if path.endswith(".h") and name.name not in included:
            yield Finding(path, 1, "dead", "is included by no file")


def machine_paths(tree: Tree) -> Iterator[Finding]:
    """No absolute path of somebody's machine."""
    pattern = re.compile(r"(?<![\w.:/$}~<>*-])/(?:work|root|home|Users|tmp)/[\w.]")
    yield from _search(tree, pattern, "machine-paths")


def later(tree: Tree) -> Iterator[Finding]:
    """No note of work left undone: it goes to an issue."""
    yield from _search(tree, re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b"), "later")


def _search(tree: Tree, pattern: re.Pattern[str], rule: str) -> Iterator[Finding]:
    for path in tree.paths:
        if "/corpus/" in path:
            continue
        for line, text in tree.lines(path):
            match = pattern.search(text)
            if match:
                yield Finding(path, line, rule, text.strip()[:70])


def links(tree: Tree) -> Iterator[Finding]:
    """Links of the documents lead to a file of the tree, and to a heading in it."""
    for path in [p for p in tree.paths if p.endswith(".md")]:
        for line, text in _prose_lines(tree, path):
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                file, _, anchor = target.partition("#")
                if re.match(r"[a-z]+:", target):
                    continue
                where = (tree.root / path).parent / file if file else tree.root / path
                if not where.exists():
                    yield Finding(path, line, "links", f"leads nowhere: {target}")
                elif anchor and anchor not in _headings(where.read_text()):
                    yield Finding(path, line, "links", f"no such heading: {target}")


def _prose_lines(tree: Tree, path: str) -> Iterator[tuple[int, str]]:
    """The lines of a Markdown file outside of its code blocks."""
    is_code = False
    for line, text in tree.lines(path):
        if text.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield line, re.sub(r"`[^`]*`", "", text)


def _headings(markdown: str) -> set[str]:
    titles = re.findall(r"^#+ +(.*?) *$", markdown, re.MULTILINE)
    kept = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {title.replace(" ", "-") for title in kept}


def columns(tree: Tree) -> Iterator[Finding]:
    """No line of C beyond 88 columns; clang-format leaves comments alone."""
    for path in [p for p in tree.paths if p.endswith((".c", ".h"))]:
        for line, text in tree.lines(path):
            if len(text) > COLUMNS_MAX:
                yield Finding(path, line, "columns", f"{len(text)} columns")


def sizes(tree: Tree) -> Iterator[Finding]:
    """No file beyond 700 lines; files beyond 400 and functions beyond 70 are told."""
    for path in tree.paths:
        if not path.endswith((".c", ".h", ".py", ".pyi")):
            continue
        count = len(tree.text(path).splitlines())
        if count > FILE_LINES_REPORT:
            is_report = count <= FILE_LINES_MAX
            yield Finding(path, 1, "sizes", f"{count} lines", is_report)
        for name, line, lines in _functions(tree, path):
            if lines > FUNCTION_LINES_REPORT:
                yield Finding(path, line, "sizes", f"{name}: {lines} lines", True)


def _functions(tree: Tree, path: str) -> Iterator[tuple[str, int, int]]:
    if path.endswith((".c", ".h")):
        for f in file_scope(tree.code(path))[1]:
            yield f.name, f.line, f.lines
        return
    for node in ast.walk(ast.parse(tree.text(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno


RULES: list[Rule] = [
    arrows, banned, state, macro_return, prose, tested, dead, machine_paths, later,
    links, columns, sizes,
]  # fmt: skip
