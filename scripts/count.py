#!/usr/bin/env python3
"""Adds up test reports (JUnit XML of ctest and node, JSON of vitest): prints `passed failed`."""

import json
import sys
import xml.etree.ElementTree as xml


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
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


if __name__ == "__main__":
    totals = [count(path) for path in sys.argv[1:]]
    print(sum(p for p, _ in totals), sum(f for _, f in totals))
