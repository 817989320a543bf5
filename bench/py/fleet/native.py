"""native - the client from C: what is left when Python is not in the way.

Runs bench_client, which measures itself and the floor in the same rounds, where server
and client share a CPU: there no wake-up hides what the client adds.
"""

import re
import subprocess
from pathlib import Path

import progress
from report import Row

from fleet.calls import FLOOR, ONE_CPU
from fleet.servers import placed, ports, started

RESULT = re.compile(r"RESULT (\S+) (\S+) us", re.MULTILINE)
NAMES = {
    "floor_get": (f"get from C, {ONE_CPU}", FLOOR),
    "client_get": (f"get from C, {ONE_CPU}", "pinyon"),
    "floor_get_100": (f"get of 100 from C, {ONE_CPU}", FLOOR),
    "client_get_100": (f"get of 100 from C, {ONE_CPU}", "pinyon"),
    "client_1000_at_once": (f"1000 gets at once from C, each, {ONE_CPU}", "pinyon"),
}


def rows(engine: str, micro: Path, rounds: int, missing: list[str]) -> list[Row]:
    command = [str(micro / "bench_client"), "--rounds", str(rounds)]
    if engine == "memcached":
        command.append("--memcached")
    progress.show(f"{engine}: the client from C")
    with started(engine) as servers, placed(servers, is_apart=False):
        command += ["--port", str(ports(servers)[0])]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        missing.append(f"pinyon from C: left out, {done.stderr.strip()}")
        return []
    figures = {name: float(us) for name, us in RESULT.findall(done.stdout)}
    floors = {"client_get": "floor_get", "client_get_100": "floor_get_100"}
    return [
        Row(
            f"{engine} {NAMES[name][0]}",
            NAMES[name][1],
            us,
            "us",
            us / figures[floors.get(name, name)],
        )
        for name, us in figures.items()
    ]
