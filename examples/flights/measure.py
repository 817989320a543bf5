"""Latencies and memory, measured as they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

STEPS = 32  # buckets for each doubling: a bucket is at most 3 % wide


@dataclass
class Histogram:
    """Counts of durations, in buckets of about the same relative width.

    Below 2 * STEPS nanoseconds each value has its own bucket; above, the leading
    six bits of a value choose it.
    """

    counts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, durations: Iterable[int]) -> Self:
        """Of durations in nanoseconds."""
        counts: dict[int, int] = {}
        for ns in durations:
            bucket = bucket_of(ns)
            counts[bucket] = counts.get(bucket, 0) + 1
        return cls(counts)

    @classmethod
    def merged(cls, parts: Iterable["Histogram"]) -> Self:
        counts: dict[int, int] = {}
        for part in parts:
            for bucket, count in part.counts.items():
                counts[bucket] = counts.get(bucket, 0) + count
        return cls(counts)

    def total(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """Nanoseconds within which `share` of the durations stay."""
        wanted = share * self.total()
        seen = 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if seen >= wanted:
                return middle_of(bucket)
        raise ValueError("no duration was recorded")

    def tail(self) -> tuple[list[float], list[float]]:
        """Durations, and beside each the share of durations that are longer."""
        left = total = self.total()
        times, shares = [], []
        for bucket, count in sorted(self.counts.items()):
            times.append(middle_of(bucket))
            shares.append(left / total)
            left -= count
        return times, shares


def bucket_of(ns: int) -> int:
    shift = max(0, ns.bit_length() - STEPS.bit_length())
    return shift * STEPS + (ns >> shift)


def middle_of(bucket: int) -> float:
    """The middle of a bucket, in nanoseconds."""
    shift = max(0, bucket // STEPS - 1)
    return ((bucket - shift * STEPS) + 0.5) * 2.0**shift if shift else float(bucket)


def private_memory(pids: Iterable[int]) -> int:
    """Bytes of the processes' heaps together, with SQLite's and Python's caches.

    Left out are the pages of files (the database is mapped by everybody) and shared
    memory, whose size is known.
    """
    return sum(_rollup(pid)["Pss_Anon"] for pid in pids) * 1024


def _rollup(pid: int) -> dict[str, int]:
    """Kilobytes by kind, a page of several processes divided among them."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    fields = (line.split() for line in text.splitlines()[1:])
    return {words[0].rstrip(":"): int(words[1]) for words in fields}
