#!/usr/bin/python3 -B
"""An S3 server that is none of ours: OpenStack Swift behind its s3api, one replica of everything.

    swift_s3api.py

It is spoken to as radosgw.sh is, whose head says how; the gateway is Swift's proxy here. Its four
servers are forks of this process, each with the code that Swift's own programs run.

Debian package: python3-swift, whose modules only Debian's interpreter has.
"""
import ctypes
import os
import pathlib
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback

# Resolving names is not needed here, and costs half of the start.
os.environ["EVENTLET_NO_GREENDNS"] = "yes"
import eventlet
from swift.common import utils
# Before the rest is imported and before there are children: it looks at every object there is.
utils.eventlet_monkey_patch()
from swift.common import wsgi
from swift.common.ring import RingBuilder

# This process has no event loop, and its children should not find one.
blocking_socket = eventlet.patcher.original("socket")

STORES = ["account", "container", "object"]

SHARED = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
log_level = WARNING
fallocate_reserve = 0
"""

STORE = SHARED + """
[pipeline:main]
pipeline = {role}-server

[app:{role}-server]
use = egg:swift#{role}
replication_server = false
"""

# What else Swift cannot do without, its proxy puts in by itself.
PROXY = SHARED + """
[pipeline:main]
pipeline = cache s3api tempauth slo proxy-server

[filter:cache]
paste.filter_factory = swift_s3api:make_forgetful

[filter:s3api]
use = egg:swift#s3api

[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin

[filter:slo]
use = egg:swift#slo

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


class Forgetful:
    """What Swift wants a memcached for, without one: every look is a fresh one."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environment, start_response):
        environment["swift.cache"] = self
        return self.app(environment, start_response)

    def get(self, *_, **__):
        return None

    def set(self, *_, **__):
        pass

    def delete(self, *_, **__):
        pass


def make_forgetful(*_, **__):
    return Forgetful


def make_folder():
    """Objects carry their metadata as extended attributes, which not every /tmp has."""
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="shoal-swift-", dir=parent))
        try:
            os.setxattr(folder, "user.swift.check", b"1")
            return folder
        except OSError:
            folder.rmdir()
    sys.exit("swift_s3api.py: no temporary folder has extended attributes: set TMPDIR to one")


def reserve_port():
    """A port that is ours for as long as the socket lives. It is bound and does not listen: as long
    as no server of ours listens beside it, who connects is refused."""
    reserved = blocking_socket.socket()
    reserved.setsockopt(blocking_socket.SOL_SOCKET, blocking_socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def build_ring(folder, role, port):
    """One device, two partitions, one copy."""
    (folder / "devices" / role).mkdir(parents=True)
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": port,
                     "replication_ip": "127.0.0.1", "replication_port": port, "device": role})
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{role}.ring.gz"))


def serve(folder, role, port):
    """The rest of a child's life."""
    conf = utils.readconf(str(folder / f"{role}.conf"), f"app:{role}-server")
    listening = eventlet.listen(("127.0.0.1", port), backlog=1024, reuse_port=True)
    wsgi.run_server(conf, utils.get_logger(conf, role), listening)


class Swift:
    def __init__(self):
        self.folder = make_folder()
        self.account, self.user, self.secret = "shoal", secrets.token_hex(8), secrets.token_hex(20)
        self.reserved = {role: reserve_port() for role in [*STORES, "proxy"]}
        self.ports = {role: each.getsockname()[1] for role, each in self.reserved.items()}
        self.children = {}

    def configure(self):
        # The tail of every hash of a name; Swift does not start without one.
        (self.folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = shoal\n")
        utils.set_swift_dir(str(self.folder))
        for role in STORES:
            build_ring(self.folder, role, self.ports[role])
        for role, port in self.ports.items():
            text = (PROXY if role == "proxy" else STORE).format(role=role, port=port, **vars(self))
            (self.folder / f"{role}.conf").write_text(text)

    def start(self, role):
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            try:
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
                for caught in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    signal.signal(caught, signal.SIG_DFL)
                log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                null = os.open(os.devnull, os.O_RDONLY)
                for target, source in ((0, null), (1, log), (2, log)):
                    os.dup2(source, target)
                if os.getppid() == parent:
                    serve(self.folder, role, self.ports[role])
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        self.children[role] = child

    def wait_for(self, role):
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            if os.waitpid(self.children[role], os.WNOHANG) != (0, 0):
                del self.children[role]
                break
            try:
                address = ("127.0.0.1", self.ports[role])
                blocking_socket.create_connection(address, timeout=5).close()
                return
            except OSError:
                time.sleep(0.02)
        log = (self.folder / "log").read_text()
        raise SystemExit(f"swift_s3api.py: {role} does not start:\n{log}")

    def kill(self, role):
        child = self.children.pop(role)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    def tell(self):
        (self.folder / "server").write_text(
            f"endpoint=http://127.0.0.1:{self.ports['proxy']}\n"
            f"access_key={self.account}:{self.user}\nsecret_key={self.secret}\n"
            f"processes={os.getpid()} {' '.join(map(str, self.children.values()))}\n")

    def obey(self, word):
        if word == "hang":
            os.kill(self.children["proxy"], signal.SIGSTOP)
        elif word == "resume":
            os.kill(self.children["proxy"], signal.SIGCONT)
        elif word == "down":
            self.kill("proxy")
        elif word == "up":
            self.start("proxy")
            self.wait_for("proxy")
        else:
            raise SystemExit(f"swift_s3api.py: does not know the word '{word}'")
        self.tell()
        print("ok", flush=True)

    def run(self):
        try:
            os.chdir(self.folder)
            self.configure()
            for role in self.ports:
                self.start(role)
            for role in self.ports:
                self.wait_for(role)
            self.tell()
            print(f"ready http://127.0.0.1:{self.ports['proxy']} {self.account}:{self.user} "
                  f"{self.secret}", flush=True)
            for line in sys.stdin:
                self.obey(line.strip())
        finally:
            for role in list(self.children):
                self.kill(role)
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    for caught in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(caught, lambda *_: sys.exit(143))
    # Into the log of the folder instead of the machine's.
    utils.ThreadSafeSysLogHandler = lambda **_: utils.logging.StreamHandler()
    # Its configuration names a filter of this file.
    sys.modules["swift_s3api"] = sys.modules["__main__"]
    Swift().run()


if __name__ == "__main__":
    main()
