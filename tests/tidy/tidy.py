#!/usr/bin/env python3
"""The rules of this code base that no compiler knows: `tidy.py` checks them all on what git tracks.

Each rule is a function from the tree (path -> text) to a list of problems `path:line: what`.
tidy_test.py shows each of them a sample that breaks it.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_LINES = 500
MAX_COLUMNS = 100
CPP = (".cpp", ".h")
SOURCE = CPP + (".ts", ".svelte", ".py", ".sh", ".css", ".js", ".mjs")
# Text that is data: no rule about style applies to it.
GENERATED = re.compile(
    r"(^|/)(package-lock\.json|LICENSE)$|^docs/reference/|^docs/api/|^tests/fuzz/corpus/"
    r"|(^|/)(generated|fixtures|recordings|testdata)/"
)
# Third-party headers that cost seconds in every file that sees them, and the room that may.
HEAVY = [
    (re.compile(r"boost/beast(/|\.hpp)"), re.compile(r"^src/net/.*\.cpp$")),
    (re.compile(r"boost/asio/experimental/"), re.compile(r"^src/net/.*\.cpp$")),
    (re.compile(r"soci/"), re.compile(r"^src/db/.*\.cpp$")),
]
FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), SOURCE,
     "unfinished work: finish it or file an issue"),
    (re.compile(r"\basio::detached\b|\bboost::asio::detached\b"), CPP,
     "asio::detached swallows exceptions: spawn through TaskGroup"),
    (re.compile(r"\bthis_thread::sleep_(for|until)\b|\b(u|nano)?sleep\s*\("), CPP,
     "a blocking sleep hides a race: wait for the event, or use Clock"),
    (re.compile(r"\bGTEST_SKIP\b|\btest\.skip\b|\bSUCCEED\s*\("), SOURCE,
     "a test that does not test"),
    (re.compile(r"\bstd::(cout|cerr|endl)\b"), CPP, "use base/log.h, or fmt::print in a command"),
]
# Where a blocking sleep is right: waiting for a real server or kernel to get ready, bounded; and
# the random pause of a database thread before two transactions that met are run again.
SLEEP_ALLOWED = re.compile(r"^tests/(support|e2e|load|conformance)/|^bench/|^src/db/database\.cpp$")
PRINT_ALLOWED = re.compile(r"^(tests|bench)/|_test\.cpp$")
HOST_OR_PATH = re.compile(
    r"(^|[^A-Za-z0-9_.])/(work|farm|home/[a-z]+|root)/"
    r"|registry\.npmjs|registry\.yarnpkg|deb\.debian\.org|security\.debian\.org|nodesource\.com"
)
RAW_STRING = re.compile(r'R"([^(\s]*)\(.*?\)\1"', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def load_table(text):
    table = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, rooms = line.partition(":")
            table[room.strip()] = rooms.split()
    return table


def includes(text):
    """Yields (line number, quote character, path)."""
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


def room_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def check_table(tree, table):
    """The table names every room, knows every name it uses, and has no cycle."""
    problems = []
    for room in sorted({room_of(p) for p in tree if p.endswith(CPP)} - {None}):
        if room not in table:
            problems.append(f"src/{room}: a room that tests/tidy/dependencies.txt does not list")
    order = list(table)
    for room, uses in table.items():
        for used in uses:
            if used not in table:
                problems.append(f"tests/tidy/dependencies.txt: {room} uses an unknown room {used}")
            elif order.index(used) >= order.index(room):
                problems.append(f"tests/tidy/dependencies.txt: {room} uses {used}, listed later: "
                                "a cycle")
    return problems


def check_direction(tree, table):
    """A room includes only itself and the rooms the table allows; the program never tests' code."""
    problems = []
    for path, text in tree.items():
        room = room_of(path)
        if room is None or not path.endswith(CPP):
            continue
        allowed = {room, *table.get(room, [])}
        if path.endswith(("_test.cpp", "_test.h", "_bench.cpp", "_fuzz.cpp")):
            allowed.add("tests")
        for number, quote, target in includes(text):
            if quote != '"':
                continue
            used = target.split("/")[0]
            if used == "..":
                problems.append(f"{path}:{number}: include {target} by its path from src/")
            elif used not in allowed:
                problems.append(f"{path}:{number}: {room} may not include {target} "
                                "(tests/tidy/dependencies.txt)")
    return problems


def check_module_deps(tree, table):
    """What shoal_module links is what the table allows."""
    problems = []
    for path, text in tree.items():
        room = room_of(path)
        if room is None or not path.endswith("CMakeLists.txt"):
            continue
        text = re.sub(r"#[^\n]*", "", text)
        for deps in re.findall(r"\bDEPS\s+([a-z0-9_\s]+)", text):
            for used in deps.split():
                # A room may be several libraries: app_config is a part of app.
                if used.split("_")[0] not in {room, *table.get(room, [])}:
                    problems.append(f"{path}:1: {room} may not link {used}")
    return problems


def check_include_cycles(tree, _table):
    """No header reaches itself."""
    graph = {}
    for path, text in tree.items():
        if path.startswith("src/") and path.endswith(".h"):
            graph[path] = ["src/" + t for _, q, t in includes(text) if q == '"']
    problems, state = [], {}

    def visit(path, trail):
        if state.get(path) == "done" or path not in graph:
            return
        if path in trail:
            cycle = " -> ".join(trail[trail.index(path):] + [path])
            problems.append(f"{path}:1: include cycle {cycle}")
            return
        for target in graph[path]:
            visit(target, trail + [path])
        state[path] = "done"

    for path in sorted(graph):
        visit(path, [])
    return problems


def check_heavy_headers(tree, _table):
    """Beast, experimental Asio and SOCI stay in the files of the one room that wraps them."""
    problems = []
    for path, text in tree.items():
        if not path.startswith(("src/", "tests/")) or not path.endswith(CPP):
            continue
        for number, _, target in includes(text):
            for header, home in HEAVY:
                if header.match(target) and not home.match(path):
                    problems.append(f"{path}:{number}: {target} belongs in {home.pattern} only")
    return problems


def check_pragma_once(tree, _table):
    return [f"{p}:1: a header needs #pragma once" for p, t in tree.items()
            if p.startswith(("src/", "tests/")) and p.endswith(".h")
            and not re.search(r"^#pragma once$", t, re.M)]


def check_size(tree, _table):
    problems = []
    for path, text in tree.items():
        if not path.endswith(SOURCE) or GENERATED.search(path):
            continue
        count = text.count("\n")
        if count > MAX_LINES:
            problems.append(f"{path}:{count}: {count} lines, at most {MAX_LINES}: split it")
    return problems


def check_columns(tree, _table):
    """Code only; a raw string (SQL, a test's sample) may be wider, as clang-format leaves it."""
    problems = []
    for path, text in tree.items():
        if not path.endswith(CPP + (".py", ".sh")) or GENERATED.search(path):
            continue
        text = RAW_STRING.sub(lambda raw: "\n" * raw.group(0).count("\n"), text)
        for number, line in enumerate(text.splitlines(), 1):
            unbreakable = re.search(r"https?://\S{40,}", line) or INCLUDE.match(line)
            if len(line) > MAX_COLUMNS and not unbreakable:
                problems.append(f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
    return problems


def check_words(tree, _table):
    problems = []
    for path, text in tree.items():
        if GENERATED.search(path) or path.startswith("tests/tidy/"):
            continue
        for pattern, suffixes, why in FORBIDDEN:
            if not path.endswith(suffixes):
                continue
            if "sleep" in pattern.pattern and SLEEP_ALLOWED.match(path):
                continue
            if "cout" in pattern.pattern and PRINT_ALLOWED.search(path):
                continue
            for number, line in enumerate(text.splitlines(), 1):
                found = pattern.search(line)
                if found:
                    problems.append(f"{path}:{number}: {found.group(0).strip()}: {why}")
    return problems


def check_machine_paths(tree, _table):
    problems = []
    for path, text in tree.items():
        if path.startswith("tests/tidy/"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            found = HOST_OR_PATH.search(line)
            if found:
                problems.append(f"{path}:{number}: names a path or host of one machine: "
                                f"{found.group(0).strip()}")
    return problems


def check_decisions(tree, _table):
    """Each decision has a number of its own, and its title says it."""
    problems, taken = [], {}
    for path, text in sorted(tree.items()):
        found = re.match(r"docs/decisions/([^-/]*)-[^/]*\.md$", path)
        if not found:
            continue
        number = found.group(1)
        if number in taken:
            problems.append(f"{path}: {number} is the number of {taken[number]}")
        taken.setdefault(number, path)
        if not text.startswith(f"# {number}: "):
            problems.append(f"{path}:1: the title does not begin with '# {number}: '")
    return problems


def check_tests_are_built(tree, _table):
    """A test or source that no CMakeLists.txt names is never compiled."""
    problems = []
    lists = {str(pathlib.PurePosixPath(p).parent): t for p, t in tree.items()
             if p.endswith("CMakeLists.txt")}
    for path in tree:
        if not path.startswith(("src/", "tests/")) or not path.endswith(".cpp"):
            continue
        folder = pathlib.PurePosixPath(path).parent
        for parent in [folder, *folder.parents]:
            if str(parent) in lists:
                relative = str(pathlib.PurePosixPath(path).relative_to(parent))
                stem = relative.removesuffix(".cpp")
                text = lists[str(parent)]
                if not re.search(rf"(?<![\w/.-]){re.escape(stem)}(\.cpp)?(?![\w.-])", text) \
                        and "GLOB" not in text:
                    problems.append(f"{path}:1: no CMakeLists.txt names it")
                break
        else:
            problems.append(f"{path}:1: no CMakeLists.txt above it")
    return problems


COROUTINE = re.compile(r"^[ \t]*(?:static |virtual |friend |inline |\[\[nodiscard\]\] )*"
                       r"(?:[\w]+::)*(?:Task|awaitable)<[^;={}()]*>[ \t\n]+"
                       r"(?:[\w]+::)*(\w+)\(([^;{}]*?)\)\s*(?:const\s*)?(?:override\s*)?"
                       r"(?:=\s*0\s*)?[;{]", re.M)

LASTING = re.compile(r"const\s(std::(string|function|filesystem::path)|\w*::Path)\b[\w:<>, *]*&"
                     r"|\w[\w:<>, ]*&&")


def check_coroutine_parameters(tree, _table):
    """A coroutine outlives the full expression of its call: a reference that binds to a temporary
    text or function is gone at its first co_await. clang-tidy's check refuses every reference,
    also to the services and requests that the awaiting caller owns, so it is off."""
    problems = []
    for path, text in tree.items():
        if not path.startswith("src/") or not path.endswith(CPP):
            continue
        for found in COROUTINE.finditer(text):
            bad = LASTING.search(found.group(2))
            if bad:
                line = text.count("\n", 0, found.start(1)) + 1
                problems.append(f"{path}:{line}: coroutine {found.group(1)} takes "
                                f"{bad.group(0).strip()}: take it by value")
    return problems


# Keys that came before what reads them. Each leaves with its first reader.
CONFIG_AHEAD = set()


def check_config_is_read(tree, _table):
    """A key that nothing reads is a promise nobody keeps."""
    problems = []
    schema = "src/app/config/schema.cpp"
    readers = "\n".join(text for path, text in tree.items() if path.startswith("src/app/")
                        and (path.endswith("/load.cpp") or not path.startswith("src/app/config/")))
    for found in re.finditer(r"\.add\(\s*\"([\w.]+)\",\s*[\w.]*?\.?(\w+),", tree.get(schema, "")):
        key, member = found.groups()
        is_read = re.search(rf"[.>]{member}\b", readers)
        if not is_read and key not in CONFIG_AHEAD:
            problems.append(f"{schema}:1: nothing in src/app reads {key} ({member})")
        if is_read and key in CONFIG_AHEAD:
            problems.append(f"tests/tidy/tidy.py:1: {key} is read: take it out of CONFIG_AHEAD")
    return problems


CHECKS = [check_table, check_direction, check_module_deps, check_include_cycles,
          check_heavy_headers, check_coroutine_parameters, check_pragma_once, check_size,
          check_columns, check_words, check_machine_paths, check_tests_are_built,
          check_config_is_read, check_decisions]


def tracked_tree(root):
    """path -> text of every tracked (or new, not ignored) text file."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True).stdout.decode().split("\0")
    tree = {}
    for name in filter(None, names):
        path = root / name
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            tree[name] = content.decode("utf-8", "replace")
    return tree


def main():
    table = load_table((ROOT / "tests/tidy/dependencies.txt").read_text())
    tree = tracked_tree(ROOT)
    problems = [problem for check in CHECKS for problem in check(tree, table)]
    for problem in problems:
        print(problem)
    print(f"tidy: {len(tree)} files, {len(CHECKS)} rules, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
