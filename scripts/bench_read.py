#!/usr/bin/env python3
"""Times reading a large table beside pandas, in turns: whole processes, their best time and peak memory.

scripts/bench_read.py [ROWS] [ROUNDS]     1,000,000 rows of 20 numbers and a class, 3 rounds
`maas train --dry-run` reads, guesses, splits, encodes and runs one batch; pandas.read_csv parses alone.
pandas must be installed for the python that runs this (build/venv has none by default: it is skipped aloud).
"""
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

MAAS = pathlib.Path(__file__).parent.parent / "build" / "maas"
COLUMNS = 20
CONFIG = """name: size
data: {type: csv, train: t.csv, label: y, test_fraction: 0.2, validation: 0.1}
model: {type: mlp, hidden: [64]}
train: {epochs: 1}
"""


def write_table(path, rows):
    drawn = random.Random(0)
    lines = []
    for _ in range(100_000):
        values = [drawn.gauss(0, 1) for _ in range(COLUMNS)]
        lines.append(",".join(f"{value:.5f}" for value in values) + f",{int(sum(values) > 0)}\n")
    with path.open("w") as file:
        file.write(",".join(f"c{i}" for i in range(COLUMNS)) + ",y\n")
        for start in range(0, rows, len(lines)):
            file.writelines(lines[:rows - start])


def measured(command, folder):
    """Seconds of the clock, seconds of the processors, MB at the most."""
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, said = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{command}: {said.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, cores


def peak(command, folder):
    timed = ["/usr/bin/time", "-f", "%M", *command]
    said = subprocess.run(timed, cwd=folder, capture_output=True, text=True, check=True).stderr
    return int(said.splitlines()[-1]) / 1000


def main(rows, rounds):
    commands = {"maas train --dry-run": [str(MAAS), "train", "t.yaml", "--dry-run", "--quiet"],
                "pandas.read_csv": [sys.executable, "-c", "import pandas; pandas.read_csv('t.csv')"]}
    try:
        import pandas  # noqa: F401
    except ImportError:
        print("pandas is not installed: maas alone is timed", file=sys.stderr)
        del commands["pandas.read_csv"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_table(folder / "t.csv", rows)
        (folder / "t.yaml").write_text(CONFIG)
        best = {what: (float("inf"), float("inf")) for what in commands}
        for _ in range(rounds):
            for what, command in commands.items():
                best[what] = min(best[what], measured(command, folder))
        print(f"{rows} rows, {(folder / 't.csv').stat().st_size / 1e6:.0f} MB")
        for what, command in commands.items():
            print(f"| {what} | {best[what][0]:.2f} s | {best[what][1]:.2f} s | {peak(command, folder):.0f} MB |")


if __name__ == "__main__":
    if len(sys.argv) > 3 or "-h" in sys.argv or "--help" in sys.argv:
        sys.exit(__doc__)
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [1_000_000, 3][len(given):]))
