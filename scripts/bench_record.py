"""What the rows of scripts/bench gave on this machine before: a row that is a tenth worse is marked.

A row is a name and a ratio to a peer in the same run, higher is better. They are kept, one JSON object a
line, in the file that MAAS_BENCH_RECORD names, or build/bench_rows.jsonl; only those of the same CPU model
are compared.
"""
import datetime
import json
import os
import pathlib
import subprocess

WORSE = 0.9
RECORD = pathlib.Path(os.environ.get("MAAS_BENCH_RECORD", "build/bench_rows.jsonl"))


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def last(row, cpu):
    found = None
    if RECORD.exists():
        for line in RECORD.read_text().splitlines():
            try:
                one = json.loads(line)
            except ValueError:
                continue  # a line that was cut short
            if one.get("row") == row and one.get("cpu") == cpu and isinstance(one.get("ratio"), float):
                found = one
    return found


def note(row, ratio):
    """Keeps it; returns what to print behind the row."""
    cpu = cpu_model()
    before = last(row, cpu)
    RECORD.parent.mkdir(exist_ok=True)
    with open(RECORD, "a") as file:
        file.write(json.dumps({"row": row, "ratio": float(ratio), "cpu": cpu, "commit": commit(),
                               "date": datetime.date.today().isoformat()}) + "\n")
    if before is None or ratio >= WORSE * before["ratio"]:
        return ""
    return f"  <-- WORSE: {before['ratio']:.2f} on {before['date']} ({before['commit']})"
