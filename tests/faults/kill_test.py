"""Killing training at random instants and resuming gives the bits of an uninterrupted run."""
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "commands"))
from maas_runs import MAAS, ROOT, maas  # noqa: E402

KILLS = 50
SETTINGS = ["train.threads=1", "train.steps=5000", "data.limit=6400", "data.validation=0.1",
            "model.dropout=0.2", "train.optimizer=adamw", "train.ema=0.99",
            "train.checkpoint.every=40 steps", "eval.require={}", "eval.metrics=[accuracy]"]


def weights(folder):
    """The bytes of every weight record of model.pt."""
    with zipfile.ZipFile(folder / "model.pt") as archive:
        names = sorted(name for name in archive.namelist() if "weights/" in name)
        assert names
        return {name: archive.read(name) for name in names}


def whole_checkpoints(run):
    """Oldest first, without those that were being written."""
    folders = [path for path in (run / "checkpoints").glob("step-*") if path.name[5:].isdigit()]
    return sorted(folders, key=lambda path: int(path.name[5:]))


class Kill(unittest.TestCase):
    def check_equal(self, run, other):
        ours, theirs = weights(run), weights(other)
        self.assertEqual(ours.keys(), theirs.keys())
        for record, data in ours.items():
            self.assertEqual(data, theirs[record], record)

    def test_fifty_kills_lose_no_bit(self):
        seed = int(os.environ.get("MAAS_SEED", "7"))
        draw = random.Random(seed)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            config = ROOT / "configs/bench_mlp.yaml"
            maas("train", config, *SETTINGS, "-o", folder / "whole", check=0)
            run = folder / "killed"
            start = ["train", str(config), *SETTINGS, "-o", str(run)]
            begin = time.perf_counter()
            maas("train", config, *SETTINGS, "--dry-run", check=0)
            startup = time.perf_counter() - begin
            arguments, kills, resumed = start, 0, 0
            while kills < KILLS:
                process = subprocess.Popen([MAAS, *arguments], stderr=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL)
                try:
                    self.assertEqual(process.wait(startup * draw.uniform(0.5, 3)), 0)
                    self.check_equal(run, folder / "whole")
                    arguments = [*start, "--force"]
                    continue
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                kills += 1
                if (run / "resolved.yaml").exists():
                    arguments = ["train", "--resume", str(run)]
                    resumed += 1
                else:
                    arguments = [*start, "--force"]
            maas(*arguments, check=0)
            print(f"seed {seed}: {kills} kills, {resumed} resumes", file=sys.stderr)
            self.assertGreater(resumed, 10)
            self.check_equal(run, folder / "whole")


if __name__ == "__main__":
    unittest.main()
