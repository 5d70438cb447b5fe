"""A site: machines in network namespaces around one bridge, and what runs on them: PostgreSQL,
radosgw and nginx on the host's end of it, nodes and workers on machines of their own.

The whole site lives in a network, mount and process namespace that enter() makes: it is gone with
the process, whatever happened to it.
"""

import os
import pathlib
import pwd
import signal
import subprocess
import sys
import tempfile
import time

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support" / "s3_servers"
HOST = "10.77.0.1"
PORT = 8080  # of the balancer and of every node
HOMES = ("RENDITIONS", "ORIGINALS", "CAPTIONS", "THUMBNAILS", "STORYBOARDS", "EXPORTS", "RUNNING",
         "UPLOADS")
PASSWORD = "correct horse battery"
NGINX = """
worker_processes 1; daemon off; pid {home}/nginx.pid; error_log {home}/nginx.log;
events {{ worker_connections 1000; }}
http {{
  access_log off; client_max_body_size 0; proxy_request_buffering off; proxy_buffering off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream nodes {{ {servers} }}
  server {{
    listen {host}:{port};
    location / {{
      proxy_pass http://nodes; proxy_http_version 1.1; proxy_connect_timeout 1s;
      proxy_read_timeout 40s; proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


def enter():
    """The rest of the program runs in namespaces of its own, as root in there."""
    if os.environ.get("SHOAL_SITE") == "1":
        ip("link", "set", "lo", "up")
        run("mount", "-t", "tmpfs", "tmpfs", "/run/netns")
        ip("link", "add", "site", "type", "bridge")
        ip("addr", "add", f"{HOST}/24", "dev", "site")
        ip("link", "set", "site", "up")
        return
    pathlib.Path("/run/netns").mkdir(parents=True, exist_ok=True)
    os.environ["SHOAL_SITE"] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
                          "--kill-child=KILL", sys.executable, "-B", *sys.argv])


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, **options)


def ip(*words):
    run("ip", *words)


def wait_for(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Postgres:
    def __init__(self, folder):
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.folder = folder
        folder.mkdir()
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        self.run("initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8")
        with open(folder / "data" / "pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write(f"host all all {HOST}/24 trust\n")
        self.start()
        self.run("createdb", "-h", folder, "-U", "postgres", "cluster")

    def run(self, name, *words):
        run(self.programs / name, *words, user="postgres", cwd=self.folder,
            stdout=subprocess.DEVNULL)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-k",
                 str(self.folder), "-c", f"listen_addresses={HOST}"], user="postgres",
                cwd=self.folder, stdout=log, stderr=log)
        ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder)]
        wait_for("PostgreSQL answers", lambda: not subprocess.run(ready, check=False).returncode,
                 60)

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT: as a crash; it recovers from its log at the next start."""
        self.process.send_signal(how)
        self.process.wait()

    def rows(self, sql):
        """Lists of text."""
        done = subprocess.run(
            [str(self.programs / "psql"), "-h", str(self.folder), "-U", "postgres", "cluster",
             "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql], capture_output=True,
            text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]


class Gateway:
    """radosgw, by the script's words: hang, resume, down, up."""

    def __init__(self):
        self.process = subprocess.Popen([str(SUPPORT / "radosgw.sh"), "--address", HOST],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ready":
            raise SystemExit("radosgw did not start")
        _, self.endpoint, self.access, self.secret = words

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "ok":
            raise RuntimeError(f"the gateway did not {word}")


class Machine:
    """A network namespace with one cable, and one program on it."""

    count = 0

    def __init__(self, site, name):
        Machine.count += 1
        self.name, self.site = name, site
        self.address = f"10.77.0.{10 + Machine.count}"
        self.cable = f"v-{name}"
        self.folder = site.folder / name
        self.folder.mkdir()
        self.process = None
        ip("netns", "add", name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", self.cable, "master", "site", "up")
        ip("-n", name, "addr", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", name, "link", "set", device, "up")

    def command(self):
        raise NotImplementedError

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *self.command()], stdout=log, stderr=log,
                env={**os.environ, **self.environment()})

    def environment(self):
        return {}

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def ensure(self):
        if not self.is_running():
            self.start()

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()

    def cut(self):
        """Its cable is out: nobody is told of anything."""
        ip("link", "set", self.cable, "down")

    def slow(self):
        """What comes to it crawls: 2 Mbit/s."""
        run("tc", "qdisc", "replace", "dev", self.cable, "root", "tbf", "rate", "2mbit", "burst",
            "32kbit", "latency", "400ms")

    def mend(self):
        ip("link", "set", self.cable, "up")
        subprocess.run(["tc", "qdisc", "del", "dev", self.cable, "root"], check=False,
                       stderr=subprocess.DEVNULL)

    def tail(self):
        log = self.folder / "log"
        return log.read_text(errors="replace")[-1200:] if log.exists() else ""


class Node(Machine):
    def command(self):
        return [self.site.program, "serve", "--data", str(self.folder / "data"), "--listen",
                f"{self.address}:{PORT}"]

    def environment(self):
        gateway = self.site.gateway
        settings = {
            "DATABASE__ENGINE": "postgresql", "DATABASE__HOSTNAME": HOST,
            "DATABASE__USERNAME": "postgres", "DATABASE__NAME": "cluster",
            "CLUSTER__NODE__NAME": self.name, "WEBSERVER__HOSTNAME": HOST,
            "WEBSERVER__PORT": str(PORT), "TRUST_PROXY": HOST,
            "RATES_LIMIT__API__MAX": "0", "RATES_LIMIT__LOGIN__MAX": "0",
            "TRANSCODING__CONCURRENCY": "1", "TRANSCODING__ORIGINAL_FILE__KEEP": "true",
            "STORES__SHARED__TYPE": "s3", "STORES__SHARED__ENDPOINT": gateway.endpoint,
            "STORES__SHARED__BUCKET": "shared", "STORES__SHARED__FORCE_PATH_STYLE": "true",
            "STORES__SHARED__SERVE_PUBLIC": "proxy",
            "STORES__SHARED__CREDENTIALS__ACCESS_KEY_ID": gateway.access,
            "STORES__SHARED__CREDENTIALS__SECRET_ACCESS_KEY": gateway.secret}
        settings |= {f"HOMES__{kind}": "shared" for kind in HOMES}
        return {"SHOAL_INITIAL_ROOT_PASSWORD": PASSWORD,
                **{f"SHOAL__{key}": value for key, value in settings.items()}}


class Worker(Machine):
    token = ""

    def command(self):
        return [self.site.program, "worker", "--server", f"http://{HOST}:{PORT}", "--token",
                self.token, "--name", self.name, "--data", str(self.folder / "data"),
                "--concurrency", "1"]


class Site:
    """Everything, in a folder that goes with it unless it is kept."""

    def __init__(self, program, nodes, workers):
        self.program = str(pathlib.Path(program).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoal-faults-cluster-"))
        self.folder.chmod(0o755)
        self.postgres = Postgres(self.folder / "postgres")
        self.gateway = Gateway()
        self.nodes = [Node(self, f"node{i + 1}") for i in range(nodes)]
        self.workers = [Worker(self, f"worker{i + 1}") for i in range(workers)]
        self.balancer = self.start_balancer()

    def start_balancer(self):
        home = self.folder / "nginx"
        home.mkdir()
        servers = " ".join(f"server {node.address}:{PORT} max_fails=1 fail_timeout=1s;"
                           for node in self.nodes)
        (home / "nginx.conf").write_text(NGINX.format(home=home, servers=servers, host=HOST,
                                                      port=PORT))
        return subprocess.Popen(["nginx", "-c", str(home / "nginx.conf"), "-e",
                                 str(home / "nginx.log")])

    def machines(self):
        return [*self.nodes, *self.workers]
