"""The whole line on the real MNIST: train, eval, inspect, predict."""
import json
import os
import signal
import struct
import subprocess
import time
import unittest
import zlib

from maas_runs import MAAS, ROOT, Case, maas


def png(pixels, width):
    """Grey pixels as a PNG file."""
    rows = b"".join(b"\0" + pixels[i:i + width] for i in range(0, len(pixels), width))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    size = struct.pack(">IIBBBBB", width, len(pixels) // width, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


class TheLine(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trained = cls.train()
        cls.model = cls.trained["model"]

    def test_train_prints_one_object(self):
        self.assertEqual(self.trained["verb"], "train")
        self.assertEqual(self.trained["steps"], 60)
        self.assertGreater(self.trained["metrics"]["accuracy"], 0.5)

    def test_a_run_folder_holds_what_the_design_says(self):
        names = {path.name.split(".")[0] for path in (self.folder / "run").iterdir()}
        for name in ("resolved", "metrics", "events", "report", "checkpoints", "model", "env", "STATUS"):
            self.assertIn(name, names)

    def test_eval_repeats_the_metrics_of_train(self):
        said = json.loads(maas("eval", self.model, "--json", check=0).stdout)
        self.assertEqual(said["samples"], 10000)
        self.assertAlmostEqual(said["metrics"]["accuracy"], self.trained["metrics"]["accuracy"])

    def test_an_unmet_requirement_is_exit_6(self):
        done = maas("eval", self.model, 'eval.require={accuracy: ">= 0.999"}', check=6)
        self.assertIn("expected >= 0.999", done.stderr)

    def test_inspect_counts(self):
        said = json.loads(maas("inspect", self.model, "--json", check=0).stdout)
        self.assertEqual(said["parameters"], 784 * 128 + 128 + 128 * 10 + 10)

    def test_bench_runs_with_weights_packed_for_its_rows_and_threads(self):
        """oneDNN packs for rows and threads; with others it packs again in every call."""
        config = self.folder / "packed.yaml"
        config.write_text("name: x\ndata: {type: synthetic, samples: 20, classes: 2, height: 16, width: 16}\n"
                          "model: {type: resnet, depth: 20}\ntrain: {steps: 1, batch_size: 4}\n")
        run = self.folder / "packed"
        maas("train", config, "-o", run, check=0)
        for batch, threads in ((1, 1), (1, 2), (8, 2)):
            said = maas("bench", run / "model.pt", "--batch", batch, "--threads", threads, "--seconds", "0.3",
                        env={"ONEDNN_VERBOSE": "1"}, check=0).stdout.splitlines()
            did = [line.split(",")[5] for line in said if ",exec," in line]
            if "convolution" not in did:
                self.skipTest("this libtorch has no oneDNN, or it does not tell what it does")
            self.assertLess(did.count("reorder"), 10 * 21)  # the network has 21 convolutions

    def test_bench_gives_latencies_by_batch(self):
        said = json.loads(maas("bench", self.model, "--batch", "1,8", "--seconds", "0.05", "--json",
                               check=0).stdout)
        self.assertEqual(set(said["latency_ms"]), {"1", "8"})
        self.assertGreater(said["latency_ms"]["8"]["p90"], 0)

    def test_bench_tells_where_the_time_goes(self):
        bench = ("bench", self.model, "--batch", "8", "--seconds", "0.05", "--profile")
        said = maas(*bench, check=0).stdout
        self.assertIn("where the time goes: 1 threads, batch 8", said)
        self.assertRegex(said, r"\n +[0-9.]+ +[0-9.]+% +[0-9]+  (maas|aten|mkldnn)::")
        (result,) = json.loads(maas(*bench, "--json", check=0).stdout)["results"]
        self.assertEqual({"operator", "result", "nodes", "ms"}, set(result["profile"][0]))

    def test_predict_takes_a_picture(self):
        (self.folder / "digit.png").write_bytes(png(bytes(784), 28))
        said = json.loads(maas("predict", self.model, self.folder / "digit.png", "--json",
                               check=0).stdout)
        self.assertIn(said["label"], [str(i) for i in range(10)])
        self.assertEqual(len(said["outputs"]), 10)

    def test_predict_refuses_a_picture_of_another_size(self):
        (self.folder / "small.png").write_bytes(png(bytes(100), 10))
        done = maas("predict", self.model, self.folder / "small.png", check=3)
        self.assertIn("10", done.stderr)
        self.assertIn("28", done.stderr)

    def test_a_second_run_leaves_the_first_alone(self):
        done = self.train(check=2)
        self.assertIn("--resume", done.stdout)

    def test_a_dry_run_writes_nothing(self):
        maas("train", ROOT / "configs/bench_mlp.yaml", "-o", self.folder / "dry", "--dry-run", check=0)
        self.assertFalse((self.folder / "dry").exists())

    def test_an_interrupted_run_goes_on(self):
        folder = self.folder / "stopped"
        process = subprocess.Popen(
            [MAAS, "train", str(ROOT / "configs/bench_mlp.yaml"), "train.threads=1",
             "train.epochs=400", "eval.require={}", "-o", str(folder)], stderr=subprocess.PIPE)
        while not (folder / "metrics.jsonl").exists():
            time.sleep(0.02)
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        text = process.communicate()[1].decode()
        self.assertEqual(process.returncode, 75, text)
        self.assertIn("maas train --resume", text)
        done = maas("train", "--resume", folder, "train.batch_size=32", check=2)
        self.assertIn("other settings", done.stderr)


class FromATable(Case):
    """init -> config check -> train -> eval -> predict on a CSV that the test writes."""

    def test_the_line_of_a_newcomer(self):
        table = self.folder / "iris.csv"
        rows = [f"{i % 7 / 7},{i % 3 + i % 5 / 10},{'red' if i % 2 else 'blue'},{'abc'[i % 3]}" for i in range(300)]
        table.write_text("width,height,colour,species\n" + "\n".join(rows) + "\n")
        config = self.folder / "iris.yaml"
        done = maas("init", table, "-o", config, check=0)
        self.assertIn("'species'", done.stderr)
        self.assertIn("--force", maas("init", table, "-o", config, check=2).stderr)
        maas("config", "check", config, check=0)
        done = maas("train", config, "train.epochs=60", "train.learning_rate=0.01", "-o",
                    self.folder / "iris", "--json", check=0)
        model = json.loads(done.stdout)["model"]
        self.assertGreater(json.loads(done.stdout)["metrics"]["accuracy"], 0.9)
        maas("eval", model, check=0)
        said = json.loads(maas("predict", model, "-", "--json", check=0,
                               stdin='{"width": 0.5, "height": 2, "colour": "red"}').stdout)
        self.assertEqual(said["label"], "c")
        (self.folder / "ragged.csv").write_text("width,height,colour\n1,2,red\n1,2\n")
        self.assertIn("ragged.csv:3", maas("predict", model, self.folder / "ragged.csv", check=3).stderr)


class OfTheProgram(Case):
    def test_doctor_finds_no_problem_here(self):
        self.assertTrue(json.loads(maas("doctor", "--json", check=0).stdout)["healthy"])


if __name__ == "__main__":
    unittest.main()
