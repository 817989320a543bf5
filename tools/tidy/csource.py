"""csource - as much of C as the rules need: no comments, statements, functions.

This is a scanner, not a parser. It relies on what clang-format has made of the files
and on there being no braces inside macros that do not close there; both hold here.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* )
  | (?P<string>  "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
    """,
    re.DOTALL | re.VERBOSE,
)
_CPLUSPLUS = re.compile(r"^#ifdef __cplusplus\n.*?^#endif", re.DOTALL | re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """A declaration at file scope; what stood in its braces is left out."""

    line: int
    text: str


@dataclass(frozen=True)
class Function:
    line: int
    name: str
    lines: int
    body: str


def _blank(text: str) -> str:
    """Spaces in place of TEXT, newlines kept: line numbers and columns stay true."""
    return re.sub(r"[^\n]", " ", text)


def code_of(text: str) -> str:
    """TEXT without comments and with empty string literals."""

    def replace(match: re.Match[str]) -> str:
        token = match.group()
        if match.lastgroup == "comment":
            return _blank(token)
        return token[0] + _blank(token[1:-1]) + token[-1]

    return _TOKEN.sub(replace, text)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def includes_of(text: str) -> list[tuple[int, str]]:
    return [(line_of(text, m.start()), m.group(1)) for m in _INCLUDE.finditer(text)]


def macros_of(code: str) -> list[tuple[int, str, str]]:
    """Line, name and body of each function-like macro."""
    found = []
    for match in _DIRECTIVE.finditer(code):
        macro = re.match(r"\s*#\s*define\s+(\w+)\(", match.group())
        if macro:
            body = match.group()[macro.end() :]
            found.append((line_of(code, match.start()), macro.group(1), body))
    return found


def file_scope(code: str) -> tuple[list[Statement], list[Function]]:
    """Splits CODE (see code_of) into declarations at file scope and functions."""
    code = _CPLUSPLUS.sub(lambda m: _blank(m.group()), code)
    code = _DIRECTIVE.sub(lambda m: _blank(m.group()), code)
    statements: list[Statement] = []
    functions: list[Function] = []
    depth, begin, opened = 0, 0, 0
    head = ""  # of the statement being read, what stands outside braces
    for here, char in enumerate(code):
        if not head and not depth and char.isspace():
            begin = here + 1
        elif char == "{":
            opened = here if depth == 0 else opened
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and _is_function(head):
                functions.append(_function(code, head, opened, here))
                head = ""
            elif depth == 0:
                head += "{}"
        elif depth == 0 and char == ";":
            statements.append(Statement(line_of(code, begin), " ".join(head.split())))
            head = ""
        elif depth == 0:
            begin = here if not head else begin
            head += char
    return statements, functions


def _is_function(head: str) -> bool:
    return head.rstrip().endswith(")") and "=" not in head


def _function(code: str, head: str, opened: int, closed: int) -> Function:
    name = re.search(r"(\w+)\s*\(", head)
    body = code[opened : closed + 1]
    first = line_of(code, opened)
    return Function(first, name.group(1) if name else "?", body.count("\n") + 1, body)


_ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)|_Alignas\s*\([^()]*\)")
_TYPE_ONLY = re.compile(r"(?:struct|union|enum)\s*\w*\s*(?:\{\})?$")


def mutable_object(statement: str) -> bool:
    """Does this file-scope (or static local) declaration make an object that changes?

    Prototypes, types and typedefs make none; an object is constant if `const` stands
    behind its last `*`, or anywhere when there is no `*`.
    """
    head = _ATTRIBUTE.sub("", statement).split("=")[0].strip()
    if not head or re.match(r"typedef\b|_?[Ss]tatic_assert\b", head):
        return False
    if _TYPE_ONLY.match(head):
        return False
    pointer = re.search(r"\(\s*\*\s*(const\b)?", head)
    if pointer and re.match(r"[^()]*\(\s*\*", head):  # a pointer to a function
        return pointer.group(1) is None
    if "(" in head:
        return False
    declarator = head.rpartition("*")[2] if "*" in head else head
    return not re.search(r"\bconst\b", declarator)
