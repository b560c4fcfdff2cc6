#!/usr/bin/env python3
"""data.rare on six made-up tables: mean loss and accuracy on the test rows (docs/tables.md).

  scripts/bench_rare.py        with build/maas; some 20 seconds
"""
import csv
import json
import math
import os
import pathlib
import random
import subprocess
import tempfile

MAAS = pathlib.Path(__file__).resolve().parents[1] / "build/maas"
CONFIG = """data: {type: csv, train: x, label: y}
model: {type: mlp, hidden: [32]}
train: {epochs: 20, batch_size: 32, learning_rate: 0.003, threads: 1}
eval: {metrics: [nll, accuracy]}
"""


def write_tables(folder, seed):
    """Categories of Zipf-like frequency with an effect each, one number beside them."""
    draw, effects, rows = random.Random(seed), {}, []
    for _ in range(3000):
        k = int(draw.paretovariate(0.8))
        if k > 400:
            k = 400 + draw.randrange(400)
        if k not in effects:
            effects[k] = draw.gauss(0, 1.5)
        q = draw.gauss(0, 1)
        yes = draw.random() < 1 / (1 + math.exp(-(effects[k] + q)))
        rows.append((f"c{k}", f"{q:.3f}", "yes" if yes else "no"))
    for name, part in (("train", rows[:2000]), ("test", rows[2000:])):
        with open(folder / f"{name}{seed}.csv", "w", newline="") as file:
            csv.writer(file).writerows([tuple("kqy"), *part])


def measure(folder, seed, rare):
    done = subprocess.run(
        [MAAS, "train", "c.yaml", f"data.train=train{seed}.csv", f"data.test=test{seed}.csv", f"data.rare={rare}",
         f"seed={seed}", "-o", f"run{seed}-{rare}", "--json", "-q"],
        cwd=folder, capture_output=True, text=True, check=True, env={**os.environ, "MAAS_KERNELS": "default"})
    metrics = json.loads(done.stdout)["metrics"]
    return metrics["nll"], metrics["accuracy"]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "c.yaml").write_text(CONFIG)
        for seed in range(1, 7):
            write_tables(folder, seed)
        for rare in (1, 2, 3, 5, 10):
            found = [measure(folder, seed, rare) for seed in range(1, 7)]
            nll, accuracy = (sum(column) / len(found) for column in zip(*found))
            print(f"data.rare={rare}: nll {nll:.3f}, accuracy {accuracy:.3f}; nll by table",
                  " ".join(f"{row[0]:.3f}" for row in found), flush=True)


if __name__ == "__main__":
    main()
