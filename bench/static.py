"""Media bytes per second and CPU per GB: the file of a published video, beside nginx.

All serve one file, the same pages of memory, to the same requests, on one CPU each in turn, wrk on
the other one. nginx runs twice: with sendfile and tcp_nopush, as Debian sets it up, and tuned, with
open_file_cache too. Rounds alternate; figures are medians, and the ratio of CPU is the one to
believe on a noisy machine. --rounds N and --seconds S make it longer.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import _peers as peers
import _support as support

SIZES = [("1 MiB ranges", 1 << 20), ("2 MiB ranges", 2 << 20), ("16 KiB ranges", 16 << 10)]


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def published_file(server):
    """The URL of the largest rendition's file of a new video."""
    server.log_in()
    video = server.upload(support.clip("h264"), "static")
    started = time.monotonic()
    while time.monotonic() - started < 300:
        details = server.call("GET", f"/api/v1/videos/{video['uuid']}")[1]
        files = [file for playlist in details.get("streamingPlaylists", [])
                 for file in playlist["files"]] + details.get("files", [])
        if files and details["state"]["id"] == 1 and not details.get("processing"):
            return max(files, key=lambda file: file["size"])["fileUrl"]
        time.sleep(0.2)
    raise SystemExit("the video was not published")


def object_of(data, contents):
    """The file in the data folder that holds these bytes."""
    for path in data.rglob("*"):
        if path.is_file() and path.stat().st_size == len(contents) \
                and path.read_bytes() == contents:
            return path
    raise SystemExit(f"no file in {data} holds what the server sent")


def busy_seconds():
    """CPU seconds of the whole machine: the kernel does a sender's work in its receiver's time."""
    user, nice, system, _, _, interrupts, soft = map(
        int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def load(url, size, seconds, pids):
    """Requests of the first `size` bytes; returns (bytes per second, CPU seconds per GB of the
    server, and of server and client together)."""
    before, all_before = peers.cpu_seconds(pids), busy_seconds()
    answer = subprocess.run(
        [*peers.pinned(1), "wrk", "-t1", "-c64", f"-d{seconds}s", "-H",
         f"Range: bytes=0-{size - 1}", url], capture_output=True, text=True, check=True).stdout
    cpu, both = peers.cpu_seconds(pids) - before, busy_seconds() - all_before
    if "Non-2xx" in answer:
        raise SystemExit(f"errors at {url}:\n{answer}")
    requests, taken = re.search(r"(\d+) requests in ([\d.]+)s", answer).groups()
    moved = int(requests) * size
    return moved / float(taken), cpu / (moved / 1e9), both / (moved / 1e9)


def main():
    rounds, seconds = option("--rounds", 5), option("--seconds", 2)
    figures = support.Figures()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-root-") as folder, \
            support.Shoal(prefix=peers.pinned(0)) as shoal:
        root = pathlib.Path(folder)
        root.chmod(0o755)
        path = urllib.parse.urlsplit(published_file(shoal)).path
        ours = shoal.url + path
        target = root / "video.mp4"
        with urllib.request.urlopen(ours) as answer:
            os.link(object_of(shoal.data, answer.read()), target)
        target.chmod(0o644)
        if target.stat().st_size < max(size for _, size in SIZES):
            raise SystemExit("the video is smaller than the ranges asked of it")
        with peers.Nginx(root, prefix=peers.pinned(0), keeps_files=False) as nginx, \
                peers.Nginx(root, prefix=peers.pinned(0)) as tuned:
            servers = [(ours, [shoal.process.pid]), (f"{nginx.url}/video.mp4", nginx.pids),
                       (f"{tuned.url}/video.mp4", tuned.pids)]
            for name, size in SIZES:
                loads = [[load(url, size, seconds, pids) for url, pids in servers]
                         for _ in range(rounds)]
                rate, cpu, both = [[statistics.median(one[server][kind] for one in loads)
                                    for server in (0, 1, 2)] for kind in (0, 1, 2)]
                for peer, beside in ((1, ""), (2, ", tuned nginx")):
                    figures.add(f"{name}, throughput{beside}", "MB/s", round(rate[0] / 1e6, 1),
                                round(rate[peer] / 1e6, 1))
                    figures.add(f"{name}, CPU{beside}", "s/GB", round(cpu[0], 3),
                                round(cpu[peer], 3))
                    figures.add(f"{name}, CPU of both sides{beside}", "s/GB", round(both[0], 3),
                                round(both[peer], 3))
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
