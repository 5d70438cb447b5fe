"""Requests per second of the API, wrk -c32: a list of 15 and one video, with 50 and with 100,000.

PeerTube 6.3's figures are quoted (measured on this kind of machine, not in this run); beside them
nginx serves the same bytes from a file in this run, which bounds what any server could reach while
the load generator shares the two cores. Videos are seeded into the database directly.
--seconds S makes each load longer.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

import _peers as peers
import _seed as seed
import _support as support

PEERTUBE_LIST = 91
PEERTUBE_VIDEO = 125
# Requests per second of the even load: what lists have to reach at the least.
PACED = 4_000
CONNECTIONS = 32
QUOTED = "peer is PeerTube 6.3, quoted"
MANY = 100_000


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def load(url, seconds, script=()):
    """(requests per second, milliseconds of the 99th percentile)"""
    fetch(url)
    answer = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", *script, url],
        capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in answer or "Socket errors" in answer:
        raise SystemExit(f"errors at {url}:\n{answer}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", answer).group(1))
    late, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", answer).groups()
    return rate, float(late) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def paced_load(url, seconds):
    """The same at PACED requests per second: each connection rests at random between two."""
    rest = 1000 * CONNECTIONS // PACED
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"function delay() return math.random(0, {2 * rest}) end\n")
        script.flush()
        return load(url, seconds, ["-s", script.name])


def seeded(count, folder):
    """A data folder with `count` videos; returns the UUID of the newest."""
    with support.Shoal(data=folder):
        pass
    return seed.videos(pathlib.Path(folder) / "shoal.db", count)


def same_bytes(root, name, url, seconds):
    """What nginx reaches with the same answer as a file."""
    (root / name).write_bytes(fetch(url))
    (root / name).chmod(0o644)
    with peers.Nginx(root) as nginx:
        return load(f"{nginx.url}/{name}", seconds)[0]


def loads_while_transcoding(shoal, url, seconds):
    """The paced and the full load while an upload is transcoded."""
    shoal.log_in()
    video = shoal.upload(support.clip("mpeg4"), "busy")
    figures = paced_load(url, seconds), load(url, seconds)
    details = shoal.call("GET", f"/api/v1/videos/{video['uuid']}")[1]
    if not details.get("processing"):
        raise SystemExit("the transcoding ended before the load did")
    return figures


def measure(count, seconds, nginx_root=None):
    with tempfile.TemporaryDirectory(prefix="shoal-bench-data-") as folder:
        newest = seeded(count, folder)
        with support.Shoal(data=folder) as shoal:
            listing = f"{shoal.url}/api/v1/videos?count=15&sort=-publishedAt"
            video = f"{shoal.url}/api/v1/videos/{newest}"
            figures = {"list": load(listing, seconds), "video": load(video, seconds),
                       "paced list": paced_load(listing, seconds)}
            if nginx_root:
                figures["nginx list"] = same_bytes(nginx_root, "list.json", listing, seconds)
                figures["nginx video"] = same_bytes(nginx_root, "video.json", video, seconds)
                figures["busy paced list"], figures["busy list"] = loads_while_transcoding(
                    shoal, listing, seconds)
            return figures


def main():
    seconds = option("--seconds", 5)
    figures = support.Figures()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-root-") as folder:
        root = pathlib.Path(folder)
        root.chmod(0o755)
        few = measure(50, seconds, root)
    many = measure(MANY, seconds)
    figures.add("GET list of 15, 50 videos", "req/s", few["list"][0], PEERTUBE_LIST, QUOTED)
    figures.add("GET one video, 50 videos", "req/s", few["video"][0], PEERTUBE_VIDEO, QUOTED)
    figures.add("GET list of 15, p99", "ms", few["list"][1], 952, QUOTED)
    figures.add("GET one video, p99", "ms", few["video"][1], 493, QUOTED)
    calm = "peer is ours without transcoding, same run"
    figures.add(f"GET list of 15 at {PACED:,} req/s, p99 while transcoding", "ms",
                few["busy paced list"][1], few["paced list"][1], calm)
    figures.add("GET list of 15 at full load, p99 while transcoding", "ms", few["busy list"][1],
                few["list"][1], calm)
    figures.add("list beside nginx, same bytes", "req/s", few["list"][0], few["nginx list"],
                "peer is nginx with the answer as a file, same run")
    figures.add("video beside nginx, same bytes", "req/s", few["video"][0], few["nginx video"],
                "peer is nginx with the answer as a file, same run")
    figures.add("GET list of 15, 100,000 videos", "req/s", many["list"][0], few["list"][0],
                "peer is ours with 50 videos, same run")
    figures.add("GET one video, 100,000 videos", "req/s", many["video"][0], few["video"][0],
                "peer is ours with 50 videos, same run")
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
