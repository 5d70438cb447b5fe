"""One seed of bad days on a site of three nodes and two workers: kill -9, cables that are out,
links that crawl, PostgreSQL that crashes, a store that hangs or is down.

Promises:
  - every upload that was acknowledged ends as a video that plays, whose original is bit for bit
    what was sent; a stretch that was acknowledged stays so, whichever node is asked;
  - every node gives the same bytes of every file, and they are the ones that the database records;
  - every job's effect is there once: each rendition once, nothing failed for good;
  - the quota is the sum of what was uploaded, and a viewer is never counted twice;
  - a viewer gets the right bytes or an error, never wrong ones.
"""

import json
import pathlib
import random
import subprocess
import tempfile
import time
import urllib.parse

from cluster_clients import Away, Caller, Uploader, Viewer, files_of, sha256
from cluster_site import PORT, Site, Worker, wait_for
from s3_bucket import Bucket
from storage_box import noisy_clip

STEPS = 14
UPLOADERS = 2
FRAMES = 150  # of the clip: 6 s of 25 a second
VIEWERS = 5
CALM_SECONDS = 240
COMPLETED, FAILED = 1, 2
ORIGINAL = 1  # a kind of file


class Schedule:
    def __init__(self, program, seed, nodes=3, workers=2):
        self.seed = seed
        self.random = random.Random(seed)
        self.site = Site(program, nodes, workers)
        self.violations = []
        self.done = []
        self.uploaders = []
        self.viewer = None

    def violated(self, what):
        self.violations.append(what)
        print(f"seed {self.seed}: VIOLATED: {what}", flush=True)

    def rows(self, sql):
        return self.site.postgres.rows(sql)

    # The beginning

    def prepare(self):
        gateway = self.site.gateway
        Bucket(gateway.endpoint, gateway.access, gateway.secret, "shared").create()
        for node in self.site.nodes:
            node.start()
        for node in self.site.nodes:
            wait_for(f"{node.name} is ready", lambda n=node: self.is_ready(n), 60)
        wait_for("the bucket is registered", lambda: self.rows("select name from store"), 30)
        self.caller = Caller().log_in()
        self.channel = self.caller.json("/api/v1/users/me")["videoChannels"][0]["id"]
        self.caller.request("POST", "/api/v1/runners/registration-tokens/generate")
        tokens = self.caller.json("/api/v1/runners/registration-tokens")["data"]
        Worker.token = tokens[0]["registrationToken"]
        for worker in self.site.workers:
            worker.start()

    def is_ready(self, node):
        try:
            return Caller(f"http://{node.address}:{PORT}").request("GET", "/readyz")[0] == 200
        except Away:
            return False

    def sum_of(self, path):
        name = urllib.parse.unquote(path.rsplit("/", 1)[1]).replace("'", "''")
        try:
            found = self.rows(f"select sha256 from media_file where name = '{name}'")
        except subprocess.CalledProcessError:
            return None  # PostgreSQL is away
        return found[0][0] if found else None

    def begin_load(self):
        clips = [noisy_clip("large").read_bytes(), noisy_clip("small").read_bytes()]
        for i in range(UPLOADERS):
            uploader = Uploader(Caller(token=self.caller.token), self.channel,
                                clips[i % len(clips)], self.seed * 100 + i, self.violated)
            uploader.thread.start()
            self.uploaders.append(uploader)
        self.viewer = Viewer(Caller(), self.sum_of, self.seed, self.violated)
        self.viewer.thread.start()

    # The storm

    def kill(self):
        self.random.choice(self.site.machines()).kill()

    def cut(self):
        self.random.choice(self.site.machines()).cut()

    def slow(self):
        self.random.choice(self.site.machines()).slow()

    def crash_database(self):
        self.site.postgres.stop()
        time.sleep(self.random.choice([0, 3]))
        self.site.postgres.start()

    def lose_store(self):
        begin, end = self.random.choice([("hang", "resume"), ("down", "up")])
        self.site.gateway.tell(begin)
        time.sleep(self.random.uniform(1, 6))
        self.site.gateway.tell(end)

    def view(self):
        """The same few viewers again and again, through every node."""
        known = [uuid for uploader in self.uploaders for uuid in list(uploader.acknowledged)]
        if not known:
            return
        uuid = self.random.choice(known)
        body = json.dumps({"currentTime": 5, "sessionId": "storm"}).encode()
        for _ in range(VIEWERS):
            try:
                self.caller.request("POST", f"/api/v1/videos/{uuid}/views", body,
                                    {"Content-Type": "application/json"})
            except Away:
                pass

    def storm(self):
        acts = {self.kill: 5, self.cut: 4, self.slow: 2, self.crash_database: 2,
                self.lose_store: 2, self.view: 3}
        for _ in range(STEPS):
            act = self.random.choices(list(acts), list(acts.values()))[0]
            self.done.append(act.__name__)
            act()
            time.sleep(self.random.uniform(0.5, 4))
            for machine in self.site.machines():
                if self.random.random() < 0.5:
                    machine.mend()
                    machine.ensure()

    # The end

    def calm(self):
        for machine in self.site.machines():
            machine.mend()
            machine.ensure()
        for uploader in self.uploaders:
            uploader.stopping.set()
        for uploader in self.uploaders:
            uploader.thread.join(120)
            if uploader.thread.is_alive():
                self.violated("an upload does not end in clear weather")
        self.viewer.stopping.set()
        self.viewer.thread.join(60)
        wait_for("all jobs end", self.is_quiet, CALM_SECONDS)

    def is_quiet(self):
        for machine in self.site.machines():
            machine.ensure()
        # What was put off waits for hours of nobody.
        self.rows("update job set run_after = 0 where state = 1 and kind != 'video-clean-up'")
        return not self.rows("select 1 from job where kind != 'video-clean-up' limit 1")

    def check_video(self, uuid, digest):
        details = self.caller.json(f"/api/v1/videos/{uuid}")
        if details["state"]["id"] != 1:
            self.violated(f"{uuid} is {details['state']}")
            return
        kept = self.rows("select f.sha256 from media_file f join video v on v.id = f.video_id "
                         f"where v.uuid = '{uuid}' and f.kind = {ORIGINAL}")
        if kept != [[digest]]:
            self.violated(f"the original of {uuid} is {kept}, and {digest} was sent")
        paths = files_of(details)
        if not paths:
            self.violated(f"{uuid} has no files")
        for path in paths:
            self.check_file(path)

    def check_file(self, path):
        recorded = self.sum_of(path)
        body = b""
        for node in self.site.nodes:
            status, body, _ = Caller(f"http://{node.address}:{PORT}").request("GET", path)
            if status != 200 or sha256(body) != recorded:
                self.violated(f"{node.name} gives {status}, {len(body)} wrong bytes of {path}")
                return
        with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
            pathlib.Path(file.name).write_bytes(body)
            probe = subprocess.run(
                ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames",
                 "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file.name],
                capture_output=True, text=True, check=False)
        if probe.stderr or probe.stdout.strip().strip(",") not in (str(FRAMES), ""):
            self.violated(f"{path}: {probe.stdout.strip()} frames, {probe.stderr[:200]}")

    def check_rows(self):
        for row in self.rows("select kind, payload, error from job_history where outcome = "
                             f"{FAILED} limit 5"):
            self.violated(f"a job failed for good: {row}")
        for row in self.rows("select kind, video_id, payload, count(*) from job_history where "
                             f"outcome = {COMPLETED} and video_id is not null and kind like "
                             "'video-%' and kind <> 'video-clean-up' group by 1, 2, 3 "
                             "having count(*) > 1"):
            self.violated(f"a job has ended more than once: {row}")
        for row in self.rows("select video_id, height, count(*) from rendition group by 1, 2 "
                             "having count(*) > 1"):
            self.violated(f"a rendition is there more than once: {row}")
        # All requests came from one address with one session: one viewer.
        for row in self.rows("select uuid, views from video where views > 1"):
            self.violated(f"one viewer counts more than once: {row}")

    def check(self):
        acknowledged = {}
        for uploader in self.uploaders:
            acknowledged |= uploader.acknowledged
        for uuid, digest in acknowledged.items():
            self.check_video(uuid, digest)
        self.check_rows()
        used = self.caller.json("/api/v1/users/me/video-quota-used")["videoQuotaUsed"]
        videos = int(self.rows("select count(*) from video")[0][0])
        if videos != len(acknowledged):
            self.violated(f"{videos} videos of {len(acknowledged)} acknowledged uploads")
        sent = sum(uploader.bytes for uploader in self.uploaders)
        if used != sent:
            self.violated(f"a quota of {used} is used by uploads of {sent} bytes")

    def run(self):
        try:
            self.prepare()
            self.begin_load()
            self.storm()
            self.calm()
            self.check()
        except (RuntimeError, Away, KeyError, ValueError, subprocess.CalledProcessError) as error:
            self.violated(f"{type(error).__name__}: {error}")
            for machine in self.site.machines():
                print(f"--- {machine.name}\n{machine.tail()}", flush=True)
        return len(self.violations)

    def summary(self):
        uploads = sum(len(uploader.acknowledged) for uploader in self.uploaders)
        tries = sum(uploader.tries for uploader in self.uploaders)
        viewer = self.viewer
        fetched = f"{viewer.fetched} files viewed ({viewer.away} times away), " if viewer else ""
        return (f"{len(self.done)} faults, {uploads} uploads in {tries} requests, {fetched}"
                f"{len(self.violations)} violations")
