"""python -m pinyon ping, nodes, and the picture of a ring."""

from __future__ import annotations

import re

import pytest
from fleets import client, fleet  # noqa: F401
from pinyon.__main__ import main


def test_ping(fleet, capsys):  # noqa: F811
    assert main(["ping", "-c", "2", fleet]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r"redis\S*: pong in \d+\.\d\d ms", line)


def test_ping_of_memcached(memcached, capsys):
    assert main(["ping", f"memcached://{memcached.address}"]) == 0
    assert capsys.readouterr().out.count("pong") == 3


def test_ping_of_nobody(capsys):
    assert main(["ping", "redis://u:hunter2@127.0.0.1:1?timeout=20"]) == 1
    said = capsys.readouterr()
    assert "127.0.0.1:1" in said.err
    assert "hunter2" not in said.out + said.err
    assert main(["ping", "redis://:hunter2@h:x"]) == 1
    assert "hunter2" not in capsys.readouterr().err


def table(text):
    head, *rows = (line.split() for line in text.splitlines())
    return [dict(zip(head, row, strict=False)) for row in rows]


def test_nodes_of_a_cluster(cluster, capsys):
    assert main(["nodes", f"redis+cluster://{cluster.addresses[0]}"]) == 0
    out = capsys.readouterr().out
    rows = table(out)
    assert sorted(row["ROLE"] for row in rows) == ["primary"] * 3 + ["replica"] * 3
    assert sorted(row["NODE"] for row in rows) == sorted(cluster.addresses)
    shares = [float(r["SHARE"][:-1]) for r in rows if r["ROLE"] == "primary"]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert {row["HEALTH"] for row in rows} == {"up"}
    assert out.count(" ms") == 6


def test_nodes_of_memcached_one_of_them_dead(serve, memcached, capsys):
    from tests.servers import Memcached

    dead = serve(Memcached())
    url = f"memcached://{memcached.address},{dead.address}"
    dead.kill()
    assert main(["nodes", url]) == 1
    rows = {row["NODE"]: row for row in table(capsys.readouterr().out)}
    assert rows[memcached.address]["LATENCY"].replace(".", "").isdigit()
    assert (rows[dead.address]["HEALTH"], rows[dead.address]["LATENCY"]) == (
        "down",
        "no",  # answer
    )


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_picture(tmp_path, capsys, kind):
    pytest.importorskip("matplotlib")
    drawn = tmp_path / f"ring.{kind}"
    one, two = "memcached://a,b,c?place=libketama", "memcached://a,b?place=libketama"
    for urls in ([one], [one, two]):
        drawn.unlink(missing_ok=True)
        assert main(["ring", *urls, "--picture", str(drawn)]) == 0
        assert drawn.stat().st_size > 1000
    if kind == "svg":
        assert drawn.read_text().startswith("<?xml")
    assert main(["ring", one, "--picture", str(tmp_path / "ring.xyz")]) == 1
    assert "svg" in capsys.readouterr().err
    assert main(["ring", one, "--picture", str(tmp_path / "no" / "ring.svg")]) == 1
    assert "No such file" in capsys.readouterr().err
