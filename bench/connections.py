"""Resident memory of the whole process with 10,000 idle keep-alive connections, beside nginx.

Each connection has had one answer before it idles. --count N opens another number.
"""
import resource
import select
import socket
import sys
import tempfile

import _peers as peers
import _support as support

# A server may limit the connections of one client address: loopback has many.
PER_ADDRESS = 500


def open_connections(port, path, count):
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    opened = []
    for index in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.1.{1 + index // PER_ADDRESS}", 0))
        connection.connect(("127.0.0.1", port))
        connection.sendall(request)
        opened.append(connection)
        # In step with the server, so that its queue of new connections never overflows.
        if index % 100 == 99:
            receive(opened[-100:])
    receive(opened[count - count % 100:])
    return opened


def receive(connections):
    for connection in connections:
        connection.settimeout(30)
        if not connection.recv(65536).startswith(b"HTTP/1.1 "):
            raise SystemExit("a connection was not answered")


def still_open(connections):
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN | select.POLLHUP)
    return len(connections) - len(poll.poll(0))


def measure(port, path, count, pids):
    """Megabytes before, and with, `count` connections."""
    before = sum(support.resident_bytes(pid) for pid in pids)
    connections = open_connections(port, path, count)
    alive = still_open(connections)
    if alive < count:
        raise SystemExit(f"only {alive} of {count} connections stayed open")
    after = sum(support.resident_bytes(pid) for pid in pids)
    for connection in connections:
        connection.close()
    return before / 1e6, after / 1e6


def main():
    count = int(sys.argv[sys.argv.index("--count") + 1]) if "--count" in sys.argv else 10_000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < count + 1000:
        raise SystemExit(f"{count} connections need more than {hard} open files (ulimit -Hn)")
    figures = support.Figures()
    with support.Shoal() as shoal:
        ours = measure(shoal.port, "/api/v1/ping", count, [shoal.process.pid])
    with tempfile.TemporaryDirectory(prefix="shoal-bench-root-") as root, \
            peers.Nginx(root) as nginx:
        theirs = measure(nginx.port, "/", count, nginx.pids)
    figures.add(f"resident with {count} idle connections", "MB", round(ours[1], 1),
                round(theirs[1], 1))
    figures.add("per connection", "KB", round((ours[1] - ours[0]) * 1000 / count, 2),
                round((theirs[1] - theirs[0]) * 1000 / count, 2))
    figures.print()


if __name__ == "__main__":
    sys.exit(main())
