"""Two `shoal worker`s, each bound to one core and with one job at a time, on a source of two
minutes (480p and 240p); their server encodes no pictures and makes the sound.

  busy      share of the time from the first lease to the last result in which its encoder ran, of
            the worker with less; at least 0.90
  overhead  CPU seconds of both workers, with all that they do, over one ffmpeg run that decodes the
            source once and encodes both sizes at the same settings and priority; at most 1.05. It
            runs on both cores at once, as the workers do, and counts half
  speedup   wall clock from the first lease to the last result with one worker over that with two

--rounds N takes the median of more rounds.
"""
import contextlib
import datetime
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import _support as support

LEAST_BUSY, MOST_OVERHEAD = 0.90, 1.05
CORES = sorted(os.sched_getaffinity(0))[:2]
LADDER = {480: (854, 1_600_000), 240: (428, 551_000)}
SETTINGS = {"TRANSCODING__CONCURRENCY": "0"} | {
    f"TRANSCODING__RESOLUTIONS__{height}P": str(height in LADDER).lower()
    for height in (144, 240, 360, 480, 720, 1080, 1440, 2160)}
LOOK_EVERY = 0.01


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def source():
    """120 s, 854x480, 30 fps, in a codec that cannot be copied. Made once."""
    target = support.ROOT / "build" / "clips" / "bbb-480p-mpeg4-120s.mp4"
    if target.exists():
        return target
    partial = target.with_suffix(".part.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", "3",
                    "-i", str(support.sample_footage()), "-t", "120", "-vf", "scale=854:480",
                    "-r", "30", "-c:v", "mpeg4", "-b:v", "2500k", "-g", "60", "-c:a", "aac",
                    str(partial)], check=True)
    partial.rename(target)
    return target


def descendants(pid):
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield child
            yield from descendants(child)


def encodes(pid):
    """Whether an ffmpeg runs below this process."""
    with contextlib.suppress(OSError):  # it ended while we looked
        for child in descendants(pid):
            if pathlib.Path(f"/proc/{child}/comm").read_text() == "ffmpeg\n":
                return True
    return False


class Worker:
    """A process of its own folder, bound to a core. `looks` are (time, whether it encodes)."""

    def __init__(self, server, token, folder, core):
        self.log = open(folder.with_suffix(".log"), "w")
        self.process = subprocess.Popen(
            [str(support.PROGRAM), "worker", "--server", server.url, "--token", token,
             "--data", str(folder), "--name", folder.name, "--concurrency", "1"],
            stdout=self.log, stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self.looks = []

    def look(self):
        self.looks.append((time.time(), encodes(self.process.pid)))

    def busy(self, first, last):
        """The share of [first, last) in which it encoded; each look stands until the next."""
        ends = [at for at, _ in self.looks[1:]] + [last]
        return sum(max(0.0, min(end, last) - max(at, first))
                   for (at, encoded), end in zip(self.looks, ends) if encoded) / (last - first)

    def end(self):
        """CPU seconds of it and of all that it started."""
        self.process.terminate()
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.log.close()
        if self.process.returncode != 0:
            raise SystemExit(f"a worker ended with {self.process.returncode}")
        return used.ru_utime + used.ru_stime


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def watch(workers, over):
    while not over.wait(LOOK_EVERY):
        for worker in workers:
            worker.look()


def made(server):
    """The segment jobs, once all of them are completed."""
    jobs = server.call("GET", "/api/v1/runners/jobs?count=100")[1]["data"]
    states = {job["state"]["label"] for job in jobs}
    if states - {"Pending", "Processing", "Completed"}:
        raise SystemExit(f"a segment was not made: {jobs}")
    return jobs if states == {"Completed"} else None


def ours(clip, cores):
    """One upload, made by a worker on each of these cores."""
    with support.Shoal(environment={f"SHOAL__{key}": value for key, value in SETTINGS.items()}) \
            as server, tempfile.TemporaryDirectory(prefix="shoal-bench-workers-") as name:
        server.log_in()
        server.call("POST", "/api/v1/runners/registration-tokens/generate")
        token = server.call("GET", "/api/v1/runners/registration-tokens")[1]["data"][0]
        workers = [Worker(server, token["registrationToken"], pathlib.Path(name) / f"core-{core}",
                          core) for core in cores]
        while server.call("GET", "/api/v1/runners")[1]["total"] < len(workers):
            time.sleep(0.05)
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(workers, over))
        watcher.start()
        try:
            server.upload(clip, "Two minutes")
            while not (jobs := made(server)):
                time.sleep(0.25)
        finally:
            over.set()
            watcher.join()
            cpu = sum(worker.end() for worker in workers)
        first = min(seconds(job["startedAt"]) for job in jobs)
        last = max(seconds(job["finishedAt"]) for job in jobs)
        return {"wall": last - first, "cpu": cpu,
                "busy": min(worker.busy(first, last) for worker in workers)}


def peer_command(clip, folder, core):
    split = "".join(f"[s{height}]" for height in LADDER)
    graph = f"[0:v]split={len(LADDER)}{split}"
    outputs = []
    for height, (width, rate) in LADDER.items():
        graph += f";[s{height}]scale={width}:{height}:flags=bicubic,format=yuv420p[o{height}]"
        outputs += ["-map", f"[o{height}]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
                    "-maxrate", str(rate), "-bufsize", str(2 * rate), "-profile:v", "high",
                    "-bf", "3", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0",
                    "-x264-params", "stitchable=1:open-gop=0", "-threads", "1",
                    str(folder / f"{core}-{height}.mp4")]
    return ["chrt", "--idle", "0", "nice", "-n", "19", "taskset", "-c", str(core), "ffmpeg",
            "-v", "error", "-y", "-nostdin", "-i", str(clip), "-filter_complex", graph, *outputs]


def peer(clip):
    """CPU seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as name:
        runs = [subprocess.Popen(peer_command(clip, pathlib.Path(name), core)) for core in CORES]
        if any([run.wait() for run in runs]):
            raise SystemExit("the peer failed")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(runs)


def main():
    clip = source()
    busy, cpu, plain, one, two = [], [], [], [], []
    for _ in range(option("--rounds", 3)):
        pair = ours(clip, CORES)
        busy.append(pair["busy"])
        cpu.append(pair["cpu"])
        two.append(pair["wall"])
        plain.append(peer(clip))
        one.append(ours(clip, CORES[:1])["wall"])
    figures = support.Figures()
    least = round(statistics.median(busy), 3)
    overhead = round(statistics.median(mine / theirs for mine, theirs in zip(cpu, plain)), 3)
    figures.add("busy", "share", least, None, f"at least {LEAST_BUSY}; worst {min(busy):.3f}")
    figures.add("overhead", "x", overhead, None, f"at most {MOST_OVERHEAD}")
    figures.add("CPU of both workers", "s", round(statistics.median(cpu), 2),
                round(statistics.median(plain), 2), "peer is one ffmpeg run")
    figures.add("speedup", "x", round(statistics.median(a / b for a, b in zip(one, two)), 2))
    figures.add("wall clock of two workers", "s", round(statistics.median(two), 2))
    figures.print()
    return 0 if least >= LEAST_BUSY and overhead <= MOST_OVERHEAD else 1


if __name__ == "__main__":
    sys.exit(main())
