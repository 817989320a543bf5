"""The pages of the guide: every Python block runs, in order, as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
PAGES = sorted(page.name for page in GUIDE.glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_there_is_a_guide():
    assert len(PAGES) >= 7


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run(page, region, tmp_path):
    text = (GUIDE / page).read_text()
    blocks = BLOCK.findall(text)
    assert blocks
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks).replace("shm://shop", f"shm://{region}"))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (GUIDE / page).read_text()):
        assert (GUIDE / target).exists(), target
