"""Texts, from a column or from files, to answers: every verb takes them."""
import csv
import gzip
import json
import unittest
import urllib.request

from maas_runs import ROOT, Case, maas

ROWS = 1500  # sentences about films


class Texts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with gzip.open(ROOT / "data/reviews/reviews.csv.gz", "rt", encoding="utf-8", newline="") as file:
            cls.rows = list(csv.reader(file))[1:ROWS + 1]
        cls.table = cls.folder / "films.csv"
        with open(cls.table, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["review", "opinion"], *cls.rows])
        cls.begun = maas("init", cls.table, "-o", cls.folder / "films.yaml", "--json", check=0)
        cls.run_folder = cls.folder / "films"
        cls.trained = maas("train", cls.folder / "films.yaml", "-o", cls.run_folder, "--json", "train.epochs=12",
                           "train.folds=0", "data.validation=0.1", "train.threads=1", check=0)
        cls.model = cls.run_folder / "model.pt"

    def answers(self, *inputs, stdin=None):
        done = maas("predict", self.model, *inputs, "--json", stdin=stdin, check=0)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_init_sees_sentences_and_the_model_learns_from_them(self):
        columns = {column["name"]: column for column in json.loads(self.begun.stdout)["columns"]}
        self.assertEqual(columns["review"]["kind"], "sentences")
        self.assertEqual(columns["review"]["use"], "text: words and pieces of them")
        self.assertIn('"review": text', (self.folder / "films.yaml").read_text())
        found = json.loads(self.trained.stdout)
        self.assertGreater(found["metrics"]["accuracy"], 0.6)
        self.assertEqual([baseline["name"] for baseline in found["baselines"]], ["most frequent", "naive Bayes"])
        self.assertGreater(found["baselines"][1]["metrics"]["accuracy"], 0.6)
        self.assertIn("review", maas("inspect", self.model, check=0).stdout)
        described = json.loads(maas("inspect", self.model, "--json", check=0).stdout)
        self.assertIn('"type":"text"', json.dumps(described, separators=(",", ":")))

    def test_a_text_is_answered_alike_however_it_comes(self):
        text = "a warm , funny and touching film"
        (self.folder / "texts/deep").mkdir(parents=True, exist_ok=True)
        file = self.folder / "texts/deep/one.txt"
        file.write_text(text.replace(" ,", ",\n").upper())
        table = self.folder / "one.csv"
        table.write_text(f'review\n"{text}"\n')
        wanted = self.answers("-", stdin=text + "\n")[0]["probabilities"]
        self.assertEqual(self.answers(file)[0]["probabilities"], wanted)
        self.assertEqual(self.answers(self.folder / "texts")[0]["probabilities"], wanted)
        self.assertEqual(self.answers(table)[0]["probabilities"], wanted)
        self.assertEqual(self.answers("-", stdin=table.read_text())[0]["probabilities"], wanted)
        self.assertEqual(self.answers("-", stdin=json.dumps({"review": text}))[0]["probabilities"], wanted)

    def test_lines_of_stdin_are_texts(self):
        lines = [row[0] for row in self.rows[:600]]
        found = self.answers("-", stdin="\n".join(lines) + "\n\n")
        self.assertEqual(len(found), 600)
        self.assertEqual(found[300]["probabilities"], self.answers("-", stdin=lines[300])[0]["probabilities"])
        blank = maas("predict", self.model, "-", stdin="one\n \ntwo\n")
        self.assertEqual(blank.returncode, 0, blank.stderr)
        self.assertIn("column 'review': 1 value is missing and counts as a text without words (first: stdin:2)",
                      blank.stderr)
        for nothing in ("", "\n"):
            self.assertIn("holds no text", maas("predict", self.model, "-", stdin=nothing, check=3).stderr)

    def test_stdin_is_csv_json_or_lines(self):
        wanted = self.answers("-", stdin="great\n")[0]["probabilities"]
        for text in ('"review"\ngreat\n', "id,review\n1,great\n", "\ufeffreview\ngreat\n", "\ufeffgreat\n",
                     '["great"]', '[{"review": "great"}]', '{"review": "great"}'):
            self.assertEqual(self.answers("-", stdin=text)[0]["probabilities"], wanted, text)
        self.assertEqual(len(self.answers("-", stdin="[2024] great\n{sic} great\n")), 2)

    def test_slices_go_by_the_line_and_not_by_what_a_sentence_says(self):
        table = self.folder / "times.csv"
        rows = "".join(f"meet at 10:{i + 3} or later today,{row[1]},{'ab'[i % 2]}\n" for i, row in
                       enumerate(self.rows[:40]))
        table.write_text("review,opinion,kind\n" + rows)
        found = json.loads(maas("eval", self.model, table, "--by", "kind", "--json", check=0).stdout)
        self.assertIn('"samples":20', json.dumps(found, separators=(",", ":")))

    def test_a_long_text_is_told(self):
        done = maas("predict", self.model, "-", stdin=" ".join(row[0] for row in self.rows[:20]), check=0)
        self.assertRegex(done.stderr, r"the text of 1 row has more than the \d+ pieces that the model takes in")

    def test_bad_texts_are_named(self):
        self.assertRegex(maas("predict", self.model, "-", stdin="a\n" + "a" * 1048577 + "\n", check=3).stderr,
                         r"stdin:\d: a text of .* bytes; expected at most 1048576")
        file = self.folder / "bad.txt"
        file.write_bytes(b"caf\xe9")
        done = maas("predict", self.model, file, check=3)
        self.assertIn("bad.txt", done.stderr)
        self.assertIn("UTF-8", done.stderr)

    def test_mistakes_stand_in_the_report_with_their_words(self):
        report = (self.run_folder / "report.html").read_text()
        sentences = [" ".join(row[0].split()[:7]) for row in self.rows if len(row[0].split()) > 12]
        self.assertTrue(any(sentence in report for sentence in sentences))

    def test_every_verb_takes_the_model(self):
        quantized, pruned = self.folder / "q.pt", self.folder / "p.pt"
        done = maas("quantize", self.model, "-o", quantized, "--force", check=0, cwd=self.folder)
        self.assertNotIn("stay float32", done.stderr)
        maas("prune", self.model, "-o", pruned, "train.epochs=1", "gate.max_drop=0.2", "train.threads=1", check=0,
             cwd=self.folder)
        maas("export", self.model, "-o", self.folder / "m.onnx", check=0, cwd=self.folder)
        maas("import", self.folder / "m.onnx", "-o", self.folder / "back.pt", check=0, cwd=self.folder)
        maas("distill", self.model, "model.type=mlp", "model.hidden=[8]", "-o", self.folder / "s.pt", "train.epochs=1",
             "train.threads=1", "gate.max_drop=0.5", check=0, cwd=self.folder)
        text = "dull and far too long\n"
        for model in (quantized, pruned, self.folder / "s.pt"):
            self.assertIn("negative", maas("predict", model, "-", stdin=text, check=0, cwd=self.folder).stdout, model)
        metrics = json.loads(maas("eval", self.model, self.table, "--json", check=0, cwd=self.folder).stdout)["metrics"]
        self.assertGreater(metrics["accuracy"], 0.7)

    def test_a_server_takes_words(self):
        _, ready = self.start_server(self.model)
        def ask(body, content_type):
            request = urllib.request.Request(f"http://127.0.0.1:{ready['port']}/predict", body.encode(),
                                             {"Content-Type": content_type})
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        plain = ask("dull and far too long", "text/plain")
        self.assertEqual(plain["label"], "negative")
        self.assertEqual(ask('{"review": "Dull, and far too long."}', "application/json"), plain)


class TextFolders(Case):
    def test_a_folder_for_each_class_is_learnt_from(self):
        root = self.folder / "mails"
        for label, words in (("spam", "win a prize now"), ("ham", "see you at lunch")):
            (root / label).mkdir(parents=True)
            for i in range(40):
                (root / label / f"{i}.txt").write_text(f"{words}, number {i}\n")
        done = maas("init", root, "-o", self.folder / "mails.yaml", check=0)
        self.assertIn("found 80 texts of 2 classes", done.stderr)
        self.assertIn("type: texts", (self.folder / "mails.yaml").read_text())
        found = json.loads(maas("train", self.folder / "mails.yaml", "-o", self.folder / "run", "--json",
                                "train.epochs=30", "train.threads=1", check=0).stdout)
        self.assertEqual(found["metrics"]["accuracy"], 1)
        page = (self.folder / "run/report.html").read_text()
        for part in ("new.txt", "Content-Type: text/plain", "the answer for a text"):
            self.assertIn(part, page)
        self.assertNotIn("new.csv", page)
        again = maas("train", self.folder / "mails.yaml", "-o", self.folder / "again", "train.epochs=1", check=0)
        self.assertRegex(again.stderr, r"next: .*maas predict \S+ new\.txt\n")
        answer = maas("predict", self.folder / "run", "-", stdin="a prize for you\n", check=0)
        self.assertIn("spam", answer.stdout)


if __name__ == "__main__":
    unittest.main()
