#!/usr/bin/env python3
"""Times networks in bfloat16 beside float32 (docs/results.md): `maas bench --precision`, one thread, in turns.

scripts/bench_bf16.py [NETWORK ...]     of scripts/bench_networks.py; encoder and resnet18 by default
Needs torch 2.13, to export the networks; build/maas must be there.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch

from bench_networks import NETWORKS

MAAS = pathlib.Path(__file__).resolve().parent.parent / "build" / "maas"
BATCHES, ROUNDS = (1, 8), 2


def export(name, path):
    make, inputs, _ = NETWORKS[name]
    torch.manual_seed(0)
    torch.export.save(torch.export.export(make().eval(), (inputs(2),), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)), path)


def measure(path, precision):
    """Milliseconds by batch, and what is said of the outputs."""
    done = subprocess.run([MAAS, "bench", path, "--batch", ",".join(map(str, BATCHES)), "--threads", "1", "--seconds", "2",
                           "--precision", precision, "--json"], capture_output=True, text=True, check=True)
    return {row["batch"]: row["p50"] for row in json.loads(done.stdout)["results"]}, done.stderr.strip()


def main(names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = pathlib.Path(folder) / f"{name}.pt2"
            export(name, path)
            best, said = {}, ""
            for _ in range(ROUNDS):
                for precision in ("fp32", "bf16"):
                    found, told = measure(path, precision)
                    said = told or said
                    for batch, ms in found.items():
                        best[batch, precision] = min(ms, best.get((batch, precision), ms))
            print(f"{name}: {said}")
            for batch in BATCHES:
                fp32, bf16 = best[batch, "fp32"], best[batch, "bf16"]
                print(f"  batch {batch}: fp32 {fp32:.1f} ms, bf16 {bf16:.1f} ms, {fp32 / bf16:.2f} times as fast")


if __name__ == "__main__":
    if "-h" in sys.argv or "--help" in sys.argv:
        sys.exit(__doc__)
    main(sys.argv[1:] or ["encoder", "resnet18"])
