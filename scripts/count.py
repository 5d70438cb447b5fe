#!/usr/bin/env python3
"""Adds up test reports (JUnit XML of ctest and node, JSON of vitest): prints `passed failed`.

Of each test that failed the name, and what it said around its first complaint, go to stderr.
"""

import json
import re
import sys
import xml.etree.ElementTree as xml


COMPLAINT = re.compile(r"Failure$|ERROR: |runtime error|WARNING: ThreadSanitizer|CHECK|not ok")
BEFORE, LINES = 10, 40


def complaint_of(case):
    """The lines of its output around the first that tells what is wrong; else its last ones."""
    told = [part.text or "" for part in case if part.tag in ("failure", "error", "system-out")]
    lines = "\n".join(told).strip().splitlines()
    at = next((n for n, line in enumerate(lines) if COMPLAINT.search(line)), len(lines) - LINES)
    first = max(0, at - BEFORE)
    return lines[first:first + LINES]


def count(path):
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        return report["numPassedTests"], report["numFailedTests"]
    passed = failed = 0
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"failed: {case.get('name')}", file=sys.stderr)
            for line in complaint_of(case):
                print(f"    {line}", file=sys.stderr)
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


if __name__ == "__main__":
    totals = [count(path) for path in sys.argv[1:]]
    print(sum(p for p, _ in totals), sum(f for _, f in totals))
