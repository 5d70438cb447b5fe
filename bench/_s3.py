"""S3 servers that are none of ours, each with its own folder and ports; gone with this process.

A server is a script of tests/support/s3_servers; the head of radosgw.sh says how it is spoken to.
"""
import os
import pathlib
import resource
import subprocess
import time

import _support as support

SCRIPTS = support.ROOT / "tests" / "support" / "s3_servers"
REGION = "us-east-1"


def children_seconds():
    """CPU seconds of the processes that this one started and has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class S3:
    """Has `endpoint`, `access_key` and `secret_key` inside its with block."""

    def __init__(self, script, *arguments):
        self.command = [str(SCRIPTS / script), *arguments]
        self.created = 0

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        words = self.process.stdout.readline().split()
        if not words or words[0] != "ready":
            raise SystemExit(f"{self.command[0]} did not start")
        _, self.endpoint, self.access_key, self.secret_key = words
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def pids(self):
        """Of the server, for its CPU seconds and its memory."""
        script = self.process.pid
        listed = pathlib.Path(f"/proc/{script}/task/{script}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def new_bucket(self):
        self.created += 1
        name = f"shoal-bench-{self.created}"
        # Whatever proxy the environment names is not for loopback.
        subprocess.run(["curl", "-sS", "--fail-with-body", "--noproxy", "*", "-X", "PUT",
                        "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD",
                        "--aws-sigv4", f"aws:amz:{REGION}:s3",
                        "--user", f"{self.access_key}:{self.secret_key}",
                        f"{self.endpoint}/{name}"], check=True)
        return name

    def settings(self, bucket):
        """The store `archive` of a configuration file."""
        return ("stores:\n  archive:\n    type: s3\n"
                f"    endpoint: {self.endpoint}\n    bucket: {bucket}\n"
                "    force_path_style: true\n    serve_public: proxy\n    serve_private: proxy\n"
                f"    credentials: {{access_key_id: {self.access_key}, "
                f"secret_access_key: {self.secret_key}}}\n")

    def rclone(self, *arguments, acl="private"):
        """Runs rclone, for which this server is `bench:`; returns (wall, CPU) seconds."""
        environment = {
            **os.environ, "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_BENCH_TYPE": "s3",
            "RCLONE_CONFIG_BENCH_PROVIDER": "Ceph", "RCLONE_CONFIG_BENCH_ACL": acl,
            "RCLONE_CONFIG_BENCH_ENDPOINT": self.endpoint,
            "RCLONE_CONFIG_BENCH_ACCESS_KEY_ID": self.access_key,
            "RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY": self.secret_key}
        environment.pop("AWS_CA_BUNDLE", None)
        before, started = children_seconds(), time.monotonic()
        subprocess.run(["rclone", *arguments], env=environment, check=True)
        return time.monotonic() - started, children_seconds() - before

    def stop(self):
        """Connections break and new ones are refused, until start(). The objects stay."""
        self.tell("down")

    def start(self):
        self.tell("up")

    def hang(self):
        """Connections are accepted and nothing is answered, until resume()."""
        self.tell("hang")

    def resume(self):
        self.tell("resume")

    def tell(self, word):
        print(word, file=self.process.stdin)
        if self.process.stdout.readline() != "ok\n":
            raise SystemExit(f"{self.command[0]} could not do: {word}")


class Radosgw(S3):
    """Ceph's gateway before an OSD that holds `memstore_bytes` in memory."""

    def __init__(self, memstore_bytes=4 << 30, threads=32):
        super().__init__("radosgw.sh", "--bytes", str(memstore_bytes), "--threads", str(threads))
