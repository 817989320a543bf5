"""python -m pinyon."""

from __future__ import annotations

import json

import pinyon
import pytest
from conftest import SHM
from pinyon.__main__ import main


@pytest.fixture
def shop(region):
    with pinyon.Cache(f"shm://{region}?size=8MiB") as cache:
        cache.set("k", 1)
        cache.get("k")
        yield region


def test_ls(shop, capsys):
    assert main(["ls"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if shop in x]
    assert line.split() == [shop, "8", "MiB", "1", "0%", "100.0%", "1"]


def test_ls_goes_on_past_a_store_it_cannot_open(shop, capsys):
    (path,) = [p for p in SHM.iterdir() if shop in p.name]
    path.chmod(0o644)
    assert main(["ls"]) == 1
    assert shop in capsys.readouterr().out


def test_ls_of_another_directory(tmp_path, capsys):
    (tmp_path / "pinyon.dir").mkdir()
    assert main(["--dir", str(tmp_path), "ls"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_stats(shop, capsys):
    assert main(["stats", shop]) == 0
    lines = [x.split(maxsplit=1) for x in capsys.readouterr().out.splitlines()]
    counters = {label.strip(): int(number) for number, label in lines}
    assert counters["items"] == 1
    assert counters["processes that have it open"] == 1
    assert main(["stats", shop, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hits"] == 1


def test_check(shop, capsys):
    assert main(["check", shop]) == 0
    assert "every invariant" in capsys.readouterr().out


def test_rm(region, capsys):
    pinyon.Cache(f"shm://{region}?size=8MiB").close()
    assert main(["rm", region]) == 0
    for command in ("rm", "stats", "check"):
        assert main([command, region]) == 1
        assert region in capsys.readouterr().err


def test_a_store_may_be_named_by_its_url(shop, capsys):
    assert main(["stats", f"shm://{shop}"]) == 0
    assert main(["check", f"shm://{shop}/"]) == 0
    assert main(["rm", f"shm://{shop}"]) == 0


@pytest.mark.parametrize("command", ["stats", "check", "rm"])
def test_a_fleet_is_no_store(command, capsys):
    assert main([command, "redis+cluster://:geheim@127.0.0.1:1,127.0.0.1:2"]) == 1
    said = capsys.readouterr().err
    assert "pinyon nodes URL" in said
    assert "geheim" not in said


def test_help_is_worth_reading(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    out = capsys.readouterr().out
    for word in (
        "ls",
        "stats",
        "check",
        "rm",
        "/dev/shm",
        "exit status",
        "nodes redis",
    ):
        assert word in out


def test_wrong_usage(capsys):
    for argv in ([], ["sweep"], ["stats"], ["--dir", "/there/is/none", "ls"]):
        with pytest.raises(SystemExit) as done:
            main(argv)
        assert done.value.code == 2
