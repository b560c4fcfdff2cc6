"""predict: rows in, answers out, as files and streams."""
import csv
import gzip
import io
import json
import signal
import subprocess
import unittest

from maas_runs import MAAS, Case, maas

TINY = ["train.epochs=2", "train.threads=1", "train.batch_size=16"]


class OfATable(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rows = "".join(f"{i % 7},{'red' if i % 2 else 'blue'},{'abc'[i % 3]}\n" for i in range(120))
        (cls.folder / "table.csv").write_text("x,colour,kind\n" + rows)
        (cls.folder / "t.yaml").write_text("name: kinds\ndata:\n  type: csv\n  train: {path: table.csv}\n"
                                           "  label: kind\nmodel: {type: mlp, hidden: [8]}\n")
        maas("train", cls.folder / "t.yaml", *TINY, "-o", cls.folder / "run", check=0)
        cls.run_folder = cls.folder / "run"
        cls.new = cls.folder / "new.csv"
        cls.new.write_text("id,colour,x\n" + "".join(f"n{i},{'red' if i % 3 else 'blue'},{i}\n" for i in range(40)))

    def predict(self, *arguments, check=0, **given):
        return maas("predict", self.run_folder, *arguments, check=check, **given)

    def rows_of(self, text):
        return list(csv.DictReader(io.StringIO(text)))

    def test_csv_has_labels_and_probabilities_by_name(self):
        rows = self.rows_of(self.predict(self.new, "--format", "csv", "--keep", "id").stdout)
        self.assertEqual(list(rows[0]), ["row", "id", "label", "probability", "p_a", "p_b", "p_c"])
        self.assertEqual([row["id"] for row in rows], [f"n{i}" for i in range(40)])
        for row in rows:
            shares = {label: float(row["p_" + label]) for label in "abc"}
            self.assertAlmostEqual(sum(shares.values()), 1, places=5)
            self.assertEqual(row["label"], max(shares, key=shares.get))
            self.assertEqual(row["probability"], row["p_" + row["label"]])
        few = self.rows_of(self.predict(self.new, "--format", "csv", "--top", "2").stdout)
        self.assertEqual(list(few[0]), ["row", "label", "probability", "label_2", "probability_2"])

    def test_all_forms_say_the_same(self):
        rows = self.rows_of(self.predict(self.new, "--format", "csv").stdout)
        lines = [json.loads(line) for line in self.predict(self.new, "--format", "jsonl").stdout.splitlines()]
        self.assertEqual([line["label"] for line in lines], [row["label"] for row in rows])
        self.assertEqual(lines[3]["input"], f"{self.new}:4")
        self.assertAlmostEqual(lines[3]["probabilities"]["b"], float(rows[3]["p_b"]), places=6)
        table = self.predict(self.new, "--format", "table").stdout.splitlines()
        self.assertEqual(table[0].split(), ["row", "label", "probability", "p_a", "p_b", "p_c"])
        self.assertEqual([line.split()[1] for line in table[1:]], [row["label"] for row in rows])
        text = self.predict(self.new).stdout.splitlines()
        self.assertEqual([line.split("  ")[1].split()[0] for line in text], [row["label"] for row in rows])

    def test_a_file_of_answers_has_its_name_when_it_is_whole(self):
        answers = self.folder / "answers.csv"
        done = self.predict(self.new, "-o", answers)
        self.assertIn("answers for 40 rows", done.stdout)
        self.assertEqual(answers.read_text(), self.predict(self.new, "--format", "csv").stdout)
        self.assertIn("--force", self.predict(self.new, "-o", answers, check=2).stderr)
        said = json.loads(self.predict(self.new, "-o", answers, "--force", "--json").stdout)
        self.assertEqual(said["rows"], 40)
        bad = self.folder / "bad.csv"
        bad.write_text(self.new.read_text() + "n41,red,much\n")
        done = self.predict(bad, "-o", self.folder / "none.csv", check=3)
        self.assertIn("bad.csv:42:9: 'much' in column 'x'", done.stderr)
        self.assertEqual([path for path in self.folder.iterdir() if "none" in path.name], [])
        self.assertIn("--format", self.predict(self.new, "-o", self.folder / "a.dat", check=2).stderr)

    def test_stdin_and_gzip_are_read_as_files_are(self):
        wanted = self.predict(self.new, "--format", "csv").stdout
        self.assertEqual(self.predict("-", "--format", "csv", stdin=self.new.read_text()).stdout, wanted)
        packed = self.folder / "new.csv.gz"
        packed.write_bytes(gzip.compress(self.new.read_bytes()))
        self.assertEqual(self.predict(packed, "--format", "csv").stdout, wanted)
        lines = '{"x": 1, "colour": "red"}\n{"x": 2, "colour": "blue"}\n'
        self.assertEqual(len(self.predict("-", stdin=lines).stdout.splitlines()), 2)

    def test_a_table_without_the_models_columns_is_refused(self):
        (self.folder / "short.csv").write_text("id,shade\n1,red\n")
        self.assertIn("2 of 2 columns are absent: x, colour", self.predict(self.folder / "short.csv", check=3).stderr)
        (self.folder / "near.csv").write_text("X,colour\n1,red\n")
        self.assertIn("did you mean 'X'", self.predict(self.folder / "near.csv", "--keep", "X", check=3).stderr)
        self.assertIn("no column 'name'", self.predict(self.new, "--keep", "name", check=3).stderr)

    def test_a_file_in_another_form_is_read_when_its_header_says_how(self):
        wanted = self.predict(self.new, "--format", "csv").stdout
        other = self.folder / "other.csv"
        other.write_bytes(self.new.read_text().replace(",", ";").replace("n1;", "n\u00fc;").encode("latin-1"))
        done = self.predict(other, "--format", "csv")
        self.assertEqual(done.stdout, wanted)
        self.assertIn("it is read with ';' between cells and as latin-1, unlike the training data", done.stderr)
        self.assertEqual(self.predict("-", "--format", "csv", stdin=self.new.read_text().replace(",", ";")).stdout,
                         wanted)

    def test_unknown_categories_are_told_once_a_file(self):
        strange = self.folder / "strange.csv"
        strange.write_text("x,colour\n" + "1,pink\n" * 3000 + "2,grey\n")
        done = self.predict(strange, "-o", self.folder / "strange.jsonl")
        self.assertEqual(done.stderr.count("warning"), 1)
        self.assertIn("3001 values of categories", done.stderr)
        self.assertIn("strange.csv:2:3: 'pink'", done.stderr)

    def test_several_inputs_say_which_each_row_is_from(self):
        rows = self.rows_of(self.predict(self.new, self.folder / "table.csv", "--format", "csv").stdout)
        self.assertEqual((rows[40]["input"], rows[40]["row"]), (str(self.folder / "table.csv"), "1"))

    def many_rows(self, name, count, bad=None):  # some pieces of 1 MiB
        rows = [f"{i:0>200},{'red' if i % 3 else 'blue'},{'much' if i == bad else i % 7}\n" for i in range(count)]
        (self.folder / name).write_text("id,colour,x\n" + "".join(rows))
        return self.folder / name

    def test_rows_are_answered_in_order_while_the_next_are_read(self):
        arguments = [self.many_rows("many.csv", 20_000), "--format", "csv", "--keep", "id"]
        text = self.predict(*arguments, env={"OMP_NUM_THREADS": "3"}).stdout
        self.assertEqual([int(row["id"]) for row in self.rows_of(text)], list(range(20_000)))
        self.assertEqual(text, self.predict(*arguments, env={"OMP_NUM_THREADS": "1"}).stdout)

    def test_what_was_answered_before_a_fault_stays_answered(self):
        arguments = [self.many_rows("fault.csv", 20_000, bad=17_000), "--format", "csv", "--keep", "id"]
        for threads in ("1", "3"):
            done = self.predict(*arguments, env={"OMP_NUM_THREADS": threads}, check=3)
            self.assertIn("fault.csv:17002:206: 'much' in column 'x' is not a finite number", done.stderr)
            told = [int(row["id"]) for row in self.rows_of(done.stdout)]
            self.assertEqual(told, list(range(len(told))))
            self.assertEqual(len(told), 17_000)
        short = self.folder / "bad.csv"
        short.write_text("x,colour\n1,red\n\n2,blue\nmuch,red\n3,red\n")
        done = self.predict(short, check=3)
        self.assertEqual([line.split("  ")[0] for line in done.stdout.splitlines()], [f"{short} row 1", f"{short} row 2"])
        self.assertIn("bad.csv:5:1: 'much' in column 'x'", done.stderr)
        self.assertEqual(self.predict("-", stdin="x,colour\nmuch,red\n", check=3).stdout, "")

    def test_json_is_an_object_a_row_as_its_help_says(self):
        lines = self.predict(self.new, "--json").stdout.splitlines()
        self.assertEqual(len([json.loads(line)["input"] for line in lines]), 40)
        self.assertIn("predict: one a row", self.predict("--help").stdout)

    def test_nothing_is_refused_by_what_is_expected(self):
        done = self.predict("-", stdin="\n\n", check=3)
        self.assertIn("stdin: holds nothing but blanks; expected rows as CSV below the columns' names, or as JSON",
                      done.stderr)

    def test_a_signal_leaves_no_half_file(self):
        answers = self.folder / "half.csv"
        process = subprocess.Popen([MAAS, "predict", self.run_folder, "-", "-o", answers], stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.stdin.write("x,colour\n" + "1,red\n" * 1_000_000)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        try:
            process.stdin.write("1,red\n" * 1_000_000)
        except BrokenPipeError:
            pass
        text = process.communicate()[1]
        self.assertEqual(process.returncode, 75, text)
        self.assertIn("stopped after", text)
        self.assertEqual([path for path in self.folder.iterdir() if "half" in path.name], [])


class OfNumbers(Case):
    def test_a_regression_answers_by_target_in_its_unit(self):
        rows = "".join(f"{i % 10},{1000 + 500 * (i % 10)},{i % 10}\n" for i in range(200))
        (self.folder / "t.csv").write_text("rooms,price,age\n" + rows)
        (self.folder / "t.yaml").write_text(
            "data:\n  type: csv\n  train: {path: t.csv}\n  labels: [price, age]\n  task: regression\n"
            "model: {type: mlp, hidden: [16]}\ntrain: {epochs: 60, learning_rate: 0.01, threads: 1}\n")
        maas("train", self.folder / "t.yaml", "-o", self.folder / "run", check=0)
        (self.folder / "new.csv").write_text("rooms,price\n4,7\n8,9\n")
        done = maas("predict", self.folder / "run", self.folder / "new.csv", "--format", "csv", "--keep", "price",
                    check=0)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(list(rows[0]), ["row", "input_price", "price", "age"])
        self.assertAlmostEqual(float(rows[0]["price"]), 3000, delta=300)
        self.assertAlmostEqual(float(rows[1]["age"]), 8, delta=1)
        said = json.loads(maas("predict", self.folder / "run", "-", "--json", check=0, stdin='{"rooms": 4}').stdout)
        self.assertAlmostEqual(said["values"]["price"], float(rows[0]["price"]), places=1)
        self.assertEqual(set(said), {"input", "values", "outputs"})
        for form in ("text", "table"):  # as many digits as CSV has
            shown = maas("predict", self.folder / "run", self.folder / "new.csv", "--format", form, check=0).stdout
            for row in rows:
                self.assertIn(row["price"], shown)
        done = maas("predict", self.folder / "run", self.folder / "new.csv", "--top", "2", check=2)
        self.assertIn("answers with numbers", done.stderr)

    def test_each_target_of_a_regression_is_measured_by_itself(self):
        rows = "".join(f"{i % 10},{1000 + 500 * (i % 10)},{i % 7}\n" for i in range(200))
        (self.folder / "m.csv").write_text("rooms,price,age\n" + rows)
        (self.folder / "m.yaml").write_text(
            "data:\n  type: csv\n  train: {path: m.csv}\n  labels: [price, age]\n  task: regression\n"
            "  test_fraction: 0.2\nmodel: {type: mlp, hidden: [8]}\ntrain: {epochs: 5, threads: 1}\n")
        maas("train", self.folder / "m.yaml", "-o", self.folder / "several", check=0)
        found = json.loads(maas("eval", self.folder / "several", "--json", check=0).stdout)
        self.assertEqual([row["target"] for row in found["per_target"]], ["price", "age"])
        self.assertAlmostEqual(sum(row["rmse"] for row in found["per_target"]) / 2, found["metrics"]["rmse"], places=6)
        shown = maas("eval", self.folder / "several", check=0).stdout
        self.assertRegex(shown, r"(?m)^  target +rmse")
        self.assertRegex(shown, r"(?m)^  price +\d")
        said = maas("export", self.folder / "several", "-o", self.folder / "several.onnx", check=0).stderr
        self.assertIn("it differs by", said)
        self.assertNotIn("same class", said)


class OfRunFolders(Case):
    def test_several_labels_are_answered_by_their_thresholds_in_every_form(self):
        drawn = "".join(f"{i % 10 / 10},{int(i % 10 > 6)},{int(i % 10 > 8)}\n" for i in range(200))
        (self.folder / "tags.csv").write_text("x,high,higher\n" + drawn)
        (self.folder / "tags.yaml").write_text(
            "name: tags\ndata: {type: csv, train: tags.csv, labels: [high, higher], task: multi_label, "
            "validation: 0.2}\nmodel: {type: mlp, hidden: [8]}\neval: {threshold: tune}\n")
        run = self.folder / "tags"
        maas("train", self.folder / "tags.yaml", *TINY, "train.epochs=60", "train.learning_rate=0.02", "-o", run, check=0)
        new = self.folder / "tags_new.csv"
        new.write_text("x\n0\n0.9\n0.75\n")
        done = maas("predict", run, new, "--format", "csv", check=0)
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        held = [sorted(name for name in ("high", "higher") if row[name] == "1") for row in rows]
        lines = maas("predict", run, new, "--format", "jsonl", check=0).stdout.splitlines()
        self.assertEqual([sorted(json.loads(line)["labels"]) for line in lines], held)
        self.assertIn([], held)
        text = maas("predict", run, new, check=0).stdout.splitlines()
        for line, labels in zip(text, held):
            said = line.split("  ")[1].rstrip(":")
            self.assertEqual(sorted(said.split(", ")) if said != "no label" else [], labels)
        without = maas("eval", run, "--split", "validation", "eval.threshold=none", check=0)
        self.assertIn("the thresholds of training do not count here", without.stderr)

    def test_models_of_other_columns_are_compared_each_by_its_own_reading(self):
        rows = "".join(f"{i % 7},{'red' if i % 2 else 'blue'},{'ab'[i % 7 > 3]}\n" for i in range(140))
        (self.folder / "t.csv").write_text("x,colour,kind\n" + rows)
        for name, columns in (("both", ""), ("one", ", columns: {colour: ignore}")):
            (self.folder / f"{name}.yaml").write_text(
                f"name: kinds\ndata: {{type: csv, train: t.csv, label: kind, test_fraction: 0.2{columns}}}\n"
                "model: {type: mlp, hidden: [16]}\ntrain: {learning_rate: 0.05}\n")
            maas("train", self.folder / f"{name}.yaml", *TINY, "train.epochs=40", "-o", self.folder / name, check=0)
        for one, other in (("both", "one"), ("one", "both")):
            done = maas("eval", self.folder / one, "--against", self.folder / other, "--json", check=0)
            self.assertGreater(json.loads(done.stdout)["agreement"], 0.9)

    def test_every_verb_takes_the_folder_of_a_run(self):
        self.train("run")
        for verb in (["inspect"], ["eval"], ["bench", "--batch", "1", "--threads", "1"]):
            maas(verb[0], self.folder / "run", *verb[1:], check=0)
        maas("export", self.folder / "run", "-o", self.folder / "x.onnx", check=0)
        maas("quantize", self.folder / "run", "--dry-run", check=0)
        maas("prune", self.folder / "run", "--dry-run", check=0)
        done = maas("serve", self.folder / "run", "--dry-run", check=0)
        self.assertIn("run/model.pt", done.stdout)
        (self.folder / "run/model.pt").unlink()
        done = maas("predict", self.folder / "run", "x.png", check=3)
        self.assertIn("has not written its model yet", done.stderr)
        self.assertIn("maas train --resume", done.stderr)
        (self.folder / "empty").mkdir()
        self.assertIn("a folder without a model.pt", maas("inspect", self.folder / "empty", check=3).stderr)


if __name__ == "__main__":
    unittest.main()
