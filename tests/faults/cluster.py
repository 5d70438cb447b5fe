#!/usr/bin/env python3
"""./dev faults cluster --seeds A-B [--shoal PROGRAM] [--keep]

Three nodes and two workers in network namespaces with PostgreSQL, radosgw and nginx, each seed a
schedule of faults (cluster_schedule.py). Needs root, for the namespaces. Prints a line per broken
promise with its seed and a summary; exits 1 when there was any.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

import cluster_site

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "shoal"


def seeds(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def one_seed(options):
    """A process, and a site, of its own."""
    from cluster_schedule import Schedule
    cluster_site.enter()
    started = time.monotonic()
    schedule = Schedule(options.shoal, options.one)
    violations = schedule.run()
    print(f"seed {options.one}: {schedule.summary()}, {time.monotonic() - started:.0f} s",
          flush=True)
    if options.keep and violations:
        print(f"  {' '.join(schedule.done)}\n  {schedule.site.folder}", flush=True)
    else:
        shutil.rmtree(schedule.site.folder, ignore_errors=True)
    return 1 if violations else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev faults cluster")
    parser.add_argument("--seeds", type=seeds, default=range(1, 4), help="one, or A-B")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--shoal", default=str(PROGRAM), help="the program of nodes and workers")
    parser.add_argument("--keep", action="store_true", help="leave the data of what went wrong")
    options = parser.parse_args()
    if options.one is not None:
        return one_seed(options)
    if os.geteuid() != 0:
        raise SystemExit("./dev faults cluster makes network namespaces: run it as root")
    more = ["--shoal", options.shoal, *(["--keep"] if options.keep else [])]
    failed = [seed for seed in options.seeds if subprocess.run(
        [sys.executable, "-B", __file__, "--one", str(seed), *more], check=False).returncode]
    print(f"{len(options.seeds)} schedules run, {len(failed)} violated"
          f"{': ' + ' '.join(map(str, failed)) if failed else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
