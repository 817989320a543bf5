"""bench_fleet - Pinyon's client beside the clients of others, in one run.

Over servers that it starts itself: redis-server, memcached, a cluster of 3 + 3. What a
get and a get of 100 keys cost a blocking caller, from one node and from eight; 5,000
gets at once and 2,000 a second on asyncio and uvloop; 16 threads on one client; the
memory of an idle connection; how often a cluster is asked for its map while slots move.
A client that is not installed, or does not do its work, is named and left out; Pinyon
may not be.

    python bench/py/bench_fleet.py [--quick] [--only PART ...] [--out DIRECTORY]
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import machine
import progress
import report
from report import Row

from fleet import PINYON, calls, idle, judge, loops, native, reshard, threads

LIBRARIES = (
    "pinyon",
    "redis",
    "hiredis",
    "valkey-glide",
    "valkey-glide-sync",
    "coredis",
    "pylibmc",
    "pymemcache",
    "meta-memcache",
    "emcache",
    "aiomcache",
    "uvloop",
)
ENGINES = ("redis", "memcached")
NODES = 8


@dataclass
class Run:
    """How long to measure, and what came of it."""

    micro: Path
    """Where the C benches are."""
    is_quick: bool
    rows: list[Row]
    missing: list[str]
    remarks: list[str]

    def rounds(self, full: int) -> int:
        return max(3, full // 6) if self.is_quick else full

    def seconds(self, full: float) -> float:
        return full / 4 if self.is_quick else full


def measure_calls(run: Run) -> None:
    for engine in ENGINES:
        for rows in calls.rows(
            engine, run.micro / "bench_loopback", run.rounds(60), run.missing
        ):
            run.rows += rows


def measure_native(run: Run) -> None:
    for engine in ENGINES:
        run.rows += native.rows(engine, run.micro, run.rounds(100), run.missing)


def measure_nodes(run: Run) -> None:
    for engine in ENGINES:
        run.rows += calls.node_rows(
            engine, NODES, run.micro / "bench_loopback", run.rounds(60), run.missing
        )


def measure_loops(run: Run) -> None:
    for is_uvloop in (False, True):
        for engine in ENGINES:
            try:
                run.rows += loops.rows(
                    engine, is_uvloop, run.rounds(18), run.seconds(1), run.missing
                )
            except ImportError as error:
                run.missing.append(f"uvloop: left out, {error}")


def measure_threads(run: Run) -> None:
    for engine in ENGINES:
        run.rows += threads.rows(engine, run.rounds(9), run.seconds(0.5), run.missing)


def measure_idle(run: Run) -> None:
    run.rows += idle.rows(run.missing)


def measure_reshard(run: Run) -> None:
    rows, remarks = reshard.rows(run.seconds(8), run.missing)
    run.rows += rows
    run.remarks += remarks


PARTS: dict[str, Callable[[Run], None]] = {
    "calls": measure_calls,
    "native": measure_native,
    "nodes": measure_nodes,
    "loops": measure_loops,
    "threads": measure_threads,
    "idle": measure_idle,
    "reshard": measure_reshard,
}


def is_of_calls(row: Row) -> bool:
    is_call = "get_many" in row.case or " get" in row.case.partition(":")[0]
    return is_call and "from C" not in row.case


def is_of_loops(row: Row) -> bool:
    return "gathered" in row.case or "p99" in row.case


def draw(out: Path, rows: list[Row]) -> None:
    """Three pictures; medians of latencies and the client from C are in the table
    only."""
    others = [r for r in rows if not (is_of_calls(r) or is_of_loops(r))]
    pictures = {
        "fleet-calls.png": [row for row in rows if is_of_calls(row)],
        "fleet-loops.png": [row for row in rows if is_of_loops(row)],
        "fleet-rest.png": [
            row for row in others if "p50" not in row.case and "from C" not in row.case
        ],
    }
    for name, drawn in pictures.items():
        if drawn:
            report.draw_bars(out / name, drawn, machine.describe())


def versions() -> dict[str, str]:
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return found


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = list(PARTS)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a minute")
    parser.add_argument(
        "--only", nargs="+", choices=parts, default=parts, metavar="PART"
    )
    parser.add_argument("--micro", type=Path, default=Path("build/bench/micro"))
    parser.add_argument("--out", type=Path, default=machine.ROOT / "bench" / "out")
    parser.add_argument(
        "--without-pinyon", action="store_true", help="the peers alone are enough"
    )
    return parser.parse_args()


def main() -> int:
    args = parse_arguments()
    print(f"# machine: {machine.describe()}; commit {machine.commit()}")
    print("# " + ", ".join(f"{k} {v}" for k, v in versions().items()))
    run = Run(args.micro.resolve(), args.quick, [], [], [])
    for part in args.only:
        PARTS[part](run)
    progress.show("")
    run.missing += judge.judge(run.rows)
    report.print_table(run.rows, "Pinyon's client and its peers: medians, one run")
    for line in run.remarks + run.missing:
        print(line)
    report.print_results(run.rows)
    about: dict[str, object] = {
        "machine": machine.describe(),
        "commit": machine.commit(),
        "versions": versions(),
        "missing": run.missing,
        "remarks": run.remarks,
    }
    report.write_json(args.out / "fleet.json", run.rows, about)
    (args.out / "fleet.md").write_text(report.markdown(run.rows), encoding="utf-8")
    draw(args.out, run.rows)
    print(f"written: {args.out}/fleet.json, fleet.md and pictures")
    if any(line.startswith(PINYON) for line in run.missing) and not args.without_pinyon:
        print("Pinyon itself could not be measured: see above")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
