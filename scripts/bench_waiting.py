"""Training with threads that wait longer or shorter before they sleep, alone and beside other processes.

Called by scripts/bench waiting. Seconds of two epochs of 784-512-256-10 on made-up data with two threads, for
GOMP_SPINCOUNT of 300000 (libgomp's default), 1000 (what maas sets) and 0, twice in turns; the less busy of both is shown.
Then once beside eight processes that only count. At most 120 s a run: more is said to be so.
"""
import multiprocessing
import os
import subprocess
import tempfile
import time

MAAS = "build/maas"
OTHERS, LIMIT = 8, 120
CONFIG = """
name: waiting
seed: 1
data: {type: synthetic, samples: 3200, classes: 10, height: 28, width: 28, noise: 1, validation: 0}
model: {type: mlp, hidden: [512, 256]}
train: {epochs: 2, batch_size: 128, threads: 2, checkpoint: {every: 10 epochs}}
"""


def count(end):
    while time.monotonic() < end:
        pass


def seconds(config, spins):
    start = time.monotonic()
    try:
        subprocess.run([MAAS, "train", config, "-o", os.path.dirname(config) + "/run", "--force"], check=True,
                       capture_output=True, timeout=LIMIT,
                       env={**os.environ, "GOMP_SPINCOUNT": str(spins), "MAAS_KERNELS": "default"})
    except subprocess.TimeoutExpired:
        return LIMIT
    return time.monotonic() - start


def main():
    with tempfile.TemporaryDirectory() as folder:
        config = f"{folder}/waiting.yaml"
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG)
        alone = {spins: [] for spins in (300_000, 1_000, 0)}
        for _ in range(2):
            for spins, times in alone.items():
                times.append(seconds(config, spins))
        others = [multiprocessing.Process(target=count, args=(time.monotonic() + 3 * LIMIT,), daemon=True)
                  for _ in range(OTHERS)]
        for other in others:
            other.start()
        for spins, times in alone.items():
            print(f"waiting: GOMP_SPINCOUNT={spins:<7} alone {min(times):6.2f} s   beside {OTHERS} processes "
                  f"{seconds(config, spins):6.1f} s (at most {LIMIT})", flush=True)
        for other in others:
            other.terminate()


if __name__ == "__main__":
    main()
