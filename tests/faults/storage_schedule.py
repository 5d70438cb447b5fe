"""One seed of bad weather at the store, with kill -9: uploads, moves and copies of all files in
both directions, captions, privacy changes, deletions.

Promises:
  - what plays keeps playing where a copy can be reached, also when another cannot, and is never
    "not found"; what a viewer gets whole is what was recorded;
  - a stranger who knows all names never reads an object that rows say nobody was told of, and in
    the end just those of public and unlisted videos;
  - every batch of moves comes to its end once the weather is clear, with no file left failed after
    it was resumed;
  - and the rest is in storage_checks.py.
"""

import json
import random
import threading
import time
import urllib.parse

from kill_schedule import Gone
from s3_weather import WEATHER
from storage_box import Box, noisy_clip
from storage_checks import VERIFIED, Checker, Records, sha256

MOVES_KINDS = ("original", "rendition", "playlist", "segments-sha256", "thumbnail", "caption")
BATCH_DONE, BATCH_CANCELLED = 4, 3
STEPS = 20


class Viewer:
    """Asks for recorded files as long as it runs, and says what should not be."""

    def __init__(self, box, seed, violated):
        self.box, self.violated = box, violated
        self.random = random.Random(seed)
        self.urls = []  # (URL, SHA-256); replaced as a whole
        self.fetched = self.away = self.damaged = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.wait(0.05):
            urls = self.urls
            if not urls:
                continue
            url, digest = self.random.choice(urls)
            was_here = self.is_here(url)
            try:
                status, body, is_from_store = self.box.watch(url)
            except Gone:
                continue
            still = (url, digest) in self.urls
            if status == 200 and sha256(body) == digest:
                self.fetched += 1
            elif status == 503 and not (was_here and self.is_here(url)):
                self.away += 1
            elif status == 200 and is_from_store and self.box.s3.damaged:
                # Nobody but the player can know.
                self.damaged += 1
            elif still:
                self.violated(f"a viewer gets {status} and {len(body)} bytes that are not "
                              f"{digest[:8]} of {url}")

    def is_here(self, url):
        """Whether there is a copy that needs no bucket."""
        name = urllib.parse.unquote(url.rsplit("/", 1)[1])
        return bool(self.box.rows(
            "select 1 from placement p join media_file f on f.id = p.file_id where f.name = ? "
            f"and p.store = 'local' and p.state = {VERIFIED}", name))

    def stop(self):
        self.stopping.set()
        self.thread.join(70)


class Stranger:
    """Knows every object's name, and tries to read what rows say nobody was told of."""

    def __init__(self, box, violated):
        self.box, self.violated = box, violated
        self.tries = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def closed_keys(self):
        return {key for key, in self.box.rows(
            "select object_key from placement where store = 'archive' and exposure = 0")}

    def run(self):
        while not self.stopping.wait(0.02):
            for key in self.closed_keys():
                self.tries += 1
                # A row that is written while it is asked for does not count.
                if self.box.bucket.is_public(key) and key in self.closed_keys():
                    self.violated(f"a stranger reads {key}")

    def stop(self):
        self.stopping.set()
        self.thread.join(70)


class Schedule:
    def __init__(self, program, gateway, seed, empties_trash=False):
        self.seed, self.empties_trash = seed, empties_trash
        self.random = random.Random(seed)
        self.box = Box(program, gateway, seed)
        self.records = Records()
        self.violations = []
        self.batches = []
        self.checker = Checker(self.box, self.records, self.violated)
        self.viewer = Viewer(self.box, seed, self.violated)
        self.stranger = Stranger(self.box, self.violated)
        self.done = []
        self.captions = 0

    def violated(self, what):
        self.violations.append(what)
        print(f"seed {self.seed}: VIOLATED: {what}", flush=True)

    # While the weather is clear

    def wait_for(self, video):
        self.box.wait_until("a video is published", lambda: self.box.is_published(video), 60)

    def prepare(self):
        self.box.start()
        self.box.log_in()
        self.box.wait_until("the bucket is found", self.is_attached, 20)
        for kind in ("large", "small", "large", "small"):
            self.records.take(self.box, self.box.upload(noisy_clip(kind), kind))
        for video in self.records.videos:
            self.wait_for(video)
        self.box.wait_until("the first moves end", self.is_quiet, 30)
        self.records.take(self.box)
        for video in self.records.videos:
            self.checker.check_video(video)
        self.viewer.urls = self.known_urls()
        self.viewer.thread.start()
        self.stranger.thread.start()

    def is_attached(self):
        return bool(self.box.rows("select 1 from store where name = 'archive'"))

    def is_quiet(self):
        return not self.box.rows("select 1 from job where kind != 'video-clean-up' limit 1")

    def known_urls(self):
        """What viewers of the recorded videos may ask for."""
        urls = []
        for video in self.records.videos:
            details = self.box.json(f"/api/v1/videos/{video['uuid']}")[1]
            for playlist in details["streamingPlaylists"]:
                wanted = [playlist["playlistUrl"], playlist["segmentsSha256Url"],
                          *(file["fileUrl"] for file in playlist["files"])]
                for url in wanted:
                    name = url.rsplit("/", 1)[1]
                    rows = self.box.rows("select sha256 from media_file where name = ?", name)
                    if rows and details["privacy"]["id"] == 1:
                        urls.append((url, rows[0][0]))
        return urls

    # What happens in bad weather

    def act(self):
        weights = {self.start_move: 6, self.put_caption: 2, self.change_privacy: 2,
                   self.delete_video: 1, self.upload_more: 1, self.steer_batch: 2}
        action = self.random.choices(list(weights), list(weights.values()))[0]
        self.done.append(action.__name__)
        try:
            action()
        except Gone as error:
            # A command that met the kill, or a request under it.
            self.done.append(f"gone: {str(error)[:80]}")

    def start_move(self):
        stores = ["local", "archive"]
        self.random.shuffle(stores)
        options = ["--parallel", str(self.random.choice([1, 2, 4, 8]))]
        if self.random.random() < 0.4:
            for kind in self.random.sample(MOVES_KINDS, 3):
                options += ["--kind", kind]
        word = "copy" if self.random.random() < 0.3 else "move"
        self.batches.append(self.box.move(*stores, *options, word=word))

    def put_caption(self):
        if not self.records.videos:
            return
        video = self.random.choice(self.records.videos)
        self.captions += 1
        text = f"WEBVTT\n\n00:00.000 --> 00:05.000\nCaption {self.captions}\n".encode()
        self.box.send_form("PUT", f"/api/v1/videos/{video['uuid']}/captions/en", {},
                           "captionfile", "en.vtt", text, "text/vtt")

    def change_privacy(self):
        if not self.records.videos:
            return
        video = self.random.choice(self.records.videos)
        privacy = self.random.choice([1, 2, 3])
        # What is not public is not for the anonymous; nothing is asked for while it changes.
        self.viewer.urls = [known for known in self.viewer.urls
                            if not self.is_of(known[0], video)]
        body = json.dumps({"privacy": privacy}).encode()
        status, answer, _ = self.box.request("PUT", f"/api/v1/videos/{video['uuid']}", body,
                                             {"Content-Type": "application/json"})
        if status != 204:
            self.violated(f"a privacy change answers {status} {answer[:200]!r}")

    def is_of(self, url, video):
        name = urllib.parse.unquote(url.rsplit("/", 1)[1])
        return bool(self.box.rows("select 1 from media_file where name = ? and video_id = ?",
                                  name, video["id"]))

    def delete_video(self):
        if len(self.records.videos) < 2:
            return
        video = self.random.choice(self.records.videos)
        self.viewer.urls = [known for known in self.viewer.urls
                            if not self.is_of(known[0], video)]
        self.records.forget(video)
        status, answer, _ = self.box.request("DELETE", f"/api/v1/videos/{video['uuid']}")
        if status not in (204, 404):
            self.violated(f"the deletion answers {status} {answer[:200]!r}")

    def upload_more(self):
        video = self.box.upload(noisy_clip("small"), "in bad weather")
        self.records.videos.append(video)

    def steer_batch(self):
        if self.batches:
            word = self.random.choice(["pause", "resume", "cancel", "resume"])
            self.box.shoal("storage", word, str(self.random.choice(self.batches)))

    def change_weather(self):
        outages = [kind for kind in WEATHER if kind not in ("clear", "flaky", "stormy", "slow")]
        kinds = {"clear": 1, "flaky": 6, "stormy": 2, "slow": 1, self.random.choice(outages): 4}
        self.box.s3.weather = self.random.choices(list(kinds), list(kinds.values()))[0]
        self.done.append(self.box.s3.weather)
        return self.random.uniform(0, 0.3 if self.box.s3.weather in outages else 1)

    def maybe_kill(self):
        draw = self.random.random()
        if draw < 0.2:
            when = self.random.choice(["before", "during", "after"])
            self.box.kill_at_request(self.random.randint(1, 40), when)
        elif draw < 0.3:
            self.box.kill_after(self.random.uniform(0, 0.4))

    def storm(self):
        for _ in range(STEPS):
            self.box.ensure()
            seconds = self.change_weather()
            self.maybe_kill()
            self.act()
            self.box.let_time_pass()
            time.sleep(seconds)
            if not self.box.is_alive():
                self.box.kills += 1

    # The end

    def calm(self):
        """Clear weather: everything ends by itself, but for what an administrator resumes."""
        self.box.s3.arm(None)
        self.box.s3.weather = "clear"
        if self.random.random() < 0.5:
            self.box.kill()
        self.box.ensure()
        for batch, state in self.box.rows("select id, state from move_batch"):
            if state == 2:
                self.box.shoal("storage", "resume", str(batch))
        self.box.wait_until("all jobs end", self.has_ended, 60)

    def has_ended(self):
        self.box.ensure()
        for batch, in self.box.rows(
                "select distinct b.id from move_batch b join move_item i on i.batch_id = b.id "
                f"where i.state = 5 and b.state = {BATCH_DONE}"):
            self.box.shoal("storage", "resume", str(batch))
        over = not self.box.rows("select 1 from move_batch where state not in (?, ?)",
                                 BATCH_DONE, BATCH_CANCELLED)
        self.box.let_time_pass()
        return self.is_quiet() and over

    def run(self):
        try:
            self.prepare()
            self.storm()
            self.calm()
            self.viewer.stop()
            self.stranger.stop()
            self.checker.check_all()
            if self.empties_trash:
                self.checker.check_after_trash()
        except (RuntimeError, Gone, KeyError, ValueError, OSError) as error:
            self.violated(f"{type(error).__name__}: {error}; {self.box.tail()}")
        finally:
            self.viewer.stopping.set()
            self.stranger.stopping.set()
            self.box.end()
        return not self.violations

    def summary(self):
        faults = sum(self.box.s3.faults.values())
        return (f"{len(self.batches)} batches, {self.box.s3.requests} requests, {faults} faults, "
                f"{self.box.kills} kills, {self.viewer.fetched} files viewed "
                f"({self.viewer.away} times away), {self.stranger.tries} strangers, "
                f"{len(self.violations)} violations")
