"""kill -9 through batches of moves, local -> bucket -> local -> …, until enough kills are done.

Half of the kills come at a request to the store (before it, in the middle of its body, after its
effect), half some milliseconds after the program works again. After each kill every file must have
a verified placement whose object is there; some times, and in the end, all bytes are compared.
"""

import random
import time

from kill_schedule import Gone
from storage_box import Box
from storage_checks import Checker, Records, sha256

FILES = 40
LARGEST = 12 << 20
READ_ALL_EVERY = 40
WORKING = 20.0   # seconds that the program gets to come to a kill
ORIGINAL = 1     # FileKind
BATCH_DONE = 4


class KillBatch:
    def __init__(self, program, gateway, seed, kills):
        self.seed, self.wanted = seed, kills
        self.random = random.Random(seed)
        self.box = Box(program, gateway, seed)
        self.records = Records()
        self.violations = []
        self.checker = Checker(self.box, self.records, self.violated)
        self.done = []
        self.batches = 0

    def violated(self, what):
        self.violations.append(what)
        print(f"kill {self.box.kills} of seed {self.seed}: VIOLATED: {what}", flush=True)

    def prepare(self):
        """Rows and objects as an upload would have left them, without its work."""
        self.box.start()
        self.box.wait_until("the bucket is found", lambda: bool(
            self.box.rows("select 1 from store where name = 'archive'")), 20)
        self.box.kill()
        files, placements = [], []
        for number in range(1, FILES + 1):
            contents = self.random.randbytes(self.random.randint(1 << 20, LARGEST))
            key = f"originals/{number:02}/bulk-{number}.mp4"
            path = self.box.media / key
            path.parent.mkdir(parents=True)
            path.write_bytes(contents)
            self.records.sums[number] = sha256(contents)
            files.append((number, ORIGINAL, f"bulk-{number}.mp4", len(contents),
                          self.records.sums[number]))
            placements.append((number, key))
        self.records.bulk = set(self.records.sums)
        self.box.write("insert into media_file (id, kind, name, content_type, size, sha256, "
                       "created_at) values (?, ?, ?, 'video/mp4', ?, ?, 0)", files)
        self.box.write("insert into placement (file_id, store, object_key, state, verified_at, "
                       "created_at) values (?, 'local', ?, 2, 0, 0)", placements)

    def begin_batch(self):
        """In the direction in which most files can move; with the old copies out of the way, as
        after their hour in the trash."""
        in_local, = self.box.rows("select count(*) from placement where store = 'local'")[0]
        stores = ("local", "archive") if in_local * 2 >= FILES else ("archive", "local")
        self.batches += 1
        self.box.move(*stores, "--parallel", str(self.random.choice([1, 2, 4, 8])))

    def newest(self):
        rows = self.box.rows("select id, state from move_batch order by id desc limit 1")
        return rows[0] if rows else (None, BATCH_DONE)

    def keep_busy(self):
        """There is a batch that runs; one that ended has moved all of its files."""
        if self.newest()[1] == BATCH_DONE:
            self.check_nothing_failed()
            self.begin_batch()

    def check_nothing_failed(self):
        for file, error in self.box.rows("select file_id, error from move_item where state = 5"):
            self.violated(f"file {file} was given up: {error}")

    def kill_once(self):
        self.box.ensure()
        self.box.let_time_pass()
        if self.random.random() < 0.5:
            self.box.kill_at_request(self.random.randint(1, 24),
                                     self.random.choice(["before", "during", "after"]))
        else:
            self.box.kill_after(self.random.uniform(0.005, 0.4))
        deadline = time.monotonic() + WORKING
        while not self.box.wait_for_death(0.05):
            self.keep_busy()
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing moves: {self.box.jobs()}; {self.box.tail()}")

    def end_batch(self):
        """Nobody kills any more: the batch ends by itself."""
        self.box.s3.arm(None)
        self.box.ensure()

        def is_over():
            self.box.let_time_pass()
            return self.newest()[1] == BATCH_DONE and not self.box.rows(
                "select 1 from job where kind = 'move-file' limit 1")
        self.box.wait_until("the last batch ends", is_over, 120)
        self.check_nothing_failed()

    def run(self):
        try:
            self.prepare()
            while self.box.kills < self.wanted and not self.violations:
                try:
                    self.keep_busy()
                    self.kill_once()
                except Gone:
                    # A command that met a lock of the dying program: asked again after the kill.
                    self.box.wait_for_death(1)
                self.checker.check_placements(self.box.kills % READ_ALL_EVERY == 0)
                self.checker.check_orphans()
            self.end_batch()
            self.checker.check_all()
            self.checker.check_after_trash()
        except (RuntimeError, Gone, OSError) as error:
            self.violated(f"{type(error).__name__}: {error}; {self.box.tail()}")
        finally:
            self.box.end()
        return not self.violations

    def summary(self):
        return (f"{self.box.kills} kills in {self.batches} batches of {FILES} files, "
                f"{self.box.s3.requests} requests, {len(self.violations)} violations")
