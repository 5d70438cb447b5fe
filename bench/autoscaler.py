"""Our autoscaler's decision beside the Kubernetes HPA's, on the same days in virtual time.

A day is a service's: evening peak over night trough 7, and at a random time a crowd that brings
ten times as much within a minute. Workers take 60 to 120 s to start. All are asked every 15 s, may
have 2 to 1,000 workers, and aim at a wait of 60 s. The peer is the algorithm that Kubernetes
documents, with its default behaviour (bench/autoscaler/hpa.h), on three choices of metrics, one of
which sees the rate at which work comes, as ours does; `wait-over-target` and `node-hours` are
beside the best of the three for that figure, day by day. Ours has also learned the daily rhythm,
from seven earlier days of the same generator, crowds and all. --seeds A-B, each a week and a day.
"""
import json
import statistics
import subprocess
import sys
import time

import _support as support

DRIVER = support.ROOT / "build" / "release" / "bench" / "shoal_autoscaler_bench"
PEERS = {"begun": "HPA on work queued or begun", "rate": "HPA on queue and rate",
         "use": "HPA on queue and 80 % busy"}
FIGURES = (("wait-over-target", "s", "wait_over_target_s"), ("node-hours", "h", "node_hours"))


def seeds():
    if "--seeds" not in sys.argv:
        return 1, 15
    first, _, last = sys.argv[sys.argv.index("--seeds") + 1].partition("-")
    return int(first), int(last or first)


def run_days(first, last):
    subprocess.run(["cmake", "--build", str(support.ROOT / "build" / "release"), "--target",
                    "shoal_autoscaler_bench"], check=True, stdout=subprocess.DEVNULL)
    started = time.monotonic()
    answer = subprocess.run([str(DRIVER), str(first), str(last)], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return json.loads(answer), time.monotonic() - started


def compare(figures, days):
    for name, unit, key in FIGURES:
        pairs = [(day["ours"][key], min(day[peer][key] for peer in PEERS), day["seed"])
                 for day in days]
        ours, best, _ = zip(*pairs)
        lower = sum(mine < theirs for mine, theirs, _ in pairs)
        figures.add(name, unit, round(statistics.median(ours), 1),
                    round(statistics.median(best), 1),
                    f"median of {len(days)} seeds; lower than every HPA in {lower} of them")
        mine, theirs, seed = max(pairs, key=lambda pair: pair[0] - pair[1])
        figures.add(f"{name}, worst seed", unit, round(mine, 1), round(theirs, 1),
                    f"{seed}, where the best HPA comes nearest")


def compare_each(figures, days):
    for peer, title in PEERS.items():
        for name, unit, key in (*FIGURES, ("jobs interrupted", "", "interrupted")):
            ours, theirs = (statistics.median(day[who][key] for day in days)
                            for who in ("ours", peer))
            figures.add(f"{name}, {title}", unit, round(ours, 1), round(theirs, 1))


def main():
    days, seconds = run_days(*seeds())
    figures = support.Figures()
    compare(figures, days)
    compare_each(figures, days)
    figures.add("work of a day", "h",
                round(statistics.median(day["work_hours"] for day in days), 1), None,
                "no fleet can have fewer node-hours")
    events = sum(day[who]["events"] for day in days for who in ("ours", *PEERS))
    figures.add("simulated events a second", "", round(events / seconds), None,
                "with all decisions, and the making of the days")
    figures.print()


main()
