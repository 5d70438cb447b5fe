"""The real program with a local store and one in a bucket behind the weather of s3_weather.py."""

import http.client
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request
import uuid

from kill_schedule import Gone, Server
from s3_bucket import Bucket
from s3_weather import S3Weather, Trigger

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support" / "s3_servers"
CONFIG = """
stores:
  archive:
    type: s3
    endpoint: {endpoint}
    bucket: {bucket}
    force_path_style: true
    credentials: {{access_key_id: {access}, secret_access_key: {secret}}}
    serve_public: {door}
    serve_private: proxy
    max_upload_part: 5MB
    max_request_attempts: {attempts}
homes: {{{homes}}}
transcoding:
  original_file: {{keep: true}}
  resolutions: {{240p: true, 360p: false, 480p: false, 720p: false, 1080p: false}}
log: {{level: warn}}
"""
VERIFIED = 2


class Radosgw:
    """Ceph's gateway, for all schedules of a run; gone with this process."""

    def __enter__(self):
        self.process = subprocess.Popen([str(SUPPORT / "radosgw.sh")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ready":
            raise SystemExit("radosgw did not start")
        _, self.endpoint, self.access, self.secret = words
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def new_bucket(self):
        bucket = Bucket(self.endpoint, self.access, self.secret, f"faults-{uuid.uuid4().hex[:12]}")
        bucket.create()
        return bucket


def noisy_clip(kind):
    """A clip of 6 s that needs no transcoding, made once per machine: `large` goes into the bucket
    in parts, `small` at once."""
    rate = {"large": "10M", "small": "300k"}[kind]
    target = pathlib.Path(tempfile.gettempdir()) / f"shoal-faults-storage-{kind}.mp4"
    if target.exists():
        return target
    partial = target.with_suffix(f".{os.getpid()}.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-y",
                    "-f", "lavfi", "-i", "testsrc2=size=426x240:rate=25:duration=6",
                    "-f", "lavfi", "-i", "sine=frequency=440:duration=6",
                    "-vf", "noise=alls=80:allf=t", "-c:v", "libx264", "-preset", "ultrafast",
                    "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate,
                    "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
                    "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", str(partial)],
                   check=True)
    partial.rename(target)
    return target


class Box(Server):
    def __init__(self, program, gateway, seed):
        super().__init__(program)
        chance = random.Random(seed)
        self.bucket = gateway.new_bucket()
        self.s3 = S3Weather(self.bucket, seed)
        self.kills = 0
        homes = [f"{kind}: archive" for kind in ("renditions", "captions", "thumbnails")
                 if chance.random() < 0.5]
        self.door = chance.choice(["proxy", "presigned", "redirect"])
        self.config = self.data / "shoal.yaml"
        self.config.write_text(CONFIG.format(
            endpoint=self.s3.endpoint, bucket=self.bucket.name, access=gateway.access,
            secret=gateway.secret, attempts=chance.choice([2, 3, 5]), homes=", ".join(homes),
            door=self.door))
        self.folder = self.data / "shoal"
        self.media = self.folder / "media"

    def command(self):
        return [*super().command(), "--config", str(self.config)]

    # Its life

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def ensure(self):
        """It runs; after a kill it is started again."""
        if not self.is_alive():
            if self.process:
                self.kill()
            self.start()

    def kill_at_request(self, count, when):
        """kill -9 at the `count`-th request to the store from now, the proxy waits for it."""
        process = self.process
        self.s3.arm(Trigger(count, when, lambda: process.send_signal(signal.SIGKILL)))

    def kill_after(self, seconds):
        process = self.process

        def act():
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()
        return timer

    def wait_for_death(self, seconds):
        """Whether it was killed within that time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.kill()
        self.kills += 1
        return True

    def end(self):
        self.kill()
        self.s3.stop()

    # Its command line and its database

    def shoal(self, *arguments):
        """The answer of `shoal …`; Gone when it fails, with what it said."""
        done = subprocess.run([self.program, *arguments, "--config", str(self.config), "--data",
                               str(self.folder)], env=self.environment(), capture_output=True,
                              text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise Gone(f"shoal {' '.join(arguments)}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def move(self, source, target, *options, word="move"):
        """The number of a new batch; `word` may be "copy"."""
        return json.loads(self.shoal("storage", word, "--from", source, "--to", target, "--json",
                                     *options))["id"]

    def rows(self, sql, *arguments):
        database = sqlite3.connect(f"file:{self.folder}/shoal.db?mode=ro", uri=True, timeout=30)
        try:
            return database.execute(sql, arguments).fetchall()
        finally:
            database.close()

    def write(self, sql, rows=((),)):
        database = sqlite3.connect(self.folder / "shoal.db", timeout=30)
        try:
            with database:
                database.executemany(sql, rows)
        finally:
            database.close()

    def let_time_pass(self):
        """What was put off for a while is due: an hour passes for the jobs."""
        self.write("update job set run_after = 0 where state = 1 and kind != 'video-clean-up'")

    def wait_until(self, what, condition, seconds):
        """True as soon as `condition()` is; else what is wrong is an error."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.05)
        raise RuntimeError(f"{what} within {seconds} s; {self.jobs()}; {self.tail()}")

    def jobs(self):
        return self.rows("select kind, payload, state, attempt, last_error from job limit 5")

    def watch(self, url, headers=None):
        """(status, body, whether from the store itself) as a player gets them, who may be sent
        there; 503 when that fails."""
        status, body, fields = self.request("GET", url, None, headers)
        if status != 302:
            return status, body, False
        request = urllib.request.Request(fields["Location"], headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), True
        except (OSError, http.client.HTTPException):
            return 503, b"", True

    # Videos

    def upload(self, clip, name, privacy=1):
        """A new video's {id, uuid}."""
        fields = {"channelId": self.channel, "name": name, "privacy": privacy}
        return self.send_form("POST", "/api/v1/videos/upload", fields, "videofile", clip.name,
                              clip.read_bytes(), "video/mp4")["video"]

    def send_form(self, method, path, fields, file_field, filename, contents, content_type):
        boundary = "shoal-faults-boundary"
        disposition = f"--{boundary}\r\nContent-Disposition: form-data; name="
        head = "".join(f'{disposition}"{name}"\r\n\r\n{value}\r\n'
                       for name, value in fields.items())
        head += (f'{disposition}"{file_field}"; filename="{filename}"\r\n'
                 f"Content-Type: {content_type}\r\n\r\n")
        status, answer, _ = self.request(
            method, path, head.encode() + contents + f"\r\n--{boundary}--\r\n".encode(),
            {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        if status not in (200, 204):
            raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer) if answer else None

    def log_in(self):
        super().log_in()
        self.channel = self.json("/api/v1/users/me")[1]["videoChannels"][0]["id"]

    def is_published(self, video):
        details = self.json(f"/api/v1/videos/{video['uuid']}")[1] or {}
        playlists = details.get("streamingPlaylists") or []
        return bool(details and details["state"]["id"] == 1 and playlists
                    and playlists[0].get("segmentsSha256Url"))
