#!/usr/bin/env python3
"""Time and memory of `maas predict` on long CSV files (docs/results.md).

    scripts/bench_predict.py [ROWS ...]      1,000,000 and 10,000,000 by default

Trains a small network on made-up numbers, writes files of ROWS rows and 20 columns (ten thousand rows, repeated), and
answers each into a CSV file. Python's standard library only; MAAS names the program, build/maas by default. Files go
into a temporary folder, some 180 MB a million rows.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAAS = os.environ.get("MAAS", str(ROOT / "build/maas"))
COLUMNS = 20
BLOCK = 10_000


def rows_of(count, labelled):
    drawn = random.Random(1)
    lines = []
    for _ in range(count):
        values = [drawn.gauss(0, 1) for _ in range(COLUMNS)]
        label = [f"c{int(values[0] + values[1] > 0)}"] if labelled else []
        lines.append(",".join([f"{value:.6f}" for value in values] + label))
    return "\n".join(lines) + "\n"


def header(labelled):
    return ",".join([f"x{i}" for i in range(COLUMNS)] + (["y"] if labelled else [])) + "\n"


def main():
    counts = [int(word) for word in sys.argv[1:]] or [1_000_000, 10_000_000]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "train.csv").write_text(header(True) + rows_of(5000, True))
        subprocess.run([MAAS, "init", "train.csv", "-q", "train.epochs=5"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run([MAAS, "train", "train.yaml", "-q", "-o", "run"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        block = rows_of(BLOCK, False)
        print(f"{'rows':>12} {'file':>10} {'seconds':>9} {'rows/s':>10} {'peak memory':>12}")
        for count in counts:
            path = folder / "rows.csv"
            with path.open("w") as file:
                file.write(header(False))
                for _ in range(count // BLOCK):
                    file.write(block)
            start = time.monotonic()
            process = subprocess.Popen([MAAS, "predict", "run", path.name, "-o", "answers.csv", "--force", "-q"],
                                       cwd=folder, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - start
            if status != 0:
                sys.exit(f"maas predict ended with {status}")
            rows = count // BLOCK * BLOCK
            print(f"{rows:>12,} {path.stat().st_size / 1e6:>7.0f} MB {seconds:>9.1f} {rows / seconds:>10,.0f} "
                  f"{usage.ru_maxrss / 1024:>9.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
