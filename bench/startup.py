"""From starting the program to its first 200, on a data folder that is there already and on a new
one (schema, identity, the administrator's password hash). PeerTube 6.3's figure is quoted.
--rounds N for more.
"""
import statistics
import sys
import tempfile
import time

import _support as support

PEERTUBE = 6.0


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def start(folder):
    started = time.monotonic()
    with support.Shoal(data=folder):
        return time.monotonic() - started


def main():
    rounds = option("--rounds", 9)
    first, again = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="shoal-bench-data-") as folder:
            first.append(start(folder))
            again.append(start(folder))
    figures = support.Figures()
    note = "peer is PeerTube 6.3, quoted"
    figures.add("start to first 200", "s", round(statistics.median(again), 4), PEERTUBE, note)
    figures.add("first start of all to first 200", "s", round(statistics.median(first), 4),
                PEERTUBE, note)
    figures.add("slowest start", "s", round(max(again), 4), PEERTUBE, note)
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
