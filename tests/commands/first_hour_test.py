"""What a person does after the first training: new data, runs side by side, a stop in between, searches."""
import json
import math
import pathlib
import random
import re
import signal
import subprocess
import time
import unittest

from maas_runs import MAAS, Case, maas


def table_of(rows, seed=0):
    """Numbers, two islands, and a class that both decide."""
    drawn = random.Random(seed)
    lines = ["mass,island,id,species"]
    for i in range(rows):
        mass, island = drawn.uniform(2, 6), drawn.choice(["Biscoe", "Dream"])
        species = "big" if mass + (island == "Dream") > 4.5 else "small"
        lines.append(f"{mass:.3f},{island},n{i},{species}")
    return "\n".join(lines) + "\n"


class OfATable(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "birds.csv").write_text(table_of(200))
        cls.config = cls.folder / "birds.yaml"
        cls.run_folder = cls.folder / "runs/birds"
        maas("init", cls.folder / "birds.csv", "-o", cls.config, "train.epochs=12", "train.folds=0",
             "data.validation=0.2", "train.threads=1", "train.learning_rate=0.01", check=0)
        maas("train", cls.config, "-o", cls.run_folder, check=0)
        (cls.folder / "new.csv").write_text(table_of(90, seed=1))

    def test_init_writes_settings_into_the_config(self):
        text = self.config.read_text()
        self.assertRegex(text, r"(?m)^  epochs: 12$")
        self.assertRegex(text, r"(?m)^  folds: 0$")
        self.assertRegex(text, r"(?m)^  threads: 1$")
        self.assertIn("missing: mean", text)
        done = maas("init", self.folder / "birds.csv", "-o", "-", "model.hidden=[7]", "train.schedule.type=linear",
                    "seed=9", "data.label=island", "data.columns.mass=numeric", check=0)
        self.assertIn("model: {type: mlp, hidden: [7], activation: gelu", done.stdout)
        self.assertIn("schedule: {type: linear, warmup: 5%}", done.stdout)
        self.assertIn('label: "island"', done.stdout)
        self.assertRegex(done.stdout, r"(?m)^seed: 9 +# the same seed")
        self.assertRegex(done.stdout, r"(?m)^    mass: numeric$")
        done = maas("init", self.folder / "birds.csv", "-o", "-", "train.epoch=3", check=2)
        self.assertIn("did you mean 'epochs'", done.stderr)
        self.assertIn("leave one out", maas("init", self.folder / "birds.csv", self.folder / "new.csv",
                                            check=2).stderr)

    def test_init_tells_programs_what_it_saw(self):
        said = json.loads(maas("init", self.folder / "birds.csv", "-o", "-", "--json", check=0).stdout)
        columns = {column["name"]: column for column in said["columns"]}
        self.assertEqual((columns["mass"]["kind"], columns["island"]["kind"]), ("number", "text"))
        self.assertEqual(columns["island"]["distinct"], 2)
        self.assertIn("ignored", columns["id"]["use"])
        self.assertGreater(columns["mass"]["most"], columns["mass"]["least"])

    def test_a_gap_in_a_later_row_is_told_and_answered(self):
        (self.folder / "gap.csv").write_text("mass,island\n,Dream\n3,\n4,Biscoe\n")
        done = maas("predict", self.run_folder, self.folder / "gap.csv", check=0)
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertIn("column 'mass': 1 value is missing and counts as the mean of training (first: "
                      f"{self.folder}/gap.csv:2:1)", done.stderr)
        self.assertIn("column 'island': 1 value is missing and counts as unknown", done.stderr)

    def test_eval_measures_on_new_rows_and_by_group(self):
        said = json.loads(maas("eval", self.run_folder, self.folder / "new.csv", "--by", "island", "--by", "mass",
                               "--json", check=0).stdout)
        self.assertEqual((said["samples"], said["data"]), (90, str(self.folder / "new.csv")))
        self.assertGreater(said["metrics"]["accuracy"], 0.8)
        island, mass = said["by"]
        self.assertEqual([s["value"] for s in island["slices"]], ["Biscoe", "Dream"])
        self.assertEqual(sum(s["samples"] for s in island["slices"]), 90)
        mean = sum(s["metrics"]["accuracy"] * s["samples"] for s in island["slices"]) / 90
        self.assertAlmostEqual(mean, said["metrics"]["accuracy"])
        self.assertEqual(len(mass["slices"]), 4)
        self.assertTrue(mass["slices"][0]["value"].startswith("up to "))
        text = maas("eval", self.run_folder, self.folder / "new.csv", "--by", "island", check=0).stdout
        self.assertRegex(text, r"90 samples of .*new\.csv")
        self.assertRegex(text, r"(?m)^  Dream +\d+ +[01]\.\d{4}")

    def test_eval_says_what_new_data_lack(self):
        (self.folder / "bare.csv").write_text("mass,island\n3,Dream\n")
        self.assertIn("there is no column 'species'",
                      maas("eval", self.run_folder, self.folder / "bare.csv", check=3).stderr)
        self.assertIn("there is no column 'islan'; did you mean 'island'",
                      maas("eval", self.run_folder, self.folder / "new.csv", "--by", "islan", check=3).stderr)
        self.assertIn("beside new data", maas("eval", self.run_folder, self.folder / "new.csv", "--split", "train",
                                              check=2).stderr)
        rows = "".join(f"{i % 5},Dream,n{i},small\n" for i in range(101))
        (self.folder / "many.csv").write_text("mass,island,id,species\n" + rows)
        self.assertIn("column 'id' has 101 values", maas("eval", self.run_folder, self.folder / "many.csv", "--by", "id",
                                                         check=2).stderr)

    def test_runs_are_listed_with_what_differs(self):
        maas("train", self.config, "train.learning_rate=0.001", "train.epochs=2", "-o", self.folder / "runs/slow",
             check=0)
        text = maas("runs", self.folder / "runs", check=0).stdout
        self.assertRegex(text, r"(?m)^run +status +accuracy +time +steps +model +settings that differ$")
        self.assertRegex(text, r"(?m)^birds +finished +[01]\.\d{4} .* MB .*train\.learning_rate=0\.01")
        said = json.loads(maas("runs", self.folder / "runs", "--json", "--sort", "accuracy", check=0).stdout)
        self.assertEqual([pathlib.Path(run["folder"]).name for run in said["runs"]], ["birds", "slow"])
        self.assertEqual(said["runs"][1]["settings"]["train.epochs"], "2")
        self.assertIn("no run has the metric 'rmse'", maas("runs", self.folder / "runs", "--sort", "rmse",
                                                           check=2).stderr)
        page = self.folder / "compare.html"
        text = maas("runs", "compare", self.run_folder, self.folder / "runs/slow", "-o", page, check=0).stdout
        self.assertRegex(text, r"(?m)^  train\.learning_rate +0\.01 +0\.001$")
        self.assertRegex(text, r"(?m)^  accuracy +[01]\.\d{4} +[01]\.\d{4}$")
        self.assertIn("<svg", page.read_text())
        self.assertEqual(said["runs"][0]["metrics_of"], "model.pt")
        (self.folder / "runs/slow/model.pt").unlink()
        text = maas("runs", self.folder / "runs", check=0).stdout
        self.assertRegex(text, r"(?m)^birds .* [01]\.\d{4}  (?s:.*)^slow .* [01]\.\d{4}\* (?s:.*)"
                               r"^\* no model\.pt: the best on the validation rows$")
        text = maas("runs", "compare", self.run_folder, self.folder / "runs/slow", check=0).stdout
        self.assertRegex(text, r"(?m)^  metrics of +model\.pt +validation$")
        self.assertIn("two or more", maas("runs", "compare", self.run_folder, check=2).stderr)
        self.assertIn("holds no run", maas("runs", "compare", self.run_folder, self.folder, check=3).stderr)

    def test_settings_are_compared_between_runs_of_their_kind(self):
        runs = self.folder / "kinds"
        images = self.folder / "images.yaml"
        images.write_text("name: images\ndata: {type: synthetic, samples: 64, height: 4, width: 4, classes: 2, "
                          "validation: 0.25}\nmodel: {type: mlp, hidden: [4]}\ntrain: {epochs: 1, batch_size: 8}\n")
        maas("train", self.config, "train.epochs=1", "train.folds=0", "data.validation=0.2", "-o", runs / "table",
             check=0)
        maas("train", images, "-o", runs / "a", check=0)
        maas("train", images, "data.noise=1", "train.body_learning_rate=0.01", "-o", runs / "b", check=0)
        said = json.loads(maas("runs", runs, "--json", check=0).stdout)["runs"]
        kept = {pathlib.Path(run["folder"]).name: run["settings"] for run in said}
        for name in ("a", "b", "table"):
            self.assertIn("data.type", kept[name])
        self.assertEqual(kept["b"]["data.noise"], "1")
        self.assertEqual([kept[name].get("train.body_learning_rate") for name in ("a", "b")], [None, "0.01"])
        for name in ("data.height", "data.samples", "data.label", "data.missing"):
            self.assertNotIn(name, kept["a"] | kept["table"])

    def test_students_are_compared_by_what_taught_them(self):
        runs = [self.folder / f"taught_{temperature}" for temperature in (2, 5)]
        for run, temperature in zip(runs, (2, 5)):
            maas("distill", self.run_folder, "model.type=mlp", "model.hidden=[4]", "train.epochs=1", "gate.max_drop=1",
                 f"distill.temperature={temperature}", f"output_dir={run}", "-o", run.with_suffix(".pt"), check=0)
        text = maas("runs", "compare", *runs, check=0).stdout
        self.assertRegex(text, r"(?m)^  distill\.temperature +2 +5$")
        self.assertNotIn("distill.soft_weight", text)

    def test_an_interrupted_run_leaves_the_best_so_far(self):
        folder = self.folder / "stopped"
        process = subprocess.Popen([MAAS, "train", str(self.config), "train.epochs=100000", "-o", str(folder)],
                                   stderr=subprocess.PIPE, text=True)
        while not (folder / "metrics.jsonl").exists() or "validation" not in (folder / "metrics.jsonl").read_text():
            time.sleep(0.02)
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        text = process.communicate()[1]
        self.assertEqual(process.returncode, 75, text)
        self.assertRegex(text, r"stopped/model\.pt and report\.html have the best so far: accuracy [01]\.\d{4}")
        self.assertIn("maas train --resume", text)
        maas("predict", folder, "-", stdin='{"mass": 3, "island": "Dream"}', check=0)
        self.assertTrue((folder / "report.html").exists())
        self.assertIn("interrupted", (folder / "STATUS").read_text())

    def test_a_folded_run_counts_its_steps_in_one_way(self):
        folder = self.folder / "folded"
        arguments = ["train.folds=3", "data.validation=0", "train.epochs=4", "train.log_every=1"]
        done = maas("train", self.config, *arguments, "-o", folder, "--json", check=0)
        steps = json.loads(done.stdout)["steps"]
        logged = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        trained = [row["step"] for row in logged if row["split"] == "train"]
        self.assertEqual(trained, list(range(1, steps + 1)))
        self.assertEqual(max(row["step"] for row in logged), steps)
        self.assertEqual({row["fold"] for row in logged}, {1, 2, 3})
        page = (folder / "report.html").read_text()
        curves = json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page, re.S)[1])["curves"]
        loss = {(line["split"], line["fold"]): line["steps"] for line in curves if line["metric"] == "loss"}
        self.assertEqual(len(loss), 6)
        self.assertEqual({line[0] for (split, _), line in loss.items() if split == "train"}, {1})
        held = {}  # accuracy after each epoch, by fold
        for row in logged:
            if row["split"] == "validation":
                held.setdefault(row["fold"], []).append(row["accuracy"])
        self.assertEqual([len(values) for values in held.values()], [4, 4, 4])
        text = maas("runs", "compare", folder, folder, check=0).stdout
        told = re.search(r"accuracy \(validation\) at epoch.*\n((?:  \d.*\n)+)", text)[1].split("\n")[:-1]
        wanted = [sum(values) / 3 for values in zip(*held.values())]
        self.assertEqual([line.split()[:2] for line in told],
                         [[str(i + 1), f"{value:.4f}"] for i, value in enumerate(wanted)])

    def test_find_lr_shows_a_rate_and_writes_nothing(self):
        said = json.loads(maas("train", self.config, "--find-lr", "-o", self.folder / "none", "--json",
                               check=0).stdout)
        self.assertGreater(said["learning_rate"], 1e-6)
        self.assertLessEqual(said["learning_rate"], said["lowest_loss_at"])
        self.assertFalse((self.folder / "none").exists())
        text = maas("train", self.config, "--find-lr", check=0)
        self.assertIn("falls most steeply at", text.stdout)
        self.assertIn("train.learning_rate=", text.stderr)

    def test_find_lr_bears_rare_large_numbers(self):
        draw = random.Random(1)
        rows = [(draw.gauss(0, 1), draw.gauss(0, 1)) for _ in range(800)]
        table = self.folder / "skewed.csv"
        table.write_text("a,b,price\n" + "".join(f"{a:.4f},{b:.4f},{math.exp(2 * a + b + 3):.2f}\n" for a, b in rows))
        config = self.folder / "skewed.yaml"
        maas("init", table, "-o", config, check=0)
        said = json.loads(maas("train", config, "--find-lr", "--json", check=0).stdout)
        self.assertGreater(said["learning_rate"], 1e-4)
        self.assertLess(said["learning_rate"], 0.3)


class OfRareClasses(Case):
    def test_training_and_eval_say_what_the_metrics_hide(self):
        rows = [f"{(i * 37 % 101) / 50},{(i * 53 % 97) / 50},{'rare' if i % 20 == 7 else 'common'}" for i in range(400)]
        table = self.folder / "uneven.csv"
        table.write_text("\n".join(["a,b,y", *rows]) + "\n")
        config = self.folder / "uneven.yaml"
        config.write_text(f"name: uneven\ndata: {{type: csv, train: {table}, label: y, test_fraction: 0.25}}\n"
                          "model: {type: mlp, hidden: [4]}\ntrain: {epochs: 2, threads: 1}\n")
        hidden = "rare and hardly found, which the accuracy of 0.950 hides: 'rare' (recall 0.00, 0 of "
        done = maas("train", config, "-o", self.folder / "uneven", check=0)
        self.assertIn(hidden + "5 found)", done.stderr)
        done = maas("eval", self.folder / "uneven", table, check=0)
        self.assertIn(hidden + "20 found)", done.stderr)
        common = self.folder / "common.csv"
        common.write_text("\n".join(["a,b,y", *[row for row in rows if "common" in row]]) + "\n")
        done = maas("eval", self.folder / "uneven", common, "eval.metrics=[accuracy,roc_auc]", check=0)
        self.assertIn("no row is of 'rare', every row is of 'common': nothing to tell apart for roc_auc", done.stderr)


    def test_tuned_thresholds_find_the_rare_class_and_stay_with_the_model(self):
        drawn = random.Random(4)
        rows = []
        for _ in range(1500):
            rare = drawn.random() < 0.06
            rows.append(f"{drawn.gauss(1.2 if rare else 0, 1):.4f},{drawn.gauss(1 if rare else 0, 1):.4f},"
                        f"{'rare' if rare else 'common'}")
        table = self.folder / "thresholds.csv"
        table.write_text("\n".join(["a,b,y", *rows]) + "\n")
        config = self.folder / "thresholds.yaml"
        config.write_text(f"name: thresholds\ndata: {{type: csv, train: {table}, label: y, test_fraction: 0.25, "
                          "validation: 0.25}\nmodel: {type: mlp, hidden: [8]}\ntrain: {epochs: 30, threads: 1}\n"
                          "eval: {metrics: [nll, balanced_accuracy, recall]}\n")
        plain, tuned = (json.loads(maas("train", config, "-o", self.folder / name, f"eval.threshold={threshold}",
                                        "--json", check=0).stdout)
                        for name, threshold in (("highest", "none"), ("tuned", "tune")))
        self.assertGreater(tuned["metrics"]["balanced_accuracy"], plain["metrics"]["balanced_accuracy"] + 0.1)
        self.assertEqual(tuned["metrics"]["nll"], plain["metrics"]["nll"])
        model = tuned["model"]
        self.assertRegex(maas("inspect", model, check=0).stdout, r"answers by thresholds: common 0\.\d+, rare 0\.\d+")
        said = json.loads(maas("inspect", model, "--json", check=0).stdout)["data"]
        common, rare = said["thresholds"]
        answers = [json.loads(line) for line in
                   maas("predict", model, table, "--format", "jsonl", check=0).stdout.splitlines()]
        for answer in answers:
            shares = answer["probabilities"]
            self.assertEqual(answer["label"], "rare" if shares["rare"] / rare > shares["common"] / common else "common")
        self.assertTrue(any(answer["label"] == "rare" and answer["probability"] < 0.5 for answer in answers))
        measured = json.loads(maas("eval", model, "--json", check=0).stdout)["metrics"]
        self.assertEqual(measured["balanced_accuracy"], tuned["metrics"]["balanced_accuracy"])
        done = maas("export", model, "-o", self.folder / "thresholds.onnx", check=0)
        self.assertIn("answers by thresholds (eval.threshold), which stay behind", done.stderr)
        pruned = maas("prune", model, "-o", self.folder / "pruned.pt", "prune.ratio=0.2", "gate.max_drop=1",
                      check=0).stdout.splitlines()[0]
        self.assertEqual(json.loads(maas("inspect", pruned, "--json", check=0).stdout)["data"]["thresholds"],
                         said["thresholds"])
        done = maas("train", config, "-o", self.folder / "none", "eval.threshold=tune", "data.validation=0", check=2)
        self.assertIn("rows that the network has not learnt from", done.stderr)
        self.assertIn("set data.validation=0.2, or train.folds=5", done.stderr)


class Searches(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "birds.csv").write_text(table_of(120))
        cls.config = cls.folder / "birds.yaml"
        maas("init", cls.folder / "birds.csv", "-o", cls.config, "train.epochs=9", "train.folds=0",
             "data.validation=0.2", "train.threads=1", check=0)
        with cls.config.open("a") as file:
            file.write("tune:\n  trials: 6\n  keep: 3\n  rounds: 2\n  settings:\n"
                       "    train.learning_rate: 1e-6 .. 1e-1\n    model.hidden: \"[4] | [16, 8]\"\n")

    def tune(self, *arguments, check=0):
        return maas("tune", self.config, "-o", self.folder / "search", *arguments, check=check)

    def test_a_search_refuses_what_training_does_not_read(self):
        for setting in ("distill.temperature", "prune.ratio"):
            said = self.tune("--dry-run", f"tune.settings={{{setting}: 0.1 .. 0.9}}", check=2).stderr
            self.assertIn("is nothing that training reads", said)
        plan = self.tune("--dry-run", "tune.settings={model.dropout: 0 .. 0.9}", "tune.trials=1").stdout
        self.assertIn("round 1: 1 trial of 3 epochs", plan)

    def test_a_search_finds_settings_and_goes_on_where_it_was(self):
        plan = self.tune("--dry-run").stdout
        self.assertIn("round 1: 6 trials of 3 epochs", plan)
        self.assertIn("round 2: 2 trials of 9 epochs", plan)
        done = self.tune()
        self.assertRegex(done.stdout, r"best: nll 0\.\d{4} with model\.hidden=\[.*\] train\.learning_rate=")
        shares = [int(share) for share in re.findall(r"explains +(\d+) % of the differences", done.stdout)]
        self.assertEqual(len(shares), 2)
        self.assertLessEqual(sum(shares), 101)  # each is rounded
        self.assertIn("6 trials of the first round are few for 2 settings", done.stdout)
        record = self.folder / "search/tune.jsonl"
        lines = record.read_text().splitlines()
        self.assertEqual([json.loads(line)["round"] for line in lines], [0] * 6 + [1] * 2)
        self.assertIn("--resume", self.tune(check=2).stderr)
        record.write_text("\n".join(lines[:7]) + "\n" + lines[7][:20])  # a crash in the last line
        (self.folder / "search/best.yaml").unlink()
        again = self.tune("--resume")
        self.assertEqual(again.stderr.count("trial "), 1)
        self.assertEqual(again.stdout, done.stdout)
        maas("config", "check", self.folder / "search/best.yaml", check=0)
        self.assertIn("What matters", (self.folder / "search/report.html").read_text())
        text = maas("runs", self.folder / "search", check=0).stdout
        self.assertRegex(text, r"trial-001-round-1 +finished")
        self.assertRegex(text, r"^run +status +nll ")
        self.assertIn("was tried with", self.tune("--resume", "seed=5", check=2).stderr)
        for bad, why in (("@@ no json", "is no record of a trial"), ('{"trial": -1}', "is no record of a trial"),
                         ('{"trial": "x"}', "trial")):
            record.write_text("\n".join(lines[:3] + [bad] + lines[4:]) + "\n")
            said = self.tune("--resume", check=3).stderr
            self.assertIn(f"{record}:4: '{bad}", said)
            self.assertIn(why, said)
            self.assertIn("delete the line: --resume then trains that trial again", said)
        record.write_text("\n".join(lines[:3] + lines[4:]) + "\n")
        self.assertEqual(self.tune("--resume").stderr.count("trial "), 1)

    def test_what_cannot_be_searched_is_named(self):
        self.assertIn("an end above the start", self.tune("tune.settings={train.learning_rate: 1 .. 1}", check=2).stderr)
        self.assertIn("two choices or more", self.tune("tune.settings={model.hidden: \"[4]\"}", check=2).stderr)
        self.assertIn("did you mean", self.tune("tune.settings={train.learning_rat: 1 .. 2}", check=2).stderr)
        self.assertIn("keeps no rows apart", self.tune("data.validation=0", "train.early_stop.patience=0",
                                                       check=2).stderr)


if __name__ == "__main__":
    unittest.main()
