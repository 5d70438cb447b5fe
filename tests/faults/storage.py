#!/usr/bin/env python3
"""./dev faults storage --seeds A-B | --kills N [--seed S] [--trash] [--shoal PROGRAM] [--keep]

Each seed is a schedule of faults between the real program and a real S3 server, with kill -9
(storage_schedule.py). --kills N is one batch of moves after the other under N kills. Prints a line
per broken promise with its seed and a summary; exits 1 when there was any.
"""

import argparse
import pathlib
import shutil
import sys
import time

from kill_batch import KillBatch
from storage_box import Radosgw
from storage_schedule import Schedule

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "shoal"


def seeds(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def run(schedule, name, keeps):
    started = time.monotonic()
    schedule.run()
    print(f"{name}: {schedule.summary()}, {time.monotonic() - started:.0f} s", flush=True)
    if keeps and schedule.violations:
        print(f"  {' '.join(schedule.done)}\n  {schedule.box.data}", flush=True)
    else:
        shutil.rmtree(schedule.box.data, ignore_errors=True)
    return len(schedule.violations)


def main():
    parser = argparse.ArgumentParser(prog="./dev faults storage")
    parser.add_argument("--seeds", type=seeds, help="one, or A-B")
    parser.add_argument("--kills", type=int, help="so many through batches of moves")
    parser.add_argument("--seed", type=int, default=1, help="of --kills")
    parser.add_argument("--trash", action="store_true",
                        help="empty the trash in the end, and look again: a minute more a seed")
    parser.add_argument("--shoal", default=str(PROGRAM), help="the program to kill")
    parser.add_argument("--keep", action="store_true", help="leave the data of what went wrong")
    options = parser.parse_args()
    wanted = list(options.seeds or ([] if options.kills else range(1, 11)))
    violations = 0
    with Radosgw() as gateway:
        for seed in wanted:
            schedule = Schedule(options.shoal, gateway, seed, options.trash)
            violations += run(schedule, f"seed {seed}", options.keep)
        if options.kills:
            batch = KillBatch(options.shoal, gateway, options.seed, options.kills)
            violations += run(batch, f"{options.kills} kills, seed {options.seed}", options.keep)
    count = len(wanted) + bool(options.kills)
    print(f"{count} schedules run, {violations} violations")
    return 0 if violations == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
