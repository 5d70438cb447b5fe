#!/usr/bin/env python3
"""One seed of kill -9 against the real program: upload, transcode, publish, delete.

Prints a line per broken promise and exits 1 when there was any. Promises:
  - the program starts again after every kill, and a second one on its folder refuses;
  - acknowledged bytes are still acknowledged; an acknowledged video is still there;
  - whatever a playlist lists is there, whole, in every state on the way;
  - the video is published in the end, every file has the size and the length it claims, and the
    hashes of its segments are right;
  - no program that the killed one started outlives it;
  - a deleted video is gone and leaves no files of its own.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PASSWORD = "correct horse battery"
CLIP_SECONDS = 14
UPLOAD = "/api/v1/videos/upload-resumable"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clip(kind):
    """A short clip, made once per machine: one to copy, one that must be transcoded."""
    target = pathlib.Path(tempfile.gettempdir()) / f"shoal-faults-{kind}-{CLIP_SECONDS}.mp4"
    if target.exists():
        return target
    codec = {"h264": ["-c:v", "libx264", "-preset", "veryfast", "-g", "60", "-keyint_min", "60",
                      "-sc_threshold", "0", "-pix_fmt", "yuv420p"],
             "mpeg4": ["-c:v", "mpeg4", "-b:v", "1500k"]}[kind]
    partial = target.with_suffix(f".{os.getpid()}.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-y",
                    "-f", "lavfi", "-i", f"testsrc2=size=640x480:rate=30:duration={CLIP_SECONDS}",
                    "-f", "lavfi", "-i", f"sine=frequency=440:duration={CLIP_SECONDS}",
                    *codec, "-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart", str(partial)],
                   check=True)
    partial.rename(target)
    return target


class Gone(Exception):
    """The server was killed under a request."""


class Server:
    def __init__(self, program):
        self.program = program
        self.data = pathlib.Path(tempfile.mkdtemp(prefix="shoal-faults-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.token = None

    def command(self):
        return [self.program, "serve", "--data", str(self.data / "shoal"),
                "--listen", f"127.0.0.1:{self.port}"]

    def environment(self):
        return {**os.environ, "SHOAL_INITIAL_ROOT_PASSWORD": PASSWORD,
                "SHOAL__WEBSERVER__HOSTNAME": "127.0.0.1",
                "SHOAL__WEBSERVER__PORT": str(self.port),
                "SHOAL__RATES_LIMIT__API__MAX": "1000000"}

    def start(self):
        self.log = open(self.data / "server.log", "ab")
        self.process = subprocess.Popen(self.command(), env=self.environment(), stdout=self.log,
                                        stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"it ended with {self.process.returncode}: {self.tail()}")
            try:
                if self.request("GET", "/api/v1/ping")[0] == 200:
                    return
            except Gone:
                time.sleep(0.02)
        raise RuntimeError(f"it does not answer within 30 s: {self.tail()}")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
            self.log.close()

    def tail(self):
        return (self.data / "server.log").read_text(errors="replace")[-1500:]

    def request(self, method, path, body=None, headers=None):
        """(status, body, headers); Gone when the server is."""
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers
        except (OSError, EOFError) as error:
            raise Gone(str(error)) from error
        except Exception as error:  # http.client: an answer that was cut
            raise Gone(repr(error)) from error

    def json(self, path):
        status, body, _ = self.request("GET", path)
        return (status, json.loads(body)) if status == 200 else (status, None)

    def log_in(self):
        client = json.loads(self.request("GET", "/api/v1/oauth-clients/local")[1])
        form = urllib.parse.urlencode({**client, "grant_type": "password", "username": "root",
                                       "password": PASSWORD}).encode()
        status, body, _ = self.request(
            "POST", "/api/v1/users/token", form,
            {"Content-Type": "application/x-www-form-urlencoded"})
        if status != 200:
            raise RuntimeError(f"log-in: {status} {body!r}")
        self.token = json.loads(body)["access_token"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """308 is the upload's "go on", not a redirect."""

    def redirect_request(self, *_):
        return None


class Schedule:
    def __init__(self, program, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.server = Server(program)
        self.clip = clip("mpeg4" if seed % 2 else "h264")
        self.bytes = self.clip.read_bytes()
        self.violations = []
        self.kills = 0

    def violated(self, what):
        self.violations.append(what)
        print(f"seed {self.seed} kill: VIOLATED: {what}", flush=True)

    # The program's life

    def restart(self):
        """kill -9 now, then start again and look at what it promised."""
        self.server.kill()
        self.kills += 1
        self.check_no_orphans()
        self.server.start()

    def kill_within(self, longest):
        """Kills at some time within `longest` seconds, while requests go on."""
        timer = threading.Timer(self.random.uniform(0, longest), self.server.kill)
        timer.start()
        return timer

    def after_kill(self, timer):
        timer.join()
        self.kills += 1
        self.check_no_orphans()
        self.server.start()

    def check_no_orphans(self):
        """They are killed with it; one of the lowest priority may wait for its turn to die."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            alive = self.orphans()
            if not alive:
                return
            time.sleep(0.05)
        self.violated(f"outlives the killed program: {alive[0]}")

    def orphans(self):
        found = []
        needle = str(self.server.data).encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if needle in line:
                found.append(line.replace(b"\0", b" ").decode(errors="replace")[:200])
        return found

    def check_second_refuses(self):
        second = subprocess.run(
            [*self.server.command()[:-1], f"127.0.0.1:{free_port()}"],
            env=self.server.environment(), capture_output=True, timeout=30, check=False)
        if second.returncode == 0:
            self.violated("a second program started on the same folder")

    # Upload

    def announce(self):
        channel = self.server.json("/api/v1/users/me")[1]["videoChannels"][0]["id"]
        body = json.dumps({"name": f"seed {self.seed}", "channelId": channel, "privacy": 1,
                           "filename": self.clip.name}).encode()
        status, answer, headers = self.server.request("POST", UPLOAD, body, {
            "Content-Type": "application/json", "X-Upload-Content-Type": "video/mp4",
            "X-Upload-Content-Length": str(len(self.bytes))})
        if status != 201:
            raise RuntimeError(f"upload init: {status} {answer!r}")
        query = urllib.parse.urlparse(headers["Location"]).query
        return f"{UPLOAD}?{query}"

    def ask(self, location):
        """Where it is: bytes received, or the video's JSON."""
        return self.read_answer(self.server.request(
            "PUT", location, b"", {"Content-Range": f"bytes */{len(self.bytes)}"}))

    def read_answer(self, answer):
        status, body, headers = answer
        if status == 308:
            end = re.fullmatch(r"bytes=0-(-?\d+)", headers["Range"])
            return int(end.group(1)) + 1
        if status == 200:
            return json.loads(body)["video"]
        if status == 503:
            return None
        raise RuntimeError(f"upload: {status} {body[:300]!r}")

    def put(self, location, start, length):
        end = start + length - 1
        return self.read_answer(self.server.request(
            "PUT", location, self.bytes[start:end + 1],
            {"Content-Type": "application/octet-stream",
             "Content-Range": f"bytes {start}-{end}/{len(self.bytes)}"}))

    def upload(self):
        """Until the server says which video it became, through a few kills."""
        location = self.announce()
        acknowledged = 0
        kills = self.random.randint(1, 4)
        for _ in range(500):
            timer = None
            try:
                if kills and self.random.random() < 0.35:
                    kills -= 1
                    timer = self.kill_within(0.15)
                now = self.ask(location)
                if isinstance(now, int):
                    if now < acknowledged:
                        self.violated(f"{now} of {acknowledged} acknowledged bytes are left")
                        return None
                    acknowledged = now
                    longest = len(self.bytes) // 3
                    length = min(len(self.bytes) - now, self.random.randint(1, longest))
                    now = self.put(location, now, length) if length else self.ask(location)
                    acknowledged = now if isinstance(now, int) else acknowledged
                if isinstance(now, dict):
                    return now
            except Gone:
                pass
            finally:
                if timer:
                    self.after_kill(timer)
        self.violated("the upload never comes to its end")
        return None

    # What is played

    def details(self, video):
        status, details = self.server.json(f"/api/v1/videos/{video['uuid']}")
        if status == 404:
            self.violated("an acknowledged video is gone")
        return details

    def check_playable(self, details):
        """Everything that is listed now is there and whole."""
        for playlist in (details or {}).get("streamingPlaylists", []):
            url = playlist.get("playlistUrl")
            if url:
                self.check_master(url)

    def check_master(self, url):
        status, master, _ = self.server.request("GET", url)
        if status != 200:
            return self.violated(f"the master playlist answers {status}")
        for line in master.decode().splitlines():
            if line and not line.startswith("#"):
                self.check_media_playlist(urllib.parse.urljoin(url, line))
        return None

    def check_media_playlist(self, url):
        status, text, _ = self.server.request("GET", url)
        if status != 200:
            return self.violated(f"a listed playlist answers {status}: {url}")
        lines = text.decode().splitlines()
        wanted = None
        for line in lines:
            byterange = re.match(r'#EXT-X-BYTERANGE:(\d+)@(\d+)', line)
            if byterange:
                wanted = (int(byterange.group(2)), int(byterange.group(1)))
            elif line and not line.startswith("#"):
                self.check_segment(urllib.parse.urljoin(url, line), wanted)
                wanted = None
        return None

    def check_segment(self, url, wanted):
        headers = {}
        if wanted:
            headers["Range"] = f"bytes={wanted[0]}-{wanted[0] + wanted[1] - 1}"
        status, body, _ = self.server.request("GET", url, None, headers)
        if status not in (200, 206) or not body:
            return self.violated(f"a listed segment answers {status}: {url}")
        if wanted and len(body) != wanted[1]:
            return self.violated(f"a listed segment has {len(body)} bytes, not {wanted[1]}: {url}")
        return None

    def transcode(self, video):
        """Kills while it is processed; then waits for the end."""
        for _ in range(self.random.randint(1, 4)):
            time.sleep(self.random.uniform(0.05, 4))
            self.restart()
            self.check_playable(self.details(video))
            if self.violations:
                return
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            details = self.details(video)
            if self.violations:
                return
            if self.is_done(details):
                return
            time.sleep(0.3)
        failed = self.server.json("/api/v1/jobs/failed?count=20")[1]
        waiting = self.server.json("/api/v1/jobs?count=20")[1]
        self.violated(f"processing never ends: state {details.get('state')}, failed {failed}, "
                      f"jobs {str(waiting)[:600]}; {self.server.tail()}")

    def is_done(self, details):
        if details["state"]["id"] == 7:
            self.violated(f"a good video failed: {self.server.tail()}")
            return True
        playlists = details.get("streamingPlaylists") or []
        if details["state"]["id"] != 1 or not playlists:
            return False
        running = self.server.json("/api/v1/jobs?count=100")[1]
        if running is None:
            return bool(playlists[0].get("segmentsSha256Url"))
        # Cleaning up comes a day later.
        return all(job["state"] in ("completed", "failed") or job["type"] == "video-clean-up"
                   for job in running["data"])

    def check_published(self, video):
        details = self.details(video)
        self.check_playable(details)
        playlist = details["streamingPlaylists"][0]
        heights = sorted(file["resolution"]["id"] for file in playlist["files"])
        if heights != sorted(set(heights)) or 480 not in heights or 240 not in heights:
            self.violated(f"published with the resolutions {heights}")
        hashes = json.loads(self.server.request("GET", playlist["segmentsSha256Url"])[1])
        for file in playlist["files"]:
            self.check_file(file, hashes)
        failed = self.server.json("/api/v1/jobs/failed?count=20")[1]
        if failed and failed.get("total"):
            self.violated(f"jobs failed although nothing was wrong: {str(failed)[:500]}")

    def check_file(self, file, hashes):
        status, body, _ = self.server.request("GET", file["fileUrl"])
        if status != 200 or len(body) != file["size"]:
            return self.violated(
                f"{file['fileUrl']}: {status}, {len(body)} of {file['size']} bytes")
        name = file["fileUrl"].rsplit("/", 1)[1]
        for span, digest in hashes.get(name, {}).items():
            first, last = (int(number) for number in span.split("-"))
            if hashlib.sha256(body[first:last + 1]).hexdigest() != digest:
                return self.violated(f"{name}: the hash of bytes {span} is wrong")
        if name not in hashes:
            self.violated(f"{name} has no hashes")
        path = self.server.data / name
        path.write_bytes(body)
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of",
             "default=nw=1:nk=1", str(path)], capture_output=True, text=True, check=False)
        path.unlink()
        seconds = float(probe.stdout.strip() or 0)
        if probe.stderr.strip() or abs(seconds - CLIP_SECONDS) > 0.5:
            self.violated(f"{name} has {seconds} s; {probe.stderr[:200]}")
        return None

    def delete(self, video):
        """Also through a kill: a deletion that was answered holds."""
        answered = False
        timer = self.kill_within(0.05) if self.random.random() < 0.5 else None
        try:
            status, body, _ = self.server.request("DELETE", f"/api/v1/videos/{video['uuid']}")
            answered = status == 204
            if not answered:
                self.violated(f"the deletion answers {status} {body[:200]!r}")
        except Gone:
            pass
        if timer:
            self.after_kill(timer)
        status, _ = self.server.json(f"/api/v1/videos/{video['uuid']}")
        if answered and status != 404:
            self.violated(f"a deleted video answers {status}")
        if status != 404:
            self.server.request("DELETE", f"/api/v1/videos/{video['uuid']}")
        staged = list((self.server.data / "shoal" / "uploads").glob("*"))
        if staged:
            self.violated(f"uploads/ keeps {staged[0].name}")

    def run(self):
        try:
            self.server.start()
            self.server.log_in()
            self.check_second_refuses()
            video = self.upload()
            if video and not self.violations:
                if self.seed % 4 == 3:
                    time.sleep(self.random.uniform(0, 3))
                else:
                    self.transcode(video)
                    if not self.violations:
                        self.check_published(video)
                self.delete(video)
        except (RuntimeError, Gone, KeyError, ValueError) as error:
            self.violated(f"{type(error).__name__}: {error}; {self.server.tail()}")
        finally:
            self.server.kill()
            shutil.rmtree(self.server.data, ignore_errors=True)
        print(f"seed {self.seed} kill: {self.kills} kills, {len(self.violations)} violations",
              flush=True)
        return not self.violations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shoal", required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    sys.exit(0 if Schedule(options.shoal, options.seed).run() else 1)


if __name__ == "__main__":
    main()
