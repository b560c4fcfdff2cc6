"""Paths that lead nowhere, and files that a verb would write over its own input."""
import os
import shutil
import unittest

from maas_runs import Case, maas


class Paths(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.table = cls.folder / "birds.csv"
        cls.table.write_text("length,kind\n" + "".join(f"{i % 7 + i % 2 * 9},{'ab'[i % 2]}\n" for i in range(60)))
        cls.config = cls.folder / "birds.yaml"
        maas("init", cls.table, "-o", cls.config, "--label", "kind", "train.epochs=1", "train.folds=0",
             "data.validation=0.2", "train.threads=1", check=0)
        maas("train", cls.config, "-o", cls.folder / "run", "eval.require={}", check=0)
        cls.model = cls.folder / "run/model.pt"
        cls.new = cls.folder / "new.csv"
        cls.new.write_text("length\n1\n2\n")
        cls.loop = cls.folder / "loop"
        os.symlink("loop", cls.loop)
        cls.long = cls.folder / ("n" * 300)

    def reading(self, path):
        return [["init", path, "-o", "-"], ["train", path],
                ["train", self.config, "-o", path], ["tune", path], ["tune", self.config, "-o", path],
                ["eval", path], ["eval", self.model, f"data.test={path}"], ["predict", path, self.new],
                ["predict", self.model, path],
                ["inspect", path], ["runs", path], ["runs", "compare", path, path], ["bench", path],
                ["quantize", path], ["export", path], ["import", path], ["serve", path],
                ["config", "check", path]]

    def writing(self, path):
        return [["init", self.table, "-o", path], ["predict", self.model, self.new, "-o", path],
                ["quantize", self.model, "-o", path], ["prune", self.model, "-o", path],
                ["distill", self.model, "-o", path], ["export", self.model, "--format", "pt2", "-o", path],
                ["key", "--file", path]]

    def test_a_path_that_leads_nowhere_is_no_internal_error(self):
        for path in (self.loop, self.long, self.loop / "x.csv", self.long / "x.csv"):
            # A link is replaced by the file that is written, wherever it leads.
            for words in self.reading(path) + (self.writing(path) if path != self.loop else []):
                with self.subTest(" ".join(map(str, words))[:60]):
                    done = maas(*words)
                    self.assertIn(done.returncode, (1, 2, 3, 4), done.stderr)
                    self.assertIn("fix: ", done.stderr)
                    for word in ("filesystem error", "internal error", ".tmp-"):
                        self.assertNotIn(word, done.stderr)

    def test_a_folder_with_a_link_to_itself_is_told(self):
        folder = self.folder / "looping"
        folder.mkdir()
        os.symlink("round.txt", folder / "round.txt")
        done = maas("predict", self.model, folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("internal error", done.stderr)

    def test_a_folder_that_is_missing_is_named_and_how_to_make_it(self):
        for words in (["predict", self.model, self.new], ["init", self.table],
                      ["quantize", self.model, "gate.max_drop=1"]):
            done = maas(*words, "-o", self.folder / "no such/x.csv", check=4)
            for part in (f"{self.folder / 'no such/x.csv'}: ", f"{self.folder / 'no such'} does not exist",
                         f"mkdir -p '{self.folder / 'no such'}'"):
                self.assertIn(part, done.stderr)
            self.assertNotIn(".tmp-", done.stderr)

    def test_no_input_is_written_over_whatever_force_says(self):
        link = self.folder / "link.csv"
        os.link(self.new, link)
        model = self.folder / "copy.pt"
        shutil.copy(self.model, model)
        kept = {path: path.read_bytes() for path in (self.new, self.config, model)}
        for words in (["predict", model, self.new, "-o", self.new], ["predict", model, self.new, "-o", link],
                      ["predict", model, self.new, "--format", "csv", "-o", model],
                      ["quantize", model, self.config, "-o", self.config],
                      ["quantize", model, "-o", model], ["export", model, "--format", "pt2", "-o", model]):
            done = maas(*words, "--force", check=2)
            self.assertRegex(done.stderr, "is (an|the) input|is the model itself")
            self.assertIn("fix: ", done.stderr)
        for path, bytes_ in kept.items():
            self.assertEqual(path.read_bytes(), bytes_)

    def test_what_a_message_quotes_is_cut_at_two_thousand_bytes(self):
        for words in (["ä" * 30000], ["train", "--" + "ä" * 30000, "--json"]):
            done = maas(*words, check=2)
            said = done.stdout + done.stderr
            self.assertLess(len(said), 12000)
            self.assertRegex(said, r"ä… \([0-9]+ bytes\)")


if __name__ == "__main__":
    unittest.main()
