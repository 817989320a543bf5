"""progress - tells what is being measured just now.

On a terminal one line that is written over; under bench/run, which reads it, a line
that begins with a tilde.
"""

import sys


def show(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)
    elif text:
        print(f"~ {text}", flush=True)
