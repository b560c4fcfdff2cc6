"""Sums test results: "N passed, N failed, N skipped" over the JUnit files of a folder.

A GoogleTest program counts by its cases, any other ctest test counts one.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def count_cases(path):
    """(passed, failed, skipped) of one GoogleTest result file."""
    passed = failed = skipped = 0
    for case in xml.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None:
            failed += 1
        elif case.get("result") == "skipped" or case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def count_ctest(path, counted):
    """The same of one ctest result file, without the programs that `counted` holds."""
    passed = failed = skipped = 0
    for case in xml.parse(path).getroot().iter("testcase"):
        program = case.get("name").split(".")[-1] + "_tests"
        status = case.get("status")
        if program in counted and status == "run":
            continue
        if status == "fail":
            failed += 0 if counted.get(program) else 1
        elif status == "run":
            passed += 1
        else:
            skipped += 1
    return passed, failed, skipped


folder = pathlib.Path(sys.argv[1])
totals, failures = [], {}
for path in sorted(folder.glob("*.xml")):
    if not path.name.startswith("ctest-"):
        totals.append(count_cases(path))
        failures[path.stem] = totals[-1][1]
for path in sorted(folder.glob("ctest-*.xml")):
    totals.append(count_ctest(path, failures))
passed, failed, skipped = (sum(column) for column in zip(*totals)) if totals else (0, 0, 0)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0 or passed == 0)
