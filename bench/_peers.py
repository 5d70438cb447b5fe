"""nginx beside us: started on a free port with its own folder, stopped at the end."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import _support as support

CONFIG = """
worker_processes {workers}; daemon off; pid {home}/pid; error_log {home}/error.log;
worker_rlimit_nofile 30000;
events {{ worker_connections 20000; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  keepalive_requests 1000000000; keepalive_timeout 3600s;
  {cache}
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  types {{ video/mp4 mp4; }}
  server {{
    listen 127.0.0.1:{port}; root {root};
    add_header Cache-Control "public, max-age=31536000, immutable";
    add_header Access-Control-Allow-Origin "*";
    add_header X-Content-Type-Options "nosniff";
  }}
}}
"""


PROXY_CONFIG = """
worker_processes auto; daemon off; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  upstream store {{ server {store}; {keepalive} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://store; proxy_set_header Host {store}; {connection} }}
  }}
}}
"""


OPEN_FILE_CACHE = "open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;"


class Nginx:
    """Serves the folder `root`, with sendfile and tcp_nopush as Debian's package sets it up;
    `keeps_files` open between requests where told so. `pids` are its workers."""

    def __init__(self, root, workers=1, prefix=(), keeps_files=True):
        self.prepare(CONFIG, prefix, workers=workers, root=root,
                     cache=OPEN_FILE_CACHE if keeps_files else "")

    def prepare(self, text, prefix, **values):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="shoal-bench-nginx-"))
        self.home.chmod(0o755)
        self.port = support.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = self.home / "nginx.conf"
        config.write_text(text.format(home=self.home, port=self.port, **values))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.command = [*prefix, program, "-p", str(self.home), "-c", str(config)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                urllib.request.urlopen(self.url + "/", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.01)
        self.pids = children(self.process.pid)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)


class ProxyNginx(Nginx):
    """Passes requests to another server; with `keeps`, over connections that it keeps."""

    def __init__(self, endpoint, keeps=False):
        self.prepare(PROXY_CONFIG, (), store=endpoint.split("//")[1],
                     keepalive="keepalive 64;" if keeps else "",
                     connection="proxy_http_version 1.1; proxy_set_header Connection \"\";"
                     if keeps else "")


def children(pid):
    return [int(child) for child in
            pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def cpu_seconds(pids):
    return sum(support.children_cpu_seconds(pid)[0] for pid in pids)


def pinned(cpu):
    """A command prefix that keeps a process on one CPU, where there are two."""
    if (os.cpu_count() or 1) < 2 or not shutil.which("taskset"):
        return []
    return ["taskset", "-c", str(cpu)]
