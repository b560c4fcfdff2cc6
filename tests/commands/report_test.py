"""What report.html of a training shows, and which columns training says that a table's network goes by."""
import json
import random
import re
import unittest

from maas_runs import Case, maas


def table_of(rows, seed=0):
    """A class that mass and island decide; `noise` decides nothing, and there are gaps in it."""
    drawn = random.Random(seed)
    lines = ["mass,island,noise,seen,species"]
    for i in range(rows):
        mass, island = drawn.uniform(2, 6), drawn.choice(["Biscoe", "Dream", "Torgersen"])
        species = "big" if mass + (island == "Dream") > 4.5 else "small"
        noise = "" if i % 50 == 7 else f"{drawn.uniform(0, 1):.3f}"
        lines.append(f"{mass:.3f},{island},{noise},20{10 + i % 9}-0{1 + i % 8}-1{i % 7},{species}")
    return "\n".join(lines) + "\n"


class Report(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "birds.csv").write_text(table_of(400))
        cls.config = cls.folder / "birds.yaml"
        maas("init", cls.folder / "birds.csv", "-o", cls.config, "train.epochs=25", "train.folds=0", "data.validation=0.2",
             "train.threads=1", "train.learning_rate=0.01", "train.log_every=5", check=0)
        cls.said = json.loads(maas("train", cls.config, "-o", cls.folder / "run", "--json", check=0).stdout)
        cls.page = (cls.folder / "run/report.html").read_text()
        cls.data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', cls.page)[1])

    def test_importance_is_of_the_columns_of_the_file(self):
        found = self.said["importance"]
        columns = {column["name"]: column for column in found["columns"]}
        self.assertEqual(set(columns), {"mass", "island", "noise", "seen"})
        self.assertEqual(found["columns"][0]["name"], "mass")
        self.assertEqual((found["metric"], found["rows"], found["repeats"]), ("accuracy", 80, 5))
        self.assertEqual(found["value"], self.said["metrics"]["accuracy"])
        self.assertGreater(columns["mass"]["mean"], 0.2)
        self.assertGreater(columns["mass"]["mean"], columns["island"]["mean"])
        self.assertGreater(columns["island"]["mean"], columns["noise"]["mean"])
        self.assertLess(abs(columns["noise"]["mean"]), 0.05)
        self.assertIn("What it goes by", self.page)
        self.assertRegex(self.page, r'<th scope="row">mass</th><td class="track"><div><b style="width:\d')

    def test_the_end_of_training_tells_them_and_what_to_type_next(self):
        done = maas("train", self.config, "-o", self.folder / "told", "train.epochs=3", check=0)
        self.assertRegex(done.stderr, r"(?m)^without \w+, accuracy is -?0\.\d{4} worse, without \w+ ")
        self.assertRegex(done.stderr, r"(?m)^next: maas serve .*model\.pt --port 8000, or maas predict .*model\.pt new\.csv$")

    def test_the_loss_of_training_and_validation_share_a_chart(self):
        splits = {series["split"] for series in self.data["curves"] if series["metric"] == "loss"}
        self.assertEqual(splits, {"train", "validation"})
        logged = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        held = [row for row in logged if row["split"] == "validation"]
        self.assertTrue(all(row["loss"] > 0 for row in held))
        # Label smoothing is part of the loss, as in training, and not of the metric.
        self.assertNotEqual(held[-1]["loss"], held[-1]["nll"])
        plain = maas("train", self.config, "-o", self.folder / "plain", "train.loss.label_smoothing=0",
                     "train.epochs=2", check=0)
        self.assertEqual(plain.returncode, 0)
        held = [row for row in map(json.loads, (self.folder / "plain/metrics.jsonl").read_text().splitlines())
                if row["split"] == "validation"]
        for row in held:
            self.assertAlmostEqual(row["loss"], row["nll"], places=5)

    def test_without_script_there_are_the_matrix_with_recall_and_the_loss(self):
        page = re.sub(r"<script.*?</script>", "", self.page, flags=re.S)
        matrix = re.search(r'<table class="confusion" id="confusion-table">(.*?)</table>', page, re.S)[1]
        self.assertEqual(re.findall(r'<th scope="row">(\w+)</th>', matrix), ["big", "small", "precision"])
        self.assertRegex(matrix, r"<th>recall</th>")
        self.assertEqual(len(re.findall(r'<td class="total">\d+\.\d %</td>', matrix)), 4)
        self.assertRegex(page, r"<noscript><div class=\"card\"><svg")

    def test_it_tells_what_the_data_look_like(self):
        profile = re.search(r'<section id="profile">(.*?)</section>', self.page, re.S)[1]
        rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", profile)][1:]
        told = {row[0]: row[1:] for row in rows}
        self.assertRegex(told["mass"][2], r"^2\.\d+ to 5\.\d+, mean (3\.9|4|4\.\d+)")
        self.assertEqual(told["noise"][1], "8")
        self.assertEqual(told["mass"][1], "0")
        self.assertRegex(told["island"][0], "3 categories")
        self.assertRegex(told["island"][2], r"^(Biscoe|Dream|Torgersen) \d+ %, ")
        self.assertEqual(told["seen"][0], "date")
        self.assertRegex(told["the class"][2], r"small \d+ %")

    def test_what_to_type_next_fits_the_data(self):
        model = self.said["model"]
        for text in (f"maas predict {model} new.csv", f"maas serve {model} --port 8000", "--data-binary @new.csv"):
            self.assertIn(text, self.page.replace("&#39;", "'"))
        pictures = self.train("pictures")
        page = (self.folder / "pictures/report.html").read_text()
        self.assertIn(f"maas predict {pictures['model']} picture.png", page)
        self.assertIn("curl http://127.0.0.1:8000/predict -F image=@picture.png", page)
        self.assertNotIn("importance", pictures)
        self.assertNotIn('id="profile"', page)


if __name__ == "__main__":
    unittest.main()
