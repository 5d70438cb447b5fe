"""Resident memory while idle, all processes: after the start, and after some use. PeerTube 6.3's
figure (node, PostgreSQL and Redis) is quoted.
"""
import sys
import tempfile
import time

import _peers as peers
import _support as support

PEERTUBE = 245.0
PATHS = ["/api/v1/config", "/api/v1/videos?count=15", "/api/v1/video-channels", "/", "/metrics"]


def resident_mb(pid):
    family = [pid]
    for process in family:
        family.extend(peers.children(process))
    return sum(support.resident_bytes(process) for process in family) / 1e6


def main():
    figures = support.Figures()
    note = "peer is PeerTube 6.3, quoted"
    with tempfile.TemporaryDirectory(prefix="shoal-bench-data-") as folder, \
            support.Shoal(data=folder) as shoal:
        time.sleep(3)
        figures.add("resident, idle after start", "MB", round(resident_mb(shoal.process.pid), 1),
                    PEERTUBE, note)
        shoal.log_in()
        for _ in range(100):
            for path in PATHS:
                shoal.call("GET", path)
        time.sleep(3)
        figures.add("resident, idle after 500 requests and a log-in", "MB",
                    round(resident_mb(shoal.process.pid), 1), PEERTUBE, note)
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
