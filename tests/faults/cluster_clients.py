"""Who uses a site under faults: uploaders that go on until the server said yes, and a viewer."""

import hashlib
import http.client
import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from cluster_site import HOST, PASSWORD, PORT

BALANCER = f"http://{HOST}:{PORT}"
CHUNK = 400_000


class Away(Exception):
    """No answer, or one that says to come again."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """308 is the upload's "go on"."""

    def redirect_request(self, *_):
        return None


def sha256(contents):
    return hashlib.sha256(contents).hexdigest()


class Caller:
    def __init__(self, base=BALANCER, token=None):
        self.base, self.token = base, token

    def request(self, method, path, body=None, headers=None, seconds=45):
        """(status, body, headers). Errors: Away where nobody answered."""
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        request = urllib.request.Request(self.base + path, data=body, headers=headers,
                                         method=method)
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=seconds) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers
        except (OSError, http.client.HTTPException) as error:
            raise Away(repr(error)) from error

    def json(self, path):
        status, body, _ = self.request("GET", path)
        if status != 200:
            raise Away(f"{path}: {status} {body[:200]!r}")
        return json.loads(body)

    def log_in(self):
        client = self.json("/api/v1/oauth-clients/local")
        form = urllib.parse.urlencode({**client, "grant_type": "password", "username": "root",
                                       "password": PASSWORD}).encode()
        status, body, _ = self.request("POST", "/api/v1/users/token", form, {
            "Content-Type": "application/x-www-form-urlencoded"})
        if status != 200:
            raise Away(f"log-in: {status} {body[:200]!r}")
        self.token = json.loads(body)["access_token"]
        return self


class Uploader:
    """One resumable upload after the other, each of other bytes, in chunks through the balancer.
    `acknowledged`: uuid -> SHA-256 of what was sent."""

    def __init__(self, caller, channel, clip, seed, violated):
        self.caller, self.channel, self.violated = caller, channel, violated
        self.clip = clip
        self.random = random.Random(seed)
        self.acknowledged = {}
        self.bytes = 0
        self.tries = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.is_set():
            self.upload()
            self.stopping.wait(self.random.uniform(1, 3))

    def upload(self):
        """Until it is acknowledged, also after the end of the storm."""
        # A box that players skip makes the bytes unique.
        contents = self.clip + (24).to_bytes(4, "big") + b"free" + self.random.randbytes(16)
        path = None
        while path is None:
            path = self.attempt(lambda: self.begin(len(contents)))
        sent = None
        while True:
            answer = self.attempt(lambda: self.send(path, contents, sent))
            if answer is None:
                sent = None  # what arrived is asked for
            elif "video" in answer:
                self.acknowledged[answer["video"]["uuid"]] = sha256(contents)
                self.bytes += len(contents)
                return
            else:
                sent = answer["sent"]

    def attempt(self, step):
        self.tries += 1
        try:
            return step()
        except Away:
            time.sleep(self.random.uniform(0.2, 1))
            return None

    def begin(self, size):
        name = f"Upload {len(self.acknowledged)}"
        body = {"filename": "clip.mp4", "name": name, "channelId": self.channel, "privacy": 1}
        status, answer, headers = self.caller.request(
            "POST", "/api/v1/videos/upload-resumable", json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Upload-Content-Length": str(size),
             "X-Upload-Content-Type": "video/mp4"})
        if status != 201:
            self.judge(status, answer)
        location = urllib.parse.urlparse(headers["Location"])
        return f"{location.path}?{location.query}"

    def send(self, path, contents, sent):
        """The next chunk from `sent`; None asks how far it is."""
        total = len(contents)
        if sent is None:
            body, span = b"", "*"
        else:
            body = contents[sent:sent + CHUNK]
            span = f"{sent}-{sent + len(body) - 1}"
        status, answer, headers = self.caller.request(
            "PUT", path, body, {"Content-Range": f"bytes {span}/{total}",
                                "Content-Type": "application/octet-stream"})
        if status == 200:
            return json.loads(answer)
        if status != 308:
            self.judge(status, answer)
        end = re.fullmatch(r"bytes=0-(\d+)", headers.get("Range") or "")
        now = int(end[1]) + 1 if end else 0
        if sent is not None and now < sent:
            self.violated(f"an upload had {sent} bytes acknowledged and now has {now}")
        return {"sent": now}

    def judge(self, status, answer):
        """What a client may be told in bad weather, and comes again for."""
        if status not in (409, 429, 500, 502, 503, 504):
            self.violated(f"an upload is answered {status} {answer[:300]!r}")
        raise Away(str(status))


class Viewer:
    """Fetches files of published videos; what comes whole must be what was recorded."""

    def __init__(self, caller, sums, seed, violated):
        self.caller, self.sums, self.violated = caller, sums, violated
        self.random = random.Random(seed)
        self.urls = {}  # path -> SHA-256
        self.fetched = self.away = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopping.wait(0.1):
            try:
                self.look()
            except Away:
                self.away += 1
                self.stopping.wait(0.3)

    def look(self):
        if not self.urls or self.random.random() < 0.05:
            self.learn()
            return
        path = self.random.choice(list(self.urls))
        status, body, _ = self.caller.request("GET", path)
        if status in (500, 502, 503, 504):
            raise Away(str(status))
        if status != 200 or sha256(body) != self.urls[path]:
            self.violated(f"a viewer gets {status} and {len(body)} wrong bytes of {path}")
        self.fetched += 1

    def learn(self):
        for video in self.caller.json("/api/v1/videos?count=20&skipCount=true")["data"]:
            details = self.caller.json(f"/api/v1/videos/{video['uuid']}")
            for path in files_of(details):
                digest = self.sums(path)
                if digest:
                    self.urls[path] = digest


def files_of(details):
    """Paths of a finished video's files."""
    return [urllib.parse.urlparse(file["fileUrl"]).path
            for playlist in details.get("streamingPlaylists") or []
            if playlist.get("segmentsSha256Url") for file in playlist["files"]]
