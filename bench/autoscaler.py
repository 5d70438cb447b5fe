"""Our autoscaler's decision beside the Kubernetes HPA's, on the same days in virtual time.

A day is a service's: evening peak over night trough 7, and at a random time a crowd that brings
ten times as much within a minute. Workers take 60 to 120 s to start. Both are asked every 15 s, may
have 2 to 1,000 workers, and aim at a wait of 120 s. The peer is the algorithm that Kubernetes
documents, with its default behaviour (bench/autoscaler/hpa.h), in two kinds: `HPA` scales on the
work that waits or is begun, `HPA by rate` on the rate at which work comes too, so that it knows all
that ours measures of the day. Ours has also learned the daily rhythm, from seven earlier days of
the same generator, crowds and all. --seeds A-B; the worst seed is where the peer does best.
"""
import json
import statistics
import subprocess
import sys
import time

import _support as support

DRIVER = support.ROOT / "build" / "release" / "bench" / "shoal_autoscaler_bench"
PEERS = {"hpa": "HPA", "hpa_by_rate": "HPA by rate"}
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


def lead(day, peer, key):
    """How far ours is below the peer's."""
    return day[peer][key] - day["ours"][key]


def compare(figures, days, peer):
    for name, unit, key in FIGURES:
        ours, theirs = ([day[who][key] for day in days] for who in ("ours", peer))
        better = sum(mine < other for mine, other in zip(ours, theirs))
        figures.add(f"{name}, median of {len(days)} days, {PEERS[peer]}", unit,
                    round(statistics.median(ours), 1), round(statistics.median(theirs), 1),
                    f"lower in {better} of {len(days)}")
        worst = min(days, key=lambda day: lead(day, peer, key))
        figures.add(f"{name}, worst seed ({worst['seed']}), {PEERS[peer]}", unit,
                    round(worst["ours"][key], 1), round(worst[peer][key], 1))
    figures.add(f"jobs interrupted a day, {PEERS[peer]}", "",
                statistics.median(day["ours"]["interrupted"] for day in days),
                statistics.median(day[peer]["interrupted"] for day in days))


def main():
    days, seconds = run_days(*seeds())
    figures = support.Figures()
    for peer in PEERS:
        compare(figures, days, peer)
    figures.add("work that came, median", "h",
                round(statistics.median(day["work_hours"] for day in days), 1), None,
                "no fleet can have fewer node-hours")
    events = sum(day[who]["events"] for day in days for who in ("ours", *PEERS))
    figures.add("events simulated a second", "", round(events / seconds), None,
                "with decisions and the making of the days")
    figures.print()


main()
