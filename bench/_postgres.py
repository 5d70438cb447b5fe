"""A PostgreSQL of a benchmark's own, as Debian's package makes it: it syncs what it commits."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time


class Server:
    """`url` is its database "bench", over a Unix socket."""

    def __init__(self):
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoal-bench-pg-"))
        self.url = f"postgresql://postgres@/bench?host={self.folder}"
        # PostgreSQL does not run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)

    def program(self, name):
        return self.programs / name

    def run(self, *command):
        subprocess.run([str(self.program(command[0])), *command[1:]], check=True, user=self.user,
                       cwd=self.folder, stdout=subprocess.DEVNULL)

    def __enter__(self):
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8")
        self.process = subprocess.Popen(
            [str(self.program("postgres")), "-D", data, "-k", str(self.folder),
             "-c", "listen_addresses="], user=self.user, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            if not subprocess.run([str(self.program("pg_isready")), "-h", str(self.folder)],
                                  stdout=subprocess.DEVNULL, check=False).returncode:
                break
            time.sleep(0.05)
        self.run("createdb", "-h", str(self.folder), "-U", "postgres", "bench")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, sql):
        """What psql prints of it, unaligned."""
        return subprocess.run(
            [str(self.program("psql")), self.url, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql],
            check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
