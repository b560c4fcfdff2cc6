"""A disk that refuses or dies at each single call while a run saves: N = 1, 2, ... until none fails."""
import errno
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "commands"))
from kill_test import weights, whole_checkpoints  # noqa: E402
from maas_runs import maas  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = """name: x
data: {type: synthetic, kind: table, samples: 64, classes: 2, features: 4, validation: 0.25}
model: {type: mlp, hidden: [4], dropout: 0.1, batch_norm: true}
train: {epochs: 1, batch_size: 8, threads: 1, ema: 0.9, checkpoint: {every: 2 steps, keep_last: 9}}
eval: {metrics: [nll]}
"""


class Disk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls._folder.cleanup)
        cls.folder = pathlib.Path(cls._folder.name)
        (cls.folder / "c.yaml").write_text(CONFIG)
        cls.library = cls.folder / "refuse.so"
        compiler = next(filter(shutil.which, ("cc", "gcc", "clang")))
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", cls.library, HERE / "refuse.c",
                        "-ldl"], check=True)
        maas("train", cls.folder / "c.yaml", "-o", cls.folder / "whole", check=0)
        cls.whole = weights(cls.folder / "whole")

    def train(self, call, path, error, first=1, last=10 ** 9, arguments=None, check=None):
        """With a disk that refuses; into a folder of its own."""
        run = self.folder / "run"
        if arguments is None:
            shutil.rmtree(run, ignore_errors=True)
            arguments = [self.folder / "c.yaml", "-o", run, "--json"]
        # A sanitised program wants its own library first; what it has is kept.
        before = os.environ.get("LD_PRELOAD", "")
        done = maas("train", *arguments, check=check, env={
            "LD_PRELOAD": f"{before} {self.library}".strip(), "REFUSE_CALL": call,
            "REFUSE_PATH": path, "REFUSE_ERROR": str(error), "REFUSE_FROM": str(first),
            "REFUSE_TO": str(last)})
        return run, done

    def leftovers(self, run):
        return [str(path) for path in run.rglob("*") if ".tmp-" in path.name]

    def check_trained_on(self, run, done):
        """Training went on, other checkpoints are whole, and nothing half-written is left."""
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(weights(run), self.whole)
        self.assertEqual(self.leftovers(run), [])
        names = [path.name for path in whole_checkpoints(run)]
        self.assertIn("step-2", names)
        self.assertIn("step-6", names)
        self.assertEqual((run / "STATUS").read_text(), "finished\n")

    def refused_once(self, call, error):
        """One call refused while step 4 is saved; how many such calls there are."""
        text = os.strerror(error)
        for number in range(1, 100):
            run, done = self.train(call, "step-4", error, number, number)
            self.check_trained_on(run, done)
            warnings = json.loads(done.stdout)["warnings"]
            if not warnings:
                self.assertTrue((run / "checkpoints/step-4").exists())
                return number - 1
            with self.subTest(call=call, error=text, number=number):
                self.assertEqual(len(warnings), 1, warnings)
                self.assertRegex(warnings[0], f"no checkpoint: .*step-4.*{re.escape(text)}")
                self.assertFalse((run / "checkpoints/step-4").exists())
        self.fail("no end of it")

    def test_every_call_of_a_save_may_fail(self):
        counts = {}
        for call, error in (("mkdir", errno.EROFS), ("open", errno.EDQUOT), ("write", errno.ENOSPC),
                            ("fsync", errno.EIO), ("rename", errno.EIO)):
            counts[call] = self.refused_once(call, error)
        print(f"calls of one save that were refused: {counts}", file=sys.stderr)
        for call, least in (("mkdir", 1), ("open", 3), ("write", 5), ("fsync", 4), ("rename", 3)):
            self.assertGreaterEqual(counts[call], least, call)

    def test_an_fsync_of_the_folder_that_fails_is_no_success(self):
        # The folder of checkpoints itself: its path ends there.
        run, done = self.train("fsync", "checkpoints", errno.EIO)
        said = json.loads(done.stdout)
        self.assertEqual(said["steps"], 6)
        self.assertEqual(len(said["warnings"]), 3)
        for warning in said["warnings"]:
            self.assertIn("no checkpoint", warning)
            self.assertIn("Input/output error", warning)
        self.assertEqual(weights(run), self.whole)

    def test_a_disk_that_never_takes_a_checkpoint(self):
        run, done = self.train("write", "checkpoints/", errno.ENOSPC, check=0)
        said = json.loads(done.stdout)
        self.assertEqual([w for w in said["warnings"] if "No space left" not in w], [])
        self.assertEqual(len(said["warnings"]), 3)
        self.assertEqual(list((run / "checkpoints").iterdir()), [])
        self.assertEqual(weights(run), self.whole)

    def test_a_model_that_cannot_be_written_is_exit_4_and_made_by_a_resume(self):
        run, done = self.train("write", ".model.pt.tmp", errno.ENOSPC, check=4)
        error = json.loads(done.stdout)["error"]
        self.assertIn("model.pt", error["where"])
        self.assertIn("No space left on device", error["what"])
        self.assertEqual(self.leftovers(run), [])
        self.assertIn("failed: ", (run / "STATUS").read_text())
        maas("train", "--resume", run, check=0)
        self.assertEqual(weights(run), self.whole)

    def test_a_report_that_cannot_be_written_is_a_warning(self):
        run, done = self.train("open", "report.html", errno.EACCES, check=0)
        self.assertIn("no report.html", json.loads(done.stdout)["warnings"][0])
        self.assertTrue((run / "model.pt").exists())

    def test_a_folder_that_cannot_be_written_is_told_before_training(self):
        for call, path in (("mkdir", "/run"), ("open", "/run/.lock"), ("open", "/run/.resolved"),
                           ("open", "/run/.STATUS")):
            run, done = self.train(call, path, errno.EROFS, check=4)
            error = json.loads(done.stdout)["error"]
            self.assertIn(str(run), error["where"])
            self.assertIn("Read-only file system", error["what"])
            self.assertNotIn("epoch", done.stderr)

    def test_killed_at_every_call_of_a_save_it_resumes_to_the_same_bits(self):
        total = 0
        for call in ("mkdir", "open", "write", "fsync", "rename"):
            for number in range(1, 100):
                run, done = self.train(call, "step-4", 0, number, number)
                if done.returncode == 0:
                    break
                self.assertEqual(done.returncode, -9)
                total += 1
                done = maas("train", "--resume", run, "--json", check=0)
                with self.subTest(call=call, number=number):
                    self.assertIn("resumed at step 2", done.stderr)
                    self.assertEqual(weights(run), self.whole)
                    self.assertEqual(self.leftovers(run), [])
        print(f"{total} kills within a save", file=sys.stderr)
        self.assertGreater(total, 15)


if __name__ == "__main__":
    unittest.main()
