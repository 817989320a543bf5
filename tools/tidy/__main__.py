"""tidy - the rules of the house that a program can keep

    python3 tools/tidy [ROOT]

Prints what breaks a rule and leaves with 1; what is only worth a look is printed
after it. The rules are in rules.py, their table in tools/arrows.toml.
"""

import sys
from pathlib import Path

from rules import RULES
from tree import Finding, Tree


def findings(tree: Tree) -> list[Finding]:
    """All findings but the excused ones, and the exceptions that excuse nothing."""
    excused = {
        (path, row["rule"]): bool(row["reason"].strip())
        for row in tree.table.get("exception", [])
        for path in row["paths"]
    }
    unused = set(excused)
    kept = []
    for finding in (f for rule in RULES for f in rule(tree)):
        where = (finding.path, finding.rule)
        if excused.get(where):
            unused.discard(where)
        else:
            kept.append(finding)
    for path, name in sorted(unused):
        text = f"exception {name} for {path} excuses nothing or gives no reason"
        kept.append(Finding("tools/arrows.toml", 1, "exceptions", text))
    return kept


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]
    found = findings(Tree(root))
    errors = [f for f in found if not f.is_report]
    for finding in errors:
        print(finding)
    for finding in (f for f in found if f.is_report):
        print("worth a look:", finding)
    print(f"tidy: {len(errors)} findings" if errors else "tidy: clean")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
