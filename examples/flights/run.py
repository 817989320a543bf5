"""The order of events, and the command line."""

import argparse
import json
import multiprocessing
import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

import pinyon

from . import boards, crash, herd, replay
from .boards import Act
from .crew import ENDINGS, Crew, WorkerDied
from .data import FLIGHTS, database
from .results import ActResult, Results, machine, stretch
from .screen import Screen
from .tally import Tally

ROOT = Path(__file__).resolve().parents[2]
DATABASE = ROOT / ".cache" / "flights.sqlite"
PICTURE = ROOT / "examples" / "out" / "flights.png"
KILLING = 0.5  # of the seconds of a replay


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    screen = Screen()
    region = f"flights-{os.getpid()}"
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)
    begun = time.monotonic()
    try:
        results = _run(options, screen, region)
        _report(options, screen, results)
    except KeyboardInterrupt:
        screen.say("\ninterrupted: the workers and their region are gone")
        return 130
    except (pinyon.CacheError, WorkerDied) as error:
        screen.say(f"[red]{type(error).__name__}[/]: {error}")
        return 1
    finally:
        if not options.keep:
            _remove(region)
    if options.keep:
        screen.say(f"region kept: shm://{region}")
    screen.say(f"{time.monotonic() - begun:.0f} seconds in all")
    return 0 if results.crash.is_sound() else 1


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.flights",
        description="Replays a year of flights through three kinds of cache.",
    )
    parser.add_argument(
        "--workers", type=_count, default=4, metavar="N", help="processes (default 4)"
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=6.0,
        metavar="S",
        help="the most that one replay may take (default 6)",
    )
    # 5 MiB hold the year; the absent keys and some air make it 8.
    parser.add_argument(
        "--size", default="8MiB", help="of the shared region (default 8MiB)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a second for each replay, no picture"
    )
    parser.add_argument(
        "--picture", type=_file, default=PICTURE, metavar="FILE", help="where to draw"
    )
    parser.add_argument("--no-picture", action="store_true", help="draw no picture")
    parser.add_argument("--keep", action="store_true", help="keep the shared region")
    parser.add_argument("--json", type=_file, metavar="FILE", help="write the figures")
    options = parser.parse_args(argv)
    if options.quick:
        options.seconds, options.no_picture = 1.0, True
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= herd.CALLERS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from 2 (one is killed, one goes on) to "
            f"{herd.CALLERS}"
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 0.1 to 3600")
    return seconds


def _file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no file in a directory")
    return path


def _interrupt(signum: int, frame: FrameType | None) -> None:
    for ending in ENDINGS:  # once is enough: cleaning up is quick, and to be finished
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


def _run(options: argparse.Namespace, screen: Screen, region: str) -> Results:
    with screen.building() as progress:
        path = database(DATABASE, progress)
    screen.say(f"[bold]A flight board on one host[/]   {machine()}")
    screen.say(
        f"{options.workers} worker processes replay {FLIGHTS:,} flights in order of "
        f"departure, three look-ups for each, for at most\n{options.seconds:g} s an "
        f"act. Every act starts with nothing cached."
    )
    shared = f"shm://{region}?size={options.size}"
    pinyon.Cache(shared).close()  # made, or what is wrong said, before all else
    acts = [
        Act("none", "no cache", boards.without),
        Act("per-worker", "a cache per worker", boards.per_worker),
        Act("shared", "one shared cache", boards.shared, shared),
    ]
    played = [_play(options, screen, act, path) for act in acts]
    killed = _kill(options, screen, acts[-1], path)
    return Results(options.workers, played, killed)


def _play(
    options: argparse.Namespace, screen: Screen, act: Act, path: Path
) -> ActResult:
    tally = Tally(multiprocessing.get_context("spawn"), options.workers)
    with Crew(act, tally, path) as crew:
        with screen.watching(act.title, tally) as watch:
            year = replay.replay(crew, watch, path, options.seconds)
        screen.say(
            f"{year.requests:,} look-ups, {year.different:,} of them different, "
            f"{year.queries:,} queries: {stretch(year)}"
        )
        if year.region:
            screen.say(
                f"the region has {year.region >> 20} MiB and evicted {year.evicted}"
            )
        rush = herd.expired(crew, _unwatched)
        screen.say(
            f"{rush.callers} callers want one expired key: all have it after "
            f"{rush.seconds:.2f} s, queries: {rush.queries:,}"
        )
        none = herd.absent(crew, _unwatched)
        screen.say(
            f"{none.keys:,} absent keys, {none.requests:,} look-ups: "
            f"{none.seconds:.2f} s, queries: {none.queries:,}"
        )
    return ActResult(act.name, act.title, year, rush, none)


def _kill(
    options: argparse.Namespace, screen: Screen, act: Act, path: Path
) -> crash.Crash:
    """On the region of the last act, which is still there, though nobody has it."""
    act = replace(act, url=f"{act.url}&compress_min=off")
    tally = Tally(multiprocessing.get_context("spawn"), options.workers)
    with (
        pinyon.Cache(act.url) as cache,
        Crew(act, tally, path) as crew,
        screen.killing() as watch,
    ):
        return crash.crash(crew, watch, cache, KILLING * options.seconds)


def _unwatched() -> None:
    pass


def _report(options: argparse.Namespace, screen: Screen, results: Results) -> None:
    killed = results.crash
    screen.say(
        f"{killed.kills} writers killed (SIGKILL), {killed.recoveries} of them inside "
        f"a write: as many shards were repaired, {killed.wipes} emptied.\n"
        f"Meanwhile the others read {killed.answers:,} values, {killed.wrong} of them "
        f"wrong.\nTheir longest call took {killed.pause * 1e3:.1f} ms, waits for a "
        "core included.\n"
        f"The region's own check: {killed.damage or 'sound'}\n"
    )
    screen.table(results)
    screen.say(
        "A hit in a worker's own dictionary is the fastest there is. What sharing buys "
        "are fewer queries,\nless memory, and one load per key however many ask."
    )
    if not options.no_picture:
        from .picture import draw  # takes a second to load, workers do without it

        screen.say(f"\npicture: {draw(results, options.picture)}")
    if options.json:
        options.json.write_text(json.dumps(results.as_json(), indent=2) + "\n")


def _remove(name: str) -> None:
    """Also after an interruption, when it may not have been made yet."""
    with suppress(pinyon.RegionAbsent):
        pinyon.destroy(name)
