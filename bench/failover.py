"""Two nodes around one PostgreSQL, of which one has every lease and is killed.

  seconds   from `kill -9` to the other's row saying that it has the duties; at most 10. No peer:
            PeerTube's schedulers have one home, which stays dead.

Each round kills the holder at another time within its lease, and starts it again. --rounds N.
"""
import statistics
import sys
import time

import _postgres as postgres
import _support as support

MOST = 10.0
HOMES = ("RENDITIONS", "ORIGINALS", "CAPTIONS", "THUMBNAILS", "STORYBOARDS", "EXPORTS", "RUNNING",
         "UPLOADS")


def option(name, default):
    return type(default)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def environment(server, name):
    # All that they keep would lie in a bucket, which they start without.
    settings = {"DATABASE__ENGINE": "postgresql", "DATABASE__HOSTNAME": str(server.folder),
                "DATABASE__USERNAME": "postgres", "DATABASE__NAME": "bench",
                "CLUSTER__NODE__NAME": name, "STORES__BUCKET__TYPE": "s3",
                "STORES__BUCKET__ENDPOINT": "http://127.0.0.1:9",
                "STORES__BUCKET__BUCKET": "media"}
    settings |= {f"HOMES__{kind}": "bucket" for kind in HOMES}
    return {f"SHOAL__{key}": value for key, value in settings.items()}


def holder(server):
    """The name of the node that has the duties, by the database's clock, or ""."""
    return server.query(
        "select node.name from lease join node on node.id = lease.owner where lease.name = 'duties'"
        " and lease.expires_at > extract(epoch from clock_timestamp()) * 1000")


def wait_for(what, condition, limit=60.0):
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > limit:
            raise SystemExit(f"{what}: not within {limit:.0f} s")
        time.sleep(0.02)
    return time.monotonic() - started


def main():
    rounds = option("--rounds", 5)
    took = []
    with postgres.Server() as server:
        nodes = {name: support.Shoal(environment=environment(server, name))
                 for name in ("one", "two")}
        with nodes["one"], nodes["two"]:
            for i in range(rounds):
                wait_for("the duties have a holder", lambda: holder(server))
                # Anywhere between two renewals.
                time.sleep(2.0 * i / rounds)
                killed = holder(server)
                other = "two" if killed == "one" else "one"
                nodes[killed].process.kill()
                nodes[killed].process.wait()
                took.append(wait_for("the duties pass on",
                                     lambda name=other: holder(server) == name))
                nodes[killed].restart()
    figures = support.Figures()
    figures.add("seconds", "s", round(max(took), 2), None, f"longest of {rounds}; at most {MOST}")
    figures.add("seconds, median", "s", round(statistics.median(took), 2))
    figures.print()
    return 0 if max(took) <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
