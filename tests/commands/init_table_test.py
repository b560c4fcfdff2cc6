"""maas init: what it says of tables that training would refuse, and of those that are large."""
import json
import unittest

from init_case import InitCase
from maas_runs import maas


class OfTables(InitCase):
    def test_what_training_would_refuse_is_said_now(self):
        refused = {
            "no_label.csv": ([["1", ""], ["2", ""], ["3", ""]], "has no value in any row"),
            "one_class.csv": ([[1, "x"], [2, "x"], [3, "x"]], "is 'x' in every row"),
            "no_input.csv": ([["", "x"], ["", "y"], ["", "x"]], "no column but the label 'y' holds a value that tells"),
            "beyond.csv": ([[i, 10**40 + i] for i in range(80)], "as float32 holds them"),
        }
        for name, (rows, what) in refused.items():
            table = self.table(name, "x,y", rows)
            said = maas("init", table, "-o", self.folder / "no.yaml", "--label", "y", "--task",
                        "regression" if name == "beyond.csv" else "classification", check=3)
            self.assertIn(what, said.stderr)
            self.assertFalse((self.folder / "no.yaml").exists())

    def test_what_decides_the_split_is_no_input(self):
        rows = [[f"2021-{i % 12 + 1:02}-{i % 28 + 1:02}", f"g{i % 9}", i % 7, "ab"[i % 2]] for i in range(200)]
        table = self.table("dated.csv", "opened,branch,x,y", rows)
        for settings in (["data.order=opened"], ["data.group=branch"]):
            config = self.folder / "dated.yaml"
            done = maas("init", table, "-o", config, settings[0], "train.folds=5", "--force", check=0)
            self.assertIn("it decides the split", done.stderr)
            self.assertNotIn("validation", config.read_text().split("train:")[2])
            maas("train", config, "train.epochs=1", "-o", self.folder / "dated", "--force", check=0)
            names = [column["name"] for column in
                     json.loads(maas("inspect", self.folder / "dated", "--json", check=0).stdout)["data"]["columns"]]
            self.assertNotIn(settings[0].split("=")[1], names)

    def test_folds_and_a_part_for_validation_are_not_both_written(self):
        rows = [[i % 7, "ab"[i % 2]] for i in range(3000)]
        text = self.init_and_train(self.table("many.csv", "x,y", rows))
        self.assertIn("validation: 0.1", text)
        config = self.folder / "folded.yaml"
        maas("init", self.folder / "many.csv", "-o", config, "train.folds=3", check=0)
        self.assertNotIn("validation: 0.1", config.read_text())
        maas("train", config, "train.epochs=1", "-o", self.folder / "folded", check=0)
        few = self.table("few.csv", "x,y", rows[:100])
        maas("init", few, "-o", config, "--force", "data.validation=0.2", check=0)
        maas("train", config, "train.epochs=1", "-o", self.folder / "part", check=0)

    def test_rows_in_an_order_are_validated_by_the_last_of_them(self):
        rows = [[f"2021-{i // 28 + 1:02}-{i % 28 + 1:02}", i * i % 7, "ab"[i * i % 3 % 2]] for i in range(300)]
        table = self.table("ordered.csv", "day,x,y", rows)
        text = maas("init", table, "-o", "-", "data.order=day", check=0).stdout
        self.assertNotIn("folds", text)
        self.assertIn("validation: 0.1", text)
        self.assertIn('the rows stand in the order of "day"', maas("init", table, "-o", "-", check=0).stderr)
        self.assertNotIn("the rows stand", maas("init", table, "-o", "-", "data.order=day", check=0).stderr)
        self.assertIn("folds: 5", maas("init", table, "-o", "-", check=0).stdout)

    def test_numbers_that_count_the_rows_are_no_input(self):
        rows = [[i + 1, 100 + i, i, i * i % 7, "ab"[i % 3 % 2]] for i in range(60)]
        said = maas("init", self.table("counted.csv", "nr,year,t,x,y", rows), "-o", "-", "--json", check=0).stdout
        use = {column["name"]: column["use"] for column in json.loads(said)["columns"]}
        self.assertEqual(use["nr"], "ignored: it numbers the rows")
        self.assertEqual(use["t"], "ignored: it numbers the rows")
        self.assertEqual(use["year"], "number, standardised")  # does not begin as a count does
        few = self.table("few_counted.csv", "nr,x,y", [[i, i * i % 7, "ab"[i % 3 % 2]] for i in range(10)])
        self.assertNotIn("numbers the rows", maas("init", few, "-o", "-", check=0).stderr)

    def test_several_labels_are_none_of_the_inputs(self):
        rows = [[i * i % 11 / 4, i * 5 % 7 / 3, i % 90 / 7, i * i % 13 / 5, int(i % 3 == 0), int(i % 5 == 0)]
                for i in range(300)]
        table = self.table("several.csv", "x,z,height,weight,red,blue", rows)
        for name, labels, task in (("a", "[height, weight]", "regression"), ("b", "[red,blue]", "multi_label")):
            config = self.folder / f"several_{name}.yaml"
            ignored = [f"data.columns.{other}=ignore" for other in ("red", "blue")] if name == "a" else []
            maas("init", table, "-o", config, f"data.labels={labels}", *ignored, check=0)
            text = config.read_text()
            self.assertIn(f"task: {task}", text)
            self.assertNotIn("label:", text)
            self.assertNotIn("label_smoothing", text)
            maas("train", config, "train.epochs=1", "-o", self.folder / f"several_{name}", check=0)
            facts = json.loads(maas("inspect", self.folder / f"several_{name}", "--json", check=0).stdout)["data"]
            for label in labels.strip("[]").split(","):
                self.assertNotIn(label.strip(), [column["name"] for column in facts["columns"]])
        said = maas("init", table, "-o", "-", "data.labels=[height, none]", check=2).stderr
        self.assertIn("there is no column 'none'", said)

    def test_many_rows_have_bins_beside_their_numbers(self):
        rows = [[round((i * 37 % 1009) / 7, 3), "ab"[(i * 37 % 1009) // 100 % 2]] for i in range(1200)]
        text = self.init_and_train(self.table("bent.csv", "x,y", rows), "numeric_bins: 16")
        self.assertNotIn("numeric_bins", maas("init", self.table("short.csv", "x,y", rows[:500]), "-o", "-",
                                              check=0).stdout)

    def test_names_of_columns_may_be_numbers_that_count(self):
        rows = [[i * 37 % 11 / 4, i * 5 % 7 / 3, "ab"[i * i % 3 % 2]] for i in range(60)]
        for header, name in (("0,1,label", "label"), ("2001,2002,y", "y")):
            done = maas("init", self.table("numbered.csv", header, rows), "-o", "-", check=0)
            self.assertIn(f"found a table of 60 rows; predicting the class '{name}'", done.stderr)
            self.assertIn("the first row is taken for names, though it has numbers", done.stderr)
            self.assertNotIn("header: false", done.stdout)
        done = maas("init", self.folder / "numbered.csv", "-o", "-", "data.header=false", check=0)
        self.assertIn("found a table of 61 rows", done.stderr)
        self.assertNotIn("taken for", done.stderr)
        # A number over texts is a name; numbers that do not count are data, unless it is said.
        done = maas("init", self.table("named.csv", "name,1,y", [["u", "vw"[i % 2], "ab"[i % 3 % 2]] for i in range(60)]),
                    "-o", "-", check=0)
        self.assertIn("found a table of 60 rows", done.stderr)
        odd = self.table("odd.csv", "7,2,y", rows)
        done = maas("init", odd, "-o", "-", check=0)
        self.assertIn("header: false", done.stdout)
        self.assertIn("no other row has 'y': data.header=true says that it holds names", done.stderr)
        done = maas("init", odd, "-o", "-", "data.header=true", check=0)
        self.assertIn("found a table of 60 rows; predicting the class 'y'", done.stderr)
        plain = self.table("plain.csv", "", rows)
        self.assertNotIn("first row", maas("init", plain, "-o", "-", check=0).stderr)

    def test_one_bad_date_hides_no_column(self):
        rows = [[f"2021-{i % 12 + 1:02}-{i % 28 + 1:02}", i % 5, "ab"[i % 3 % 2]] for i in range(60)]
        rows[7][0] = "unknown"
        done = maas("init", self.table("stray_date.csv", "day,x,y", rows), "-o", "-", check=0)
        self.assertIn("59 cells are dates and 1 are not ('unknown')", done.stderr)
        self.assertNotIn('"day": ignore', done.stdout)

    def test_long_names_leave_a_blank_in_front_of_the_comment(self):
        long = "what the customer finally bought there"
        rows = [[i * i % 13, "x", "ab"[i % 3 % 2]] for i in range(60)]
        text = self.init_and_train(self.table("long.csv", f"x,{long} again,{long}", rows))
        self.assertIn(f'"{long} again": ignore # ', text)
        self.assertIn(f'label: "{long}" # ', text)

    def test_the_config_is_never_written_over_the_data(self):
        table = self.table("own.csv", "x,y", [[i % 7, "ab"[i % 3 % 2]] for i in range(60)])
        before = table.read_bytes()
        said = maas("init", table, "-o", table, "--force", check=2).stderr
        self.assertIn("is an input of this command", said)
        self.assertEqual(table.read_bytes(), before)

    def test_numbers_with_a_unit_are_told(self):
        rows = [[f"{100 + i % 90},5 m\u00b2", i % 5, "ab"[i % 2]] for i in range(90)]
        done = maas("init", self.table("flats.csv", "Fl\u00e4che;rooms;y", rows, ";"), "-o", "-", check=0)
        self.assertIn("its cells are numbers with ' m\u00b2' behind them", done.stderr)
        self.assertRegex(done.stderr, r"  Fl\u00e4che  text")

    def test_numbers_written_in_another_way_than_the_files_others_are_told(self):
        rows = [[f"0.{i:04}", f"{50 + i % 40},3%", f"1.{i:03},79 \u20ac", "ab"[i % 2]] for i in range(100)]
        done = maas("init", self.table("euro.csv", "x;share;cost;y", rows, ";"), "-o", "-", check=0)
        for said in ('"share": its cells are numbers (\'50,3%\') that have other signs before decimals',
                     '"cost": its cells are numbers (\'1.000,79 \u20ac\') that', "write all columns in one way"):
            self.assertIn(said, done.stderr)
        self.assertNotIn("is not read (percent", done.stderr)

    def test_what_cannot_be_measured_is_left_out(self):
        self.init_and_train(self.table("two.csv", "x,y", [[1, "a"], [2, "b"]]))
        mostly = [[i, i % 3, "ab"[i % 2] if i < 6 else ""] for i in range(100)]
        text = self.init_and_train(self.table("few_labels.csv", "x,z,y", mostly), "missing_label: drop")
        self.assertNotIn("folds", text)  # of the six rows that have a label
        huge = [[10**40 + i, i % 7, "ab"[i % 2]] for i in range(80)]
        self.init_and_train(self.table("huge.csv", "x,z,y", huge), "go beyond 3.4e38")

    def test_of_a_large_table_a_part_is_looked_at(self):
        """The rows are sorted by their label, so that those at the start have one of three."""
        path = self.folder / "large.csv"
        with path.open("w") as file:
            file.write("x,words,y\n")
            for i in range(600_000):
                file.write(f"{i % 977}.25,\"some \"\"words\"\", and more {i}\",c{i * 3 // 600_000}\n")
        self.assertGreater(path.stat().st_size, 17 << 20)
        done = maas("init", path, "-o", self.folder / "large.yaml", "--json", check=0)
        told = json.loads(done.stdout)
        self.assertRegex(told["found"], r"about (59|60|61)0000 rows, of which \d+ were looked at")
        label = [column for column in told["columns"] if column["name"] == "y"][0]
        self.assertEqual(label["distinct"], 3)

    def test_cells_of_many_lines_do_not_hide_a_part_of_a_large_table(self):
        path = self.folder / "lines.csv"
        poem = "\n".join(f'a line, and "one" more, {i}' for i in range(40)).replace('"', '""')
        with path.open("w") as file:
            file.write("x,words,y\n")
            for i in range(18_000):
                file.write(f"{i % 977}.25,\"{i} {poem}\",c{i * 3 // 18_000}\n")
        self.assertGreater(path.stat().st_size, 17 << 20)
        done = maas("init", path, "-o", self.folder / "lines.yaml", "--json", check=0)
        told = json.loads(done.stdout)
        label = [column for column in told["columns"] if column["name"] == "y"][0]
        self.assertEqual(label["distinct"], 3)
        self.assertNotIn("places", done.stderr)
        with path.open("r+") as file:  # all of its second half is something else
            file.seek(9 << 20)
            file.write("\n" + "x y z\n" * (2 << 20))
        said = maas("init", path, "-o", self.folder / "odd.yaml", check=0).stderr
        self.assertRegex(said, r"\d+ of the 15 places of lines\.csv that were looked into hold no rows")

    def test_a_network_that_does_not_take_the_data_is_refused(self):
        rows = [[i, i % 3, "ab"[i % 2]] for i in range(60)]
        three = [[i, i % 3, i % 5, "ab"[i % 2]] for i in range(60)]
        self.init_and_train(self.table("base.csv", "x,z,y", rows))
        base = self.folder / "run"  # the mean of five networks
        said = maas("init", self.table("one.csv", "x,y", [[row[0], row[2]] for row in rows]), "--from", base, "-o",
                    self.folder / "no.yaml", check=3)
        self.assertIn("there is no column 'z'", said.stderr)
        self.assertFalse((self.folder / "no.yaml").exists())
        images = self.folder / "images.yaml"
        images.write_text("data: {type: synthetic, samples: 64, height: 4, width: 4, classes: 2}\ntrain: {steps: 2}\n")
        maas("train", images, "-o", self.folder / "images", check=0)
        said = maas("init", self.table("two.csv", "x,z,y", rows), "--from", self.folder / "images", "-o",
                    self.folder / "no.yaml", check=2)
        self.assertIn("takes images, and the data are a table", said.stderr)
        more = maas("init", self.table("three.csv", "x,z,w,y", three), "--from", base, "-o",
                    self.folder / "more.yaml", check=0)
        self.assertIn("'w' is none of the network's columns and counts for nothing", more.stderr)
        config = self.folder / "next.yaml"
        maas("init", self.table("other.csv", "x,z,y", [row[:2] + ["pqr"[row[0] % 3]] for row in rows]), "--from",
             base, "-o", config, check=0)
        done = maas("train", config, "train.steps=2", "-o", self.folder / "next", check=0)
        self.assertIn("of the 5 networks (train.folds) the first one is trained", done.stderr)


if __name__ == "__main__":
    unittest.main()
