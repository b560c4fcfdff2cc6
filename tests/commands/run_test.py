"""Faults around a run: its folder, its settings, signals, a loss that is no number, logs, locales."""
import calendar
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from maas_runs import MAAS, ROOT, Case, maas

CONFIG = """name: x
seed: 1
data: {type: synthetic, samples: 64, classes: 2, height: 4, width: 4, validation: 0.25}
model: {type: mlp, hidden: [4]}
train: {epochs: 2, batch_size: 8, threads: 1, log_every: 1, checkpoint: {every: 2 steps}}
eval: {metrics: [nll, accuracy]}
"""


class RunCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config = cls.folder / "config.yaml"
        cls.config.write_text(CONFIG)

    def train(self, name, *more, check=0, **options):
        return maas("train", self.config, "-o", self.folder / name, *more, check=check, **options)

    def endless(self, name, *more):
        """A run that is under way: it has saved something."""
        process = subprocess.Popen(
            [MAAS, "train", str(self.config), "-o", str(self.folder / name), "train.epochs=100M",
             "--quiet", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        while not self.saved(name):
            self.assertIsNone(process.poll(), "the run ended by itself")
            time.sleep(0.01)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def saved(self, name):
        """The checkpoints that are whole."""
        return [path for path in (self.folder / name / "checkpoints").glob("step-*")
                if path.name[5:].isdigit()]

    def resumed(self, name, ends_by):
        """Resumes the run, reads its first line, and ends it."""
        process = subprocess.Popen([MAAS, "train", "--resume", str(self.folder / name)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        with process:
            self.assertIn("resumed at step", process.stderr.readline())
            process.send_signal(ends_by)
            process.stderr.read()
        return process.returncode

    def assertSays(self, text, *parts):
        for part in parts:
            self.assertIn(str(part), text)


class Settings(RunCase):
    def test_other_settings_are_listed_and_the_run_stays_resumable(self):
        self.train("run")
        resolved = (self.folder / "run/resolved.yaml").read_bytes()
        done = maas("train", "--resume", self.folder / "run", "train.learning_rate=0.5", "seed=7",
                    "train.optimizer=sgd", "model.hidden=[5]", check=2)
        self.assertSays(done.stderr, "the run was started with other settings", "started with",
                        "start a new run")
        lines = {line.split()[0]: line.split()[1:] for line in done.stderr.splitlines() if line}
        self.assertEqual(lines["seed"], ["1", "7"])
        self.assertEqual(lines["train.learning_rate"], ["0.001", "0.5"])
        self.assertEqual(lines["train.optimizer.type"], ["adamw", "sgd"])
        self.assertEqual(lines["model.hidden"], ["[4]", "[5]"])
        self.assertNotIn("train.batch_size", lines)
        self.assertEqual((self.folder / "run/resolved.yaml").read_bytes(), resolved)
        maas("train", "--resume", self.folder / "run", "train.threads=1", "train.log_every=5", check=0)

    def test_a_finished_run_goes_on_for_more_epochs(self):
        self.train("longer", "train.epochs=2", "train.schedule=cosine")
        state = [(self.folder / "longer" / name).read_bytes() for name in ("resolved.yaml", "STATUS")]
        done = maas("train", "--resume", self.folder / "longer", "train.epochs=1", check=2)
        self.assertSays(done.stderr, "1 epoch (", "are asked for, and 2 epochs", "start a new run")
        self.assertEqual(state, [(self.folder / "longer" / name).read_bytes()
                                 for name in ("resolved.yaml", "STATUS")])
        done = maas("train", "--resume", self.folder / "longer", "train.epochs=4", check=0)
        self.assertSays(done.stderr, "resumed at step", "goes on to 4 epochs",
                        "the cosine schedule is spread over all steps")
        self.assertIn("epochs: 4", (self.folder / "longer/resolved.yaml").read_text())
        self.assertNotIn("goes on to",
                         maas("train", "--resume", self.folder / "longer", check=0).stderr)

    def test_a_resolved_config_edited_by_hand_is_found_by_the_checkpoint(self):
        self.train("edited")
        path = self.folder / "edited/resolved.yaml"
        path.write_text(path.read_text().replace("batch_size: 8", "batch_size: 16", 1))
        done = maas("train", "--resume", self.folder / "edited", check=2)
        self.assertSays(done.stderr, "train.batch_size", "8", "16")

    def test_a_config_beside_resume_is_refused(self):
        self.train("beside")
        done = maas("train", self.config, "--resume", self.folder / "beside", check=2)
        self.assertSays(done.stderr, "is given beside --resume", "leave it out")

    def test_there_must_be_a_run_to_resume(self):
        done = maas("train", "--resume", self.folder / "nowhere", check=3)
        self.assertSays(done.stderr, "nowhere", "holds no run")


class Folders(RunCase):
    def test_a_file_in_the_place_of_the_folder_is_told_before_training(self):
        (self.folder / "file").write_text("x")
        for path in ("file", "file/run"):
            done = self.train(path, check=4)
            self.assertSays(done.stderr, self.folder / path, "Not a directory", "output_dir")
            self.assertNotIn("epoch", done.stderr)

    def test_a_run_that_is_refused_leaves_no_folder(self):
        done = self.train("refused/run", "train.schedule=plateau", "data.validation=0", check=2)
        self.assertSays(done.stderr, "without a validation split")
        self.train("refused/run", "train.folds=3", check=2)
        self.assertFalse((self.folder / "refused").exists())
        self.train("refused/run")
        self.train("refused/run", "--force", "train.folds=3", check=2)
        self.assertEqual((self.folder / "refused/run/STATUS").read_text(), "finished\n")

    def test_a_folder_of_other_things_is_refused_whatever_force_says(self):
        mine = self.folder / "mine"
        (mine / "data").mkdir(parents=True)
        (mine / "notes.txt").write_text("x")
        for force in ([], ["--force"]):
            done = self.train("mine", *force, check=2)
            self.assertSays(done.stderr, mine, "holds data, notes.txt, and no run", "an empty folder", "-o")
        tuned = maas("tune", ROOT / "configs/tune.yaml", "-o", mine, check=2)
        self.assertSays(tuned.stderr, mine, "holds data, notes.txt, and no run")
        self.assertEqual(sorted(path.name for path in mine.iterdir()), ["data", "notes.txt"])
        self.train("pruned/run")
        model = self.folder / "pruned/run/model.pt"
        pruned = maas("prune", model, "-o", self.folder / "pruned.pt", f"output_dir={mine}", "--force", check=2)
        self.assertSays(pruned.stderr, mine, "holds data, notes.txt, and no run")

    def test_force_sets_aside_the_run_and_nothing_else(self):
        self.train("forced")
        run = self.folder / "forced"
        (run / "notes.txt").write_text("x")
        (run / ".git").mkdir()
        made = {path.name for path in run.iterdir()}
        self.train("forced", "--force")
        self.assertEqual((run / "notes.txt").read_text(), "x")
        self.assertEqual({path.name for path in (run / ".old-1").iterdir()},
                         made - {"notes.txt", ".git", ".lock"})

    def test_a_run_whose_process_is_gone_is_no_longer_told_as_running(self):
        def told(name):
            runs = json.loads(maas("runs", self.folder / "gone", "--json", check=0).stdout)["runs"]
            return {os.path.basename(run["folder"]): run["status"] for run in runs}[name]
        process = self.endless("gone/run")
        self.assertEqual(told("run"), "running")
        process.kill()
        process.wait()
        self.assertSays(told("run"), "stopped: its process ended")
        self.assertRegex(maas("runs", self.folder / "gone", check=0).stdout, r"(?m)^run +stopped ")

    def test_a_second_process_is_told_at_once_who_holds_the_run(self):
        process = self.endless("held")
        for arguments in (["--resume", self.folder / "held"],
                          [self.config, "-o", self.folder / "held", "--force"]):
            done = maas("train", *arguments, check=1)
            self.assertSays(done.stderr, f"locked by pid {process.pid} on {os.uname().nodename} since 20",
                            "another output_dir")
        process.kill()
        process.wait()
        self.resumed("held", signal.SIGKILL)

    def test_what_a_killed_process_left_half_written_is_removed(self):
        process = self.endless("orphans")
        process.kill()
        process.wait()
        run = self.folder / "orphans"
        half = run / "checkpoints" / f"step-999.tmp-{process.pid}"
        half.mkdir()
        (half / "state.json").write_text("{")
        (run / f".model.pt.tmp-{process.pid}").write_text("half")
        self.resumed("orphans", signal.SIGKILL)
        self.assertFalse(half.exists())
        self.assertFalse((run / f".model.pt.tmp-{process.pid}").exists())

    def test_a_run_whose_checkpoints_are_all_damaged_is_not_begun_anew(self):
        self.train("damaged")
        for path in (self.folder / "damaged/checkpoints").glob("*/state.json"):
            path.write_bytes(path.read_bytes()[:-1])
        done = maas("train", "--resume", self.folder / "damaged", check=3)
        self.assertSays(done.stderr, "none of 2 checkpoints can be used", "state.json",
                        "SHA-256", "--force")

    def test_a_damaged_newest_checkpoint_is_told_and_the_one_before_is_used(self):
        self.train("newest")
        (self.folder / "newest/checkpoints/step-12/manifest.json").unlink()
        done = maas("train", "--resume", self.folder / "newest", check=0)
        self.assertSays(done.stderr, "checkpoint step-12 is passed over", "manifest.json",
                        "resumed at step 10")


class Signals(RunCase):
    def test_one_signal_saves_and_says_how_to_go_on(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            name = f"stopped-{number}"
            process = self.endless(name)
            process.send_signal(number)
            said = process.communicate()[1]
            self.assertEqual(process.returncode, 75, said)
            self.assertSays(said, "stopped by a signal at step", "the state is saved",
                            f"maas train --resume {self.folder / name}")
            step = said.split("at step ")[1].split(";")[0]
            status = (self.folder / name / "STATUS").read_text()
            self.assertTrue(status.startswith(f"interrupted: at step {step}; the state is saved; "), status)
            has_model = (self.folder / name / "model.pt").exists()
            self.assertIn("have the best so far" if has_model else "there is no model yet", status)
            self.assertTrue((self.folder / name / "checkpoints" / f"step-{step}").exists())

    def test_a_second_signal_ends_it_at_once_and_leaves_a_whole_checkpoint(self):
        process = self.endless("twice")
        # Both arrive before the program goes on.
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        process.communicate()
        self.assertIn(process.returncode, (128 + signal.SIGTERM, 128 + signal.SIGINT))
        self.assertEqual(self.resumed("twice", signal.SIGTERM), 75)

    def test_a_closed_terminal_is_no_reason_to_stop(self):
        process = self.endless("hangup")
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        process.communicate()
        self.assertEqual(process.returncode, 75)


class Resuming(RunCase):
    def rows(self, name):
        rows = [json.loads(line)
                for line in (self.folder / name / "metrics.jsonl").read_text().splitlines()]
        return [{key: value for key, value in row.items() if key != "time"} for row in rows]

    def test_an_interrupted_run_leaves_the_log_and_the_metrics_of_a_whole_one(self):
        settings = ["train.epochs=100", "train.log_every=7", "train.checkpoint.every=11 steps"]
        whole = json.loads(self.train("whole", *settings, "--json").stdout)
        process = subprocess.Popen([MAAS, "train", str(self.config), "-o",
                                    str(self.folder / "parts"), *settings, "--quiet"])
        with process:
            while not self.saved("parts") and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
        self.assertIn(process.returncode, (75, 0))
        parts = json.loads(maas("train", "--resume", self.folder / "parts", "--json", check=0).stdout)
        self.assertEqual(parts["metrics"], whole["metrics"])
        self.assertEqual(self.rows("parts"), self.rows("whole"))


class Divergence(RunCase):
    def test_a_loss_that_is_no_number_names_its_samples(self):
        done = self.train("nan", "train.learning_rate=1e30", check=5)
        self.assertSays(done.stderr, "the loss is", "at learning rate 1e+30", "for the batch of",
                        "(8 samples)", "lower train.learning_rate")
        said = json.loads((self.folder / "nan/diverged.json").read_text())
        self.assertEqual(len(said["samples"]), 8)
        self.assertIn(said["samples"][0], done.stderr)
        self.assertFalse((self.folder / "nan/model.pt").exists())
        self.assertTrue((self.folder / "nan/STATUS").read_text().startswith("failed: the loss is"))

    def test_weights_that_the_last_step_breaks_are_not_published(self):
        for validation in (0, 0.25):
            name = f"last-{validation}"
            done = self.train(name, "train.steps=1", "train.learning_rate=1e300",
                              f"data.validation={validation}", check=5)
            self.assertIn("are not finite", done.stderr)
            self.assertFalse((self.folder / name / "model.pt").exists())
            self.assertEqual(list((self.folder / name / "checkpoints").iterdir()), [])

    def test_a_model_that_gives_no_numbers_is_not_published(self):
        done = self.train("large", "train.steps=1", "train.learning_rate=1e38", "data.validation=0",
                          "train.optimizer=sgd", check=5)
        self.assertSays(done.stderr, "model: the outputs are not finite for", "of 64 train samples",
                        "lower train.learning_rate")
        self.assertFalse((self.folder / "large/model.pt").exists())


class Logs(RunCase):
    def test_logs_that_cannot_be_written_are_counted_while_training_goes_on(self):
        for kind in ("folder", "full"):
            run = self.folder / kind
            (run / "checkpoints").mkdir(parents=True)  # it counts as a run, whose own is set aside
            if kind == "folder":
                (run / "metrics.jsonl").mkdir()
            else:
                os.symlink("/dev/full", run / "metrics.jsonl")
            done = self.train(kind, "--force", "--json")
            said = json.loads(done.stdout)
            self.assertEqual(said["steps"], 12)
            self.assertSays(said["warnings"][-1], "14 lines of metrics.jsonl and 0 TensorBoard points",
                            "could not be written")
            self.assertTrue((run / "report.html").exists())
            self.assertEqual((run / "STATUS").read_text(), "finished\n")


class Places(RunCase):
    """The locale and the time zone change neither results nor logs."""

    def locale(self):
        made = self.folder / "locales"
        if shutil.which("localedef") is None:
            self.skipTest("localedef is not installed")
        made.mkdir()
        done = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(made / "de_DE.UTF-8")],
                              capture_output=True, text=True)
        if not (made / "de_DE.UTF-8").exists():
            self.skipTest("no source of the locale de_DE: " + done.stderr)
        return {"LOCPATH": str(made), "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}

    def result(self, name, env):
        done = self.train(name, "--json", env=env)
        said = json.loads(done.stdout)
        rows = [json.loads(line)
                for line in (self.folder / name / "metrics.jsonl").read_text().splitlines()]
        for row in rows:
            row.pop("time")
        resolved = (self.folder / name / "resolved.yaml").read_text().replace(
            str(self.folder / name), "RUN")
        return said["metrics"], rows, resolved

    def test_v_says_why_a_step_is_no_one_graph(self):
        said = self.train("bf16", "train.precision=bf16", "-v").stderr
        self.assertIn("autograd differentiates each step, which is slower than one graph: "
                      "train.precision is bf16", said)
        for more in (["train.precision=bf16"], ["-v"]):
            self.assertNotIn("autograd", self.train("plain" + more[0], *more).stderr)

    def test_a_decimal_comma_changes_nothing(self):
        self.assertEqual(self.result("comma", self.locale()), self.result("point", {"LC_ALL": "C"}))

    def test_times_are_in_utc_wherever_one_is(self):
        plain = self.result("utc", {"TZ": "UTC"})
        self.assertEqual(self.result("nepal", {"TZ": "Asia/Kathmandu"}), plain)
        before = time.time()
        self.train("zone", env={"TZ": "<+14>-14"})
        lock = (self.folder / "zone/.lock").read_text()
        since = time.strptime(lock.split("since ")[1], "%Y-%m-%dT%H:%M:%SZ")
        self.assertLess(abs(calendar.timegm(since) - before), 3600)


if __name__ == "__main__":
    unittest.main()
