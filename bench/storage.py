"""Media in a bucket beside peers, all against the same radosgw in each round, in turn.

  move         a batch of 200 files of 1 to 12 MB from the local store, beside `rclone copy` of the
               same files with as many transfers. Ours hashes each file before it sends it, to know
               that it is what was recorded, and switches its rows. Its time begins when the server
               takes the batch up; how long that takes after the command, which only writes rows, is
               a figure of its own. The CPU is that of the server and of the command
  upload       one file of 1 GiB, beside rclone
  proxy        ranges of 1 MiB through us, beside nginx with proxy_pass, as Debian sets it up and
               with connections kept. `all new`: a cycle through an object that no cache of ours
               holds; `the same`: one range again and again
  cache        the same server with storage.cache_limit beside itself without: one viewer of a whole
               object that nobody has asked for, then ranges of 1 MiB of what is on the disk and
               eight times as much as memory keeps
  move-memory  what the server grows by while 8 files move at once, of two sizes

--figure NAME measures only one; --rounds N makes it longer. Where ours / peer is to be at least 1,
rates are compared; for CPU and memory less is better.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import _peers as peers
import _s3 as s3
import _support as support

FILES, SMALLEST, LARGEST = 200, 1 << 20, 12 << 20
PARALLEL = (4, 8)
GIB = 1 << 30
MIB = 1 << 20
ORIGINAL, RENDITION = 1, 2  # FileKind
BATCH_DONE = 4
MEMORY_SIZES = (16 * MIB, 200 * MIB)


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def write_random(path, size, seed):
    """A file that nothing can compress; its SHA-256."""
    chance, digest = random.Random(seed), hashlib.sha256()
    with open(path, "wb") as out:
        for left in range(size, 0, -MIB):
            piece = chance.randbytes(min(MIB, left))
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


class Library:
    """A folder of files, to be copied by rclone, and to be rows of an instance."""

    def __init__(self, folder, sizes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.rows = []
        for number, size in enumerate(sizes, 1):
            name = f"bench-{number:03}.mp4"
            self.rows.append((number, name, size, write_random(self.folder / name, size, number)))
        # Both sides begin with files that the disk has: what is written back later disturbs no one.
        os.sync()

    @property
    def bytes(self):
        return sum(row[2] for row in self.rows)

    def record(self, shoal):
        """As uploads would have left them in the local store of a stopped instance."""
        media = shoal.data / "media"
        for _, name, _, _ in self.rows:
            target = media / "originals" / name
            target.parent.mkdir(exist_ok=True)
            os.link(self.folder / name, target)
        with contextlib.closing(sqlite3.connect(shoal.data / "shoal.db")) as database, database:
            database.executemany(
                "insert into media_file (id, kind, name, content_type, size, sha256, created_at) "
                f"values (?, {ORIGINAL}, ?, 'video/mp4', ?, ?, 0)", self.rows)
            database.executemany(
                "insert into placement (file_id, store, object_key, state, verified_at, "
                "created_at) values (?, 'local', ?, 2, 0, 0)",
                [(row[0], f"originals/{row[1]}") for row in self.rows])


class Instance:
    """A server whose store `archive` is a new bucket, and whose local store holds a library."""

    def __init__(self, gateway, library=None, cache="0"):
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="shoal-bench-data-", dir=support.ROOT /
                                                  "build"))
        self.bucket = gateway.new_bucket()
        self.config = self.data / "shoal.yaml"
        self.config.write_text(gateway.settings(self.bucket) +
                               f"storage: {{cache_limit: {cache}}}\n")
        if library:
            # The first start makes the database.
            with self.serve() as shoal:
                self.wait(shoal)
            library.record(shoal)

    def serve(self):
        return support.Shoal("--config", str(self.config), data=self.data)

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.data}/shoal.db?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql).fetchall()

    def wait(self, shoal):
        """Until the bucket is found."""
        for _ in range(1000):
            if self.query("select 1 from store where name = 'archive'"):
                if 'shoal_store_online{store="archive"} 1' in shoal.call("GET", "/metrics")[1]:
                    return
            time.sleep(0.02)
        raise SystemExit("the bucket was not found")

    def move(self, shoal, parallel):
        """Everything into the bucket: (wall, CPU, start) seconds; the CPU with the command's."""
        before = support.children_cpu_seconds(shoal.process.pid)[0] + s3.children_seconds()
        started = time.monotonic()
        subprocess.run([str(support.PROGRAM), "storage", "move", "--from", "local", "--to",
                        "archive", "--parallel", str(parallel), "--config", str(self.config),
                        "--data", str(self.data)], env=shoal.environment, check=True,
                       stdout=subprocess.DEVNULL)
        while not self.query(f"select 1 from move_batch where state = {BATCH_DONE}"):
            if time.monotonic() - started > 600:
                raise SystemExit("the batch does not end")
            time.sleep(0.02)
        after = support.children_cpu_seconds(shoal.process.pid)[0] + s3.children_seconds()
        bad = self.query("select error from move_item where state != 3")
        if bad:
            raise SystemExit(f"{len(bad)} files did not move: {bad[0]}")
        (begun, created, finished), = self.query(
            "select (select min(started_at) from (select kind, started_at from job union all "
            "select kind, started_at from job_history) as known where kind = 'move-batch'), "
            "created_at, finished_at from move_batch")
        return (finished - begun) / 1000, after - before, (begun - created) / 1000

    def remove(self):
        shutil.rmtree(self.data, ignore_errors=True)


def medians(rounds):
    """Of each column."""
    return [statistics.median(column) for column in zip(*rounds)]


def new_gateway():
    """Deleted objects keep their place in its memory for an hour: a few rounds fill one."""
    return s3.Radosgw(memstore_bytes=8 << 30)


def in_turn(number, ours, theirs):
    """Both are measured; who is first changes from round to round."""
    if number % 2:
        later = theirs()
        return [*ours(), *later]
    return [*ours(), *theirs()]


def move_once(gateway, library, parallel, number):
    """The wall and CPU seconds of ours, then of rclone."""
    instance = Instance(gateway, library)

    def ours():
        with instance.serve() as shoal:
            instance.wait(shoal)
            return instance.move(shoal, parallel)
    taken = in_turn(number, ours, lambda: gateway.rclone(
        "copy", "--transfers", str(parallel), str(library.folder),
        f"bench:{instance.bucket}/rclone"))
    instance.remove()
    return taken


def measure_move(figures, folder, rounds):
    chance = random.Random(1)
    library = Library(folder / "library",
                      [chance.randint(SMALLEST, LARGEST) for _ in range(FILES)])
    for parallel in PARALLEL:
        taken = []
        for number in range(rounds):
            with new_gateway() as gateway:
                taken.append(move_once(gateway, library, parallel, number))
        wall, cpu, start, their_wall, their_cpu = medians(taken)
        what = f"move of {FILES} files, {parallel} at once"
        figures.add(f"{what}, rate", "MB/s", round(library.bytes / wall / 1e6, 1),
                    round(library.bytes / their_wall / 1e6, 1))
        figures.add(f"{what}, CPU", "s/GB", round(cpu / (library.bytes / 1e9), 2),
                    round(their_cpu / (library.bytes / 1e9), 2))
        figures.add(f"{what}, until it is taken up", "s", round(start, 2))
    shutil.rmtree(library.folder)


def upload(gateway, bucket, file):
    """By our client alone: (wall, CPU) seconds."""
    driver = support.ROOT / "build" / "release" / "bench" / "shoal_storage_bench"
    environment = {**os.environ, "S3_ENDPOINT": gateway.endpoint, "S3_BUCKET": bucket,
                   "AWS_ACCESS_KEY_ID": gateway.access_key,
                   "AWS_SECRET_ACCESS_KEY": gateway.secret_key}
    before, started = s3.children_seconds(), time.monotonic()
    subprocess.run([str(driver), "upload", str(file), "ours"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - started, s3.children_seconds() - before


def upload_once(gateway, file, number):
    # A store of ours takes a bucket that is empty, or was ours before.
    ours, theirs = gateway.new_bucket(), gateway.new_bucket()
    return in_turn(number, lambda: upload(gateway, ours, file),
                   lambda: gateway.rclone("copyto", str(file), f"bench:{theirs}/theirs"))


def measure_upload(figures, folder, rounds):
    file = folder / "large.bin"
    write_random(file, GIB, 1)
    os.sync()
    taken = []
    for number in range(rounds):
        with new_gateway() as gateway:
            taken.append(upload_once(gateway, file, number))
    wall, cpu, their_wall, their_cpu = medians(taken)
    figures.add("upload of 1 GiB, rate", "MB/s", round(GIB / wall / 1e6, 1),
                round(GIB / their_wall / 1e6, 1))
    figures.add("upload of 1 GiB, CPU", "s/GB", round(cpu / (GIB / 1e9), 2),
                round(their_cpu / (GIB / 1e9), 2))
    file.unlink()


LOAD = """
local at = 0
request = function()
  at = (at + 1) % {ranges}
  return wrk.format("GET", nil, {{["Range"] = string.format("bytes=%d-%d", at * {size},
                                                            (at + 1) * {size} - 1)}})
end
"""
OBJECT = 512 * MIB  # eight times what our cache of blocks holds


def load(url, ranges, seconds, pids, script):
    """(bytes per second, CPU seconds per GB of the server)."""
    script.write_text(LOAD.format(ranges=ranges, size=MIB))
    before = peers.cpu_seconds(pids)
    answer = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "20s", "-s",
                             str(script), url], capture_output=True, text=True, check=True).stdout
    cpu = peers.cpu_seconds(pids) - before
    if "Non-2xx" in answer or "Socket errors" in answer:
        raise SystemExit(f"errors at {url}:\n{answer}")
    requests, taken = re.search(r"(\d+) requests in ([\d.]+)s", answer).groups()
    return int(requests) * MIB / float(taken), cpu / (int(requests) * MIB / 1e9)


def sums(path):
    """What a row of a file records of it."""
    driver = support.ROOT / "build" / "release" / "bench" / "shoal_storage_bench"
    return json.loads(subprocess.run([driver, "sums", str(path)], check=True,
                                     capture_output=True).stdout)


def publish_object(shoal, instance, gateway, folder):
    """Our path of an object in the bucket, as that of a rendition of a video."""
    shoal.log_in()
    video = shoal.upload(support.clip("h264"), "proxy")
    source = folder / "object.mp4"
    write_random(source, OBJECT, 2)
    recorded = sums(source)
    name = f"{video['uuid']}-1080.mp4"
    gateway.rclone("copyto", str(source), f"bench:{instance.bucket}/hls/{name}",
                   acl="public-read")
    source.unlink()
    with contextlib.closing(sqlite3.connect(instance.data / "shoal.db", timeout=30)) as database, \
            database:
        file = database.execute(
            "insert into media_file (video_id, kind, name, content_type, size, sha256, "
            f"block_sha256, range_crc32c, created_at) values (?, {RENDITION}, ?, 'video/mp4', ?, "
            "?, ?, ?, 0)",
            (video["id"], name, OBJECT, *recorded.values())).lastrowid
        database.execute("insert into placement (file_id, store, object_key, state, verified_at, "
                         "created_at) values (?, 'archive', ?, 2, 0, 0)", (file, f"hls/{name}"))
    while instance.query("select 1 from job where kind != 'video-clean-up' limit 1"):
        time.sleep(0.2)
    return f"/static/streaming-playlists/hls/{video['uuid']}/{name}", f"hls/{name}"


def measure_proxy(figures, folder, rounds):
    seconds = option("--seconds", 4)
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(new_gateway())
        instance = Instance(gateway)
        stack.callback(instance.remove)
        shoal = stack.enter_context(instance.serve())
        instance.wait(shoal)
        ours, key = publish_object(shoal, instance, gateway, folder)
        with peers.ProxyNginx(gateway.endpoint) as nginx, \
                peers.ProxyNginx(gateway.endpoint, keeps=True) as tuned:
            servers = [(shoal.url + ours, [shoal.process.pid]),
                       (f"{nginx.url}/{instance.bucket}/{key}", nginx.pids),
                       (f"{tuned.url}/{instance.bucket}/{key}", tuned.pids)]
            for name, ranges in (("all new", OBJECT // MIB), ("the same", 1)):
                taken = [[load(url, ranges, seconds, pids, folder / "load.lua")
                          for url, pids in servers] for _ in range(rounds)]
                rate, cpu = [[statistics.median(one[server][kind] for one in taken)
                              for server in range(3)] for kind in (0, 1)]
                for peer, beside in ((1, ""), (2, ", nginx that keeps connections")):
                    figures.add(f"proxy of 1 MiB ranges, {name}, rate{beside}", "MB/s",
                                round(rate[0] / 1e6, 1), round(rate[peer] / 1e6, 1))
                    figures.add(f"proxy of 1 MiB ranges, {name}, CPU{beside}", "s/GB",
                                round(cpu[0], 2), round(cpu[peer], 2))


def measure_one_cache(gateway, folder, cache, seconds):
    """Bytes a second and CPU seconds per GB: of one viewer of all, then of ranges; and chunks."""
    instance = Instance(gateway, cache=cache)
    with instance.serve() as shoal:
        instance.wait(shoal)
        ours, _ = publish_object(shoal, instance, gateway, folder)
        pids = [shoal.process.pid]
        before, started = peers.cpu_seconds(pids), time.monotonic()
        subprocess.run(["curl", "-sSf", "--noproxy", "*", "-o", "/dev/null", shoal.url + ours],
                       check=True)
        first = OBJECT / (time.monotonic() - started)
        time.sleep(1)  # the last fills
        first_cpu = (peers.cpu_seconds(pids) - before) / (OBJECT / 1e9)
        metrics = shoal.call("GET", "/metrics")[1]
        chunks = int(re.search(r"^shoal_media_cache_chunks (\d+)", metrics, re.M).group(1))
        rate, cpu = load(shoal.url + ours, OBJECT // MIB, seconds, pids, folder / "load.lua")
    instance.remove()
    return first, first_cpu, rate, cpu, chunks


def measure_cache(figures, folder, rounds):
    seconds = option("--seconds", 4)
    taken = {"2GB": [], "0": []}
    with new_gateway() as gateway:
        for _ in range(rounds):
            for cache, rows in taken.items():
                rows.append(measure_one_cache(gateway, folder, cache, seconds))
    ours, without = medians(taken["2GB"]), medians(taken["0"])
    for index, name in ((0, "first viewer"), (2, "ranges that the disk has")):
        figures.add(f"cache, {name}, rate", "MB/s", round(ours[index] / 1e6, 1),
                    round(without[index] / 1e6, 1), "peer is the same server without")
        figures.add(f"cache, {name}, CPU", "s/GB", round(ours[index + 1], 2),
                    round(without[index + 1], 2))
    figures.add("cache, chunks kept of what one viewer saw", "", ours[4], OBJECT // (4 * MIB),
                "peer is the object's")


class Growth:
    """How far resident memory of a process rises over what it was."""

    def __init__(self, pid):
        self.pid, self.before, self.most = pid, support.resident_bytes(pid), 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.stopping.wait(0.01):
            self.most = max(self.most, support.resident_bytes(self.pid))

    def end(self):
        self.stopping.set()
        self.thread.join()
        return self.most - self.before


def grow_once(library):
    with new_gateway() as gateway:
        instance = Instance(gateway, library)
        with instance.serve() as shoal:
            instance.wait(shoal)
            time.sleep(1)
            growth = Growth(shoal.process.pid)
            instance.move(shoal, 8)
            grown = growth.end()
        instance.remove()
    return grown


def measure_memory(figures, folder, rounds):
    for size in MEMORY_SIZES:
        library = Library(folder / "library", [size] * 8)
        grown = [grow_once(library) for _ in range(max(1, rounds // 2))]
        figures.add(f"memory above idle, moving 8 files of {size // MIB} MiB", "MB",
                    round(max(grown) / 1e6, 1), 64.0, "peer is the bound")
        shutil.rmtree(library.folder)


FIGURES = {"move": measure_move, "upload": measure_upload, "proxy": measure_proxy,
           "cache": measure_cache, "move-memory": measure_memory}


def main():
    wanted, rounds = option("--figure", ""), option("--rounds", 5)
    subprocess.run(["cmake", "--build", str(support.ROOT / "build" / "release"), "--target",
                    "shoal_storage_bench"], check=True, stdout=subprocess.DEVNULL)
    figures = support.Figures()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-storage-",
                                     dir=support.ROOT / "build") as folder:
        for name, measure in FIGURES.items():
            if wanted in ("", name):
                measure(figures, pathlib.Path(folder), rounds)
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
