"""The queue of jobs on PostgreSQL, which syncs each commit, with 100,000 jobs that wait and a
million in the history.

  cycles   enqueue, lease and complete, three transactions for each job and nothing in batches,
           beside pgbench with the same three steps written as one statement each, with as many
           connections, on the same tables in the same run, in turn. `20 at a time`: ours in
           transactions of 20 jobs

No job may be leased twice or be lost; the counts of the tables are compared afterwards.

--figure NAME measures only one; --rounds N, --seconds N and --clients N make it longer or larger.
"""
import json
import re
import statistics
import subprocess
import sys
import tempfile

import _postgres as postgres
import _support as support

DRIVER = support.ROOT / "build" / "release" / "bench" / "shoal_jobs_bench"
WAITING, HISTORY = 100_000, 1_000_000

# What src/jobs/queue.cpp does for a job without dependencies, as little as it can be.
STEPS = r"""
insert into job (kind, payload, priority, state, run_after, max_attempts, created_at)
  values ('bench', '{}', 100, 1, (extract(epoch from clock_timestamp()) * 1000)::bigint, 5,
  (extract(epoch from clock_timestamp()) * 1000)::bigint);
update job set state = 2, worker = 'pgbench', fence = fence + 1, attempt = attempt + 1,
  lease_expires_at = (extract(epoch from clock_timestamp()) * 1000)::bigint + 30000,
  started_at = coalesce(started_at, (extract(epoch from clock_timestamp()) * 1000)::bigint)
  where id = (select id from job where state = 1
  and run_after <= (extract(epoch from clock_timestamp()) * 1000)::bigint and kind in ('bench')
  order by priority, turn, id limit 1 for update skip locked) returning id, fence \gset
with gone as (delete from job where id = :id and state = 2 and fence = :fence returning *)
  insert into job_history (id, kind, video_id, payload, priority, outcome, attempt, created_at,
  started_at, finished_at) select id, kind, video_id, payload, priority, 1, attempt, created_at,
  started_at, (extract(epoch from clock_timestamp()) * 1000)::bigint from gone;
"""

FILL = f"""
insert into job (kind, payload, priority, state, run_after, max_attempts, created_at)
  select 'bench', '{{}}', 100, 1, n, 5, n from generate_series(1, {WAITING}) n;
insert into job_history (id, kind, payload, priority, outcome, attempt, created_at, started_at,
  finished_at) select -n, 'bench', '{{}}', 100, 1, 1, n, n, n from generate_series(1, {HISTORY}) n;
"""


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def build_driver():
    subprocess.run(["cmake", "--build", str(support.ROOT / "build" / "release"), "--target",
                    "shoal_jobs_bench"], check=True, stdout=subprocess.DEVNULL)


def drive(server, clients, seconds, batch):
    """Cycles a second of ours, and how many there were."""
    done = json.loads(subprocess.run(
        [str(DRIVER), server.url, str(clients), str(seconds), str(batch)], check=True,
        stdout=subprocess.PIPE, text=True).stdout)
    if done["doubled"] or done["lost"]:
        raise SystemExit(f"jobs were leased twice or lost: {done}")
    return done["cycles"] / done["seconds"], done["cycles"]


def pgbench(server, clients, seconds, script):
    """The same of pgbench."""
    out = subprocess.run(
        [str(server.program("pgbench")), "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
         "-T", str(seconds), "-f", script, server.url], check=True, stdout=subprocess.PIPE,
        text=True).stdout
    cycles = int(re.search(r"transactions actually processed: (\d+)", out).group(1))
    return float(re.search(r"tps = ([\d.]+)", out).group(1)), cycles


def check(server, cycles):
    waiting, others, history = [int(count) for count in server.query(
        "select (select count(*) from job where state = 1), (select count(*) from job where "
        "state <> 1), (select count(*) from job_history)").split("|")]
    if (waiting, others, history) != (WAITING, 0, HISTORY + cycles):
        raise SystemExit(f"{waiting} jobs wait, {others} do not, {history} are in the history, "
                         f"after {cycles} cycles")


def measure_cycles(figures, rounds):
    clients, seconds = option("--clients", 8), option("--seconds", 8)
    with postgres.Server() as server, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(STEPS)
        script.flush()
        subprocess.run([str(DRIVER), server.url, "1", "0", "1"], check=True)
        server.query(FILL)
        server.query("vacuum analyze")
        ours, peer, batched, cycles = [], [], [], 0
        for _ in range(rounds):
            for rates, measured in ((ours, drive(server, clients, seconds, 1)),
                                    (peer, pgbench(server, clients, seconds, script.name)),
                                    (batched, drive(server, clients, seconds, 20))):
                rates.append(measured[0])
                cycles += measured[1]
        check(server, cycles)
    figures.add(f"cycles of jobs, {clients} connections", "1/s",
                round(statistics.median(ours), 1), round(statistics.median(peer), 1),
                "peer is pgbench with three statements")
    figures.add(f"cycles of jobs, {clients} connections, 20 at a time", "1/s",
                round(statistics.median(batched), 1))


FIGURES = {"cycles": measure_cycles}


def main():
    wanted, rounds = option("--figure", ""), option("--rounds", 3)
    build_driver()
    figures = support.Figures()
    for name, measure in FIGURES.items():
        if wanted in ("", name):
            measure(figures, rounds)
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
