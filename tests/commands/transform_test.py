"""What every verb that makes a model from a model keeps to, a row a verb."""
import hashlib
import json
import re
import signal
import subprocess
import time
import unittest

from maas_runs import MAAS, Case, maas

CONFIG = """name: teacher
seed: 1
data: {type: synthetic, samples: 600, classes: 3, height: 8, width: 8, noise: 0.5,
       validation: 0.2, test_fraction: 0.2}
model: {type: mlp, hidden: [64, 32]}
train: {epochs: 4, batch_size: 32, threads: 1}
"""

# The words behind the model, without -o; and whether the verb learns, and so has a run folder.
VERBS = {
    "distill": {"words": ["model.type=mlp", "model.hidden=[8]", "train.epochs=2"], "learns": True},
    "prune": {"words": ["prune.target.macs=0.4", "prune.finetune.epochs=2"], "learns": True,
              "epochs": "prune.finetune.epochs=40", "worse": ["prune.target.macs=0.2"]},
    "quantize": {"words": ["train.threads=1"], "learns": False,
                 "worse": ["quantize.scheme=w8a8-static", "quantize.samples=1"]},
}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class WithTeacher(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "config.yaml").write_text(CONFIG)
        maas("train", cls.folder / "config.yaml", "-o", cls.folder / "teacher", check=0)
        cls.model = cls.folder / "teacher/model.pt"


class TransformCase(WithTeacher):
    """Each verb has made VERB-one.pt, and told it in JSON: measuring takes seconds each time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = digest(cls.model)
        cls.told = {verb: cls.run_verb(verb, f"{verb}-one", "gate.max_drop=1", "--json").stdout for verb in VERBS}

    @classmethod
    def run_verb(cls, verb, name, *more, check=0, **options):
        words = VERBS[verb]["words"]
        runs = [f"output_dir={cls.folder / (name + '-run')}"] if VERBS[verb]["learns"] else []
        return maas(verb, cls.model, *words, *runs, "-o", cls.folder / f"{name}.pt", *more,
                    check=check, cwd=cls.folder, **options)

    def test_the_input_is_not_touched_and_the_result_names_it_by_digest(self):
        for verb in VERBS:
            with self.subTest(verb):
                self.assertEqual(digest(self.model), self.before)
                shown = json.loads(maas("inspect", self.folder / f"{verb}-one.pt", "--json",
                                        check=0).stdout)
                last = shown["lineage"][-1] if isinstance(shown["lineage"], list) else shown["lineage"]
                self.assertEqual(last["verb"], verb)
                self.assertIn(self.before, json.dumps(shown["lineage"]))
                self.assertNotIn(str(self.folder), json.dumps(shown["lineage"]))

    def test_the_same_seed_gives_the_same_bytes(self):
        for verb in VERBS:
            with self.subTest(verb):
                self.run_verb(verb, f"{verb}-two", "gate.max_drop=1")
                one, two = (self.folder / f"{verb}-{n}.pt" for n in ("one", "two"))
                self.assertEqual(digest(one), digest(two))

    def test_a_gate_that_is_not_met_publishes_nothing_but_the_report(self):
        for verb in VERBS:
            with self.subTest(verb):
                name = f"{verb}-gate"
                done = self.run_verb(verb, name, "gate.metric=nll", "gate.max_drop=0",
                                     *VERBS[verb].get("worse", []), check=6)
                self.assertIn("gate.nll", done.stderr)
                self.assertIn("--keep` writes" if VERBS[verb]["learns"] else "--keep writes",
                              done.stderr)
                self.assertFalse((self.folder / f"{name}.pt").exists())
                self.assertTrue((self.folder / f"{name}.report.json").exists())
                kept = self.run_verb(verb, name, "gate.metric=nll", "gate.max_drop=0", "--keep",
                                     "--force", *VERBS[verb].get("worse", []), check=6)
                self.assertIn("gate.nll", kept.stderr)
                for word in ("--keep", "next:"):
                    self.assertNotIn(word, kept.stderr)
                self.assertTrue((self.folder / f"{name}.pt").exists())

    def test_the_command_that_a_missed_gate_names_writes_the_model(self):
        for verb in VERBS:
            if not VERBS[verb]["learns"]:
                continue
            with self.subTest(verb):
                name = f"{verb}-later"
                done = self.run_verb(verb, name, "gate.metric=nll", "gate.max_drop=0",
                                     *VERBS[verb].get("worse", []), check=6)
                named = re.search(r"`maas (\w+ --resume \S+ --keep)`", done.stderr)
                self.assertIsNotNone(named, done.stderr)
                maas(*named[1].split(), check=6, cwd=self.folder)
                self.assertTrue((self.folder / f"{name}.pt").exists())

    def test_a_pruning_whose_run_folder_is_taken_is_refused_before_the_work(self):
        taken = self.folder / "taken-run"
        taken.mkdir()
        (taken / "resolved.yaml").write_text("{}")
        done = maas("prune", self.model, *VERBS["prune"]["words"], f"output_dir={taken}", "-o",
                    self.folder / "prune-again.pt", "--keep", check=2, cwd=self.folder)
        self.assertIn(f"maas prune --resume {taken} --keep", done.stderr)
        self.assertNotIn("measuring", done.stderr)

    def test_json_has_the_keys_that_pipelines_rely_on(self):
        for verb in VERBS:
            with self.subTest(verb):
                shown = json.loads(self.told[verb])
                for key in ("verb", "model", "parent", "metric", "parameters", "bytes",
                            "latency_ms", "report"):
                    self.assertIn(key, shown)
                self.assertEqual(shown["verb"], verb)
                self.assertEqual(set(shown["metric"]) & {"name", "before", "after"},
                                 {"name", "before", "after"})
                self.assertEqual(set(shown["latency_ms"]), {"1", "64"})
                self.assertGreater(shown["latency_ms"]["1"]["before"], 0)
                page = (self.folder / f"{verb}-one.report.html").read_text()
                self.assertIn("Before and after", page)
                self.assertIn("| --- |", (self.folder / f"{verb}-one.report.md").read_text())

    def test_the_result_can_be_used_by_every_verb_that_takes_a_model(self):
        for verb in VERBS:
            with self.subTest(verb):
                model = self.folder / f"{verb}-one.pt"
                shown = json.loads(maas("eval", model, "--json", check=0).stdout)
                self.assertEqual(shown["samples"], 120)
                maas("bench", model, "--batch", "1", "--seconds", "0.05", check=0)
                maas("train", self.folder / "config.yaml", f"model.from={model}", "train.epochs=1",
                     "-o", self.folder / f"{verb}-further", "--dry-run",
                     check=VERBS[verb].get("trains_further", 0))

    def test_nothing_is_overwritten_without_force_and_no_folder_taken_for_a_file(self):
        for verb in VERBS:
            with self.subTest(verb):
                taken = self.folder / f"{verb}-taken.pt"
                taken.write_text("mine")
                done = self.run_verb(verb, f"{verb}-taken", check=2)
                self.assertIn("exists", done.stderr)
                self.assertEqual(taken.read_text(), "mine")
                (self.folder / f"{verb}-folder.pt").mkdir()
                self.assertIn("is a folder",
                              self.run_verb(verb, f"{verb}-folder", check=2).stderr)
                done = maas(verb, self.model, *VERBS[verb]["words"], "-o", self.model, "--force",
                            check=2, cwd=self.folder)
                self.assertIn("is the input", done.stderr)

    def test_a_dry_run_writes_nothing(self):
        for verb in VERBS:
            with self.subTest(verb):
                before = set(self.folder.rglob("*"))
                done = self.run_verb(verb, f"{verb}-dry", "--dry-run")
                self.assertIn("nothing was written", done.stdout + done.stderr)
                self.assertEqual(set(self.folder.rglob("*")), before)

    def test_help_begins_with_examples_and_the_section_is_explained(self):
        for verb in VERBS:
            with self.subTest(verb):
                shown = maas(verb, "--help", check=0).stdout
                self.assertLess(shown.index(f"maas {verb} "), shown.index("--output"))
                self.assertIn(verb, maas("config", "explain", verb, check=0).stdout)
                self.assertIn("max_drop", maas("config", "explain", "gate", check=0).stdout)

    def test_learning_that_is_interrupted_leaves_no_file_and_resumes_to_the_same_bytes(self):
        for verb, row in VERBS.items():
            if not row["learns"]:
                continue
            with self.subTest(verb):
                epochs = row.get("epochs", "train.epochs=40")
                self.run_verb(verb, f"{verb}-whole", "gate.max_drop=1", epochs)
                name = f"{verb}-cut"
                command = [MAAS, verb, str(self.model), *row["words"], "gate.max_drop=1", epochs,
                           f"output_dir={self.folder / (name + '-run')}", "-o",
                           str(self.folder / f"{name}.pt")]
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                           text=True, cwd=self.folder)
                checkpoints = self.folder / f"{name}-run/checkpoints"
                while process.poll() is None and not list(checkpoints.glob("step-*")):
                    time.sleep(0.005)
                process.send_signal(signal.SIGTERM)
                _, talk = process.communicate()
                if process.returncode == 0:
                    continue  # it was quicker than the signal
                self.assertEqual(process.returncode, 75, talk)
                self.assertIn(f"maas {verb} --resume", talk)
                self.assertFalse((self.folder / f"{name}.pt").exists())
                maas(verb, "--resume", self.folder / f"{name}-run", check=0, cwd=self.folder)
                self.assertEqual(digest(self.folder / f"{name}.pt"),
                                 digest(self.folder / f"{verb}-whole.pt"))


class DistillCase(WithTeacher):
    def test_a_student_needs_a_teacher(self):
        done = maas("distill", "model.type=mlp", check=2)
        self.assertIn("no teacher", done.stderr)
        (self.folder / "student.yaml").write_text("model: {type: mlp}\n")
        done = maas("distill", self.folder / "student.yaml", check=2)
        self.assertIn("distill.teacher", done.stderr)

    def test_a_teacher_needs_a_student(self):
        done = maas("distill", self.model, "train.epochs=1", check=2)
        for part in ("no student", "model.type=mlp"):
            self.assertIn(part, done.stderr)

    def test_a_config_names_a_student_of_another_kind(self):
        for student in ("{type: convnet, channels: [4, 8]}", "{type: resnet, depth: 20}", "lenet300"):
            with self.subTest(student):
                file = self.folder / "kind.yaml"
                file.write_text(f"model: {student}\n")
                maas("distill", self.model, file, "--dry-run", check=0, cwd=self.folder)
                file.write_text(f"distill: {{teacher: teacher/model.pt}}\nmodel: {student}\n")
                maas("distill", file, "--dry-run", check=0, cwd=self.folder)
                file.write_text(CONFIG.replace("{type: mlp, hidden: [64, 32]}", student))
                maas("distill", self.model, file, "--dry-run", check=0, cwd=self.folder)

    def test_a_network_named_later_takes_the_place_of_the_one_to_start_from(self):
        file = self.folder / "from.yaml"
        file.write_text(CONFIG.replace("{type: mlp, hidden: [64, 32]}", "{from: teacher/model.pt}"))
        whole = maas("distill", self.model, file, "--dry-run", check=0, cwd=self.folder).stdout
        small = maas("distill", self.model, file, "model.type=mlp", "model.hidden=[4]", "--dry-run",
                     check=0, cwd=self.folder).stdout
        self.assertNotEqual(whole, small)
        maas("train", file, "model.type=mlp", "model.hidden=[4]", "train.epochs=1", "-o",
             self.folder / "replaced", check=0)
        self.assertIn("hidden: [4]", (self.folder / "replaced/resolved.yaml").read_text())
        maas("train", file, "train.epochs=1", "-o", self.folder / "from", check=0)
        self.assertNotIn("hidden", (self.folder / "from/resolved.yaml").read_text())

    def test_a_config_names_the_teacher_beside_it(self):
        (self.folder / "student2.yaml").write_text(
            "name: small\ndistill: {teacher: teacher/model.pt, temperature: 2}\n"
            "model: {type: mlp, hidden: [4]}\ntrain: {epochs: 1}\n")
        maas("distill", self.folder / "student2.yaml", "gate.max_drop=1", cwd=self.folder, check=0)
        self.assertTrue((self.folder / "runs/small/model.pt").exists())
        self.assertTrue((self.folder / "runs/small/report.html").exists())


if __name__ == "__main__":
    unittest.main()
