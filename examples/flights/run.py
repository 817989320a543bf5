"""The order of events, and the command line."""

import argparse
import json
import signal
import time
from contextlib import closing, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

import pinyon

from tests.servers import ServerError

from . import herd, servers
from .crew import ENDINGS, WorkerDied
from .data import database
from .fleets import FleetResults, Fleets
from .host import Host
from .results import Results, machine
from .screen import Screen

ROOT = Path(__file__).resolve().parents[2]
DATABASE = ROOT / ".cache" / "flights.sqlite"
OUT = ROOT / "examples" / "out"


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    screen = Screen()
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)
    begun = time.monotonic()
    try:
        is_sound = _run(options, screen)
    except KeyboardInterrupt:
        screen.say("\ninterrupted: workers, servers and the region are gone")
        return 130
    except ServerError as error:
        screen.say(f"[red]no server[/]: {error} (`make demo` does it first)")
        return 1
    except (pinyon.CacheError, WorkerDied) as error:
        screen.say(f"[red]{type(error).__name__}[/]: {error}")
        return 1
    screen.say(f"{time.monotonic() - begun:.0f} seconds in all")
    return 0 if is_sound else 1


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.flights",
        description="A flight board in front of a real database. Act 1: one host, "
        "three kinds of cache. Act 2: three memcached, then a Redis cluster, and a "
        "node of each is killed.",
    )
    parser.add_argument(
        "--act", type=int, choices=(1, 2), metavar="N", help="only this one (1 or 2)"
    )
    parser.add_argument(
        "--workers", type=_count, default=4, metavar="N", help="processes (default 4)"
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="S",
        help="act 1: the most that one replay may take (default 6); with --fleet: how "
        "long to serve (default 30)",
    )
    # 5 MiB hold the year; the absent keys and some air make it 8.
    parser.add_argument(
        "--size", default="8MiB", help="act 1: of the shared region (default 8MiB)"
    )
    parser.add_argument("--keep", action="store_true", help="act 1: keep the region")
    parser.add_argument(
        "--rate",
        type=_rate,
        default=2000.0,
        metavar="R",
        help="act 2: requests a second of all workers (default 2000)",
    )
    parser.add_argument(
        "--fleet",
        metavar="URL",
        help="act 2 over a fleet of your own, such as redis+cluster://host:6379 or "
        "memcached://host1,host2: it is served, and you harm it",
    )
    parser.add_argument(
        "--quick", action="store_true", help="act 1: a second for each replay"
    )
    parser.add_argument(
        "--out",
        type=_folder,
        default=OUT,
        metavar="DIR",
        help="where pictures and figures.json go (default examples/out)",
    )
    parser.add_argument("--no-picture", action="store_true", help="draw no pictures")
    options = parser.parse_args(argv)
    if options.fleet is not None:
        if options.act == 1:
            parser.error("--fleet is of act 2")
        options.act = 2
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= herd.CALLERS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from 2 (one is killed, one goes on) to "
            f"{herd.CALLERS}"
        )
    return int(text)


def _seconds(text: str) -> float:
    return _number(text, 0.1, 3600, "time")


def _rate(text: str) -> float:
    return _number(text, 100, 100_000, "rate")


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no {what} from {least:g} to {most:g}"
        )
    return number


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no directory")
    return path


def _interrupt(signum: int, frame: FrameType | None) -> None:
    for ending in ENDINGS:  # once is enough: cleaning up is quick, and to be finished
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, screen: Screen) -> bool:
    """Was everything as it should be?"""
    if options.act != 1 and options.fleet is None:
        servers.require()  # said now, not after the first act
    with screen.building() as progress:
        path = database(DATABASE, progress)
    screen.say(f"{options.workers} worker processes, {machine()}")
    figures: dict[str, Any] = {"machine": machine(), "workers": options.workers}
    is_sound = True
    if options.act != 2:
        host = _first(options, screen, path)
        figures["host"] = host.as_json()
        is_sound = host.crash.is_sound()
    if options.act != 1:
        fleets = _second(options, screen, path)
        figures["fleets"] = fleets.as_json()
        is_sound = is_sound and fleets.is_sound()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    return is_sound


def _first(options: argparse.Namespace, screen: Screen, path: Path) -> Results:
    seconds = 1.0 if options.quick else options.seconds or 6.0
    host = Host(screen, options.workers, seconds, options.size)
    with nullcontext() if options.keep else closing(host):
        results = host.play(path)
    if options.keep:
        screen.say(f"region kept: shm://{host.region}")
    if not options.no_picture:
        from .picture import draw  # takes a second to load, workers do without it

        screen.say(f"picture: {draw(results, options.out / 'flights.png')}")
    return results


def _second(options: argparse.Namespace, screen: Screen, path: Path) -> FleetResults:
    fleets = Fleets(screen, options.workers, options.rate)
    if options.fleet is None:
        results = fleets.play(path)
    else:
        results = fleets.watch(path, options.fleet, options.seconds or 30.0)
    if not options.no_picture:
        from .fleet_picture import draw

        screen.say(f"picture: {draw(results, options.out / 'fleet.png')}")
    return results
