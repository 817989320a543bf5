"""The pages of the guide, and the README: every Python block runs, in order, as it
stands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import Cluster, Memcached, Redis

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(page.name for page in GUIDE.glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


#: The addresses of the pages.
REDIS = "localhost:6379"
CLUSTER = "h1:6379,h2:6379"
MEMCACHED = "10.0.1.1:11211,10.0.1.2:11211,10.0.1.3:11211"
MEMCACHED_PAIR = "h1:11211,h2:11211"


def test_there_is_a_guide():
    assert len(PAGES) >= 11


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as running:
        yield running


def with_servers(text: str, running: ExitStack) -> str:
    """``text`` with the addresses of real servers, started for it."""
    if REDIS in text:
        text = text.replace(REDIS, running.enter_context(Redis()).address)
    if CLUSTER in text:
        nodes = running.enter_context(Cluster(is_calm=True)).nodes
        text = text.replace(CLUSTER, ",".join(n.address for n in nodes[:2]))
    if MEMCACHED in text:
        fleet = [running.enter_context(Memcached()).address for _ in range(3)]
        text = text.replace(MEMCACHED, ",".join(fleet))
    if MEMCACHED_PAIR in text:
        fleet = [running.enter_context(Memcached()).address for _ in range(2)]
        text = text.replace(MEMCACHED_PAIR, ",".join(fleet))
    return text


def run(text: str, region: str, servers: ExitStack, folder: Path) -> str:
    """What a program of such blocks says, which is to complain of nothing."""
    program = folder / "page.py"
    program.write_text(
        with_servers(text, servers).replace("shm://shop", f"shm://{region}")
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_run(page, region, servers, tmp_path):
    text = "\n".join(BLOCK.findall((GUIDE / page).read_text()))
    assert text
    run(text, region, servers, tmp_path)


def test_the_readme_runs(region, servers, tmp_path):
    """The ten lines, then what they become past one host: every server is asked."""
    first, more = BLOCK.findall((ROOT / "README.md").read_text())
    assert run(first, region, servers, tmp_path) == "the database is asked\n"
    use = """
import asyncio
@cache.cached(ttl="10m")
def price(article):
    return article * 1.25
assert price(7) == price(7) == 8.75
"""
    cluster, memcached, *rest = more.splitlines(keepends=True)
    text = "".join(["import pinyon\n", cluster, use, memcached, use, *rest])
    text += "\nassert asyncio.run(ranks()) == [(b'ada', 3.0)]\n"
    assert run(text, region, servers, tmp_path) == ""


def test_the_readme_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", (GUIDE / page).read_text()):
        assert (GUIDE / target).exists(), target
