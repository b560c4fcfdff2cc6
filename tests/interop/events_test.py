"""The event files of a run, read by TensorBoard itself."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MAAS = os.environ.get("MAAS", "build/maas")
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Events(unittest.TestCase):
    def test_tensorboard_reads_the_numbers_of_metrics_jsonl(self):
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder) / "run"
            subprocess.run([MAAS, "train", ROOT / "configs/bench_mlp.yaml", "train.steps=12",
                            "train.log_every=4", "train.threads=1", "data.limit=512",
                            "eval.require={}", "-o", run, "--quiet"], check=True, timeout=300)
            done = subprocess.run([sys.executable, "-B", "read_events.py", run], capture_output=True,
                                  text=True, timeout=300, cwd=pathlib.Path(__file__).parent)
            self.assertEqual(done.returncode, 0, done.stderr)
            if done.stdout.startswith("SKIP"):
                self.skipTest(done.stdout.strip())
            scalars = json.loads(done.stdout)
            rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        for row in rows:
            if row["split"] != "train":
                continue
            tag = next(tag for tag in scalars if "train" in tag and "loss" in tag)
            found = dict(map(tuple, scalars[tag]))
            self.assertAlmostEqual(found[row["step"]], row["loss"], places=5)
        self.assertEqual(sum(row["split"] == "train" for row in rows),
                         len(next(v for k, v in scalars.items() if "train" in k and "loss" in k)))


if __name__ == "__main__":
    unittest.main()
