"""What training and its successors say of data that are missing, too few, damaged or unfitting."""
import gzip
import json
import struct
import unittest

from line_test import png
from maas_runs import Case, maas

TINY = ["model={type: mlp, hidden: [4]}", "train.epochs=1", "train.batch_size=4", "train.threads=1"]


def idx(sizes, data):
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + data


class DataCase(Case):
    def train_on(self, name, data, *more, check=0):
        """Trains on the section `data`; returns what was said, as JSON where it went well."""
        config = self.folder / f"{name}.yaml"
        config.write_text("name: x\ndata:\n  " + data.replace("\n", "\n  ") + "\n")
        done = maas("train", config, *TINY, "-o", self.folder / name, "--json", *more, check=check)
        if check != 0:
            self.assertFalse((self.folder / name / "model.pt").exists())
        return json.loads(done.stdout)

    def refusal(self, name, data, *more, check=3):
        error = self.train_on(name, data, *more, check=check)["error"]
        self.assertEqual(error["exit"], check)
        return error["where"] + ": " + error["what"] + "; " + error["expected"] + "; " + error["fix"]

    def assertSays(self, text, *parts):
        for part in parts:
            self.assertIn(str(part), text)


class Idx(DataCase):
    def data(self, images, labels):
        (self.folder / "images").write_bytes(images)
        (self.folder / "labels").write_bytes(labels)
        return "type: idx\ntrain: {images: images, labels: labels}"

    def good(self, count):
        return self.data(idx([count, 2, 2], bytes(range(4 * count))),
                         idx([count], bytes(i % 2 for i in range(count))))

    def test_files_that_are_not_there_are_named(self):
        text = self.refusal("absent", "type: idx\ntrain: {images: nowhere, labels: nothing}")
        self.assertSays(text, self.folder / "no", "No such file", "check the path")

    def test_too_few_samples_are_counted(self):
        self.assertSays(self.refusal("none", self.good(0)), "0 samples for train", "at least 1")
        self.assertSays(self.refusal("one", self.good(1)), "1 of 1 samples", "at least 2")
        self.assertSays(self.refusal("few", self.good(6), "train.batch_size=7"), "6 samples are left",
                        "at least one batch of 7", "set train.batch_size=6")
        self.assertSays(self.refusal("fewer", self.good(6), "data.validation=0.5"),
                        "3 samples are left", "at least one batch of 4")
        self.assertFalse((self.folder / "few").exists())

    def test_a_dry_run_counts_too(self):
        self.assertSays(self.refusal("dry", self.good(3), "--dry-run"), "3 samples are left")

    def test_a_cut_file_is_named_with_the_byte(self):
        images = idx([8, 2, 2], bytes(32))
        labels = idx([8], bytes([0, 1] * 4))
        text = self.refusal("cut", self.data(images[:-5], labels))
        self.assertSays(text, self.folder / "images", "from byte 16", "at most 27 can follow")
        text = self.refusal("header", self.data(images[:9], labels))
        self.assertSays(text, self.folder / "images", "ends at byte 9, within the sizes")
        packed = gzip.compress(labels)
        text = self.refusal("gz", self.data(images, packed[:-6]))
        self.assertSays(text, self.folder / "labels", "gzip stream ends early", f"byte {len(packed) - 6}")

    def test_a_wrong_magic_number_is_named(self):
        labels = idx([8], bytes([0, 1] * 4))
        text = self.refusal("magic", self.data(labels, labels))
        self.assertSays(text, self.folder / "images", "byte 0 is 0x00000801", "0x00000803",
                        "not swapped")
        text = self.refusal("png", self.data(png(bytes(4), 2), labels))
        self.assertSays(text, "byte 0 is 0x89504e47")

    def test_counts_that_differ_are_both_named(self):
        text = self.refusal("counts", self.data(idx([3, 2, 2], bytes(12)), idx([4], bytes(4))))
        self.assertSays(text, "3 images", "4 labels")

    def test_a_label_that_training_lacks_is_named_with_its_row(self):
        data = self.good(8)
        (self.folder / "more").write_bytes(idx([2], bytes([1, 9])))
        (self.folder / "some").write_bytes(idx([2, 2, 2], bytes(8)))
        text = self.refusal("label", data + "\ntest: {images: some, labels: more}")
        self.assertSays(text, self.folder / "more", "row 1 (byte 9)", "label '9' is not known",
                        "one of 0, 1")

    def test_a_gap_in_the_labels_is_a_warning(self):
        data = self.data(idx([8, 2, 2], bytes(32)), idx([8], bytes([0, 1, 0, 1, 0, 1, 0, 250])))
        said = self.train_on("gap", data)
        self.assertIn("train: 248 of 251 labels have no sample: '2', '3', '4' and 245 more", said["warnings"])


class Tables(DataCase):
    def data(self, text, more=""):
        (self.folder / "table.csv").write_text(text)
        return "type: csv\ntrain: {path: table.csv}\nlabel: y\n" + more

    ROWS = [f"{i},{'red' if i % 2 else 'blue'},{'ab'[i % 2]}" for i in range(20)]

    def table(self, **replaced):
        rows = list(self.ROWS)
        for row, text in replaced.items():
            rows[int(row[1:])] = text
        return "x,colour,y\n" + "\n".join(rows) + "\n"

    def test_a_ragged_row_is_named_with_both_counts(self):
        text = self.refusal("ragged", self.data(self.table(_3="1,red")))
        self.assertSays(text, f"{self.folder / 'table.csv'}:5", "2 values", "3, as in the first row")

    def test_a_missing_label_is_named_with_its_cell(self):
        text = self.refusal("label", self.data(self.table(_4="4,blue,")))
        self.assertSays(text, "table.csv:6:8", "the label 'y' is missing", "fill it in")

    def test_features_that_are_no_numbers_are_named(self):
        text = self.refusal("nan", self.data(self.table(_7="NaN,red,b")))
        self.assertSays(text, "table.csv:9:1", "value of column 'x' is missing", "data.missing: mean")
        text = self.refusal("inf", self.data(self.table(_7="inf,red,b"), "columns: {x: numeric}"))
        self.assertSays(text, "table.csv:9:1", "'inf' in column 'x' is not a finite number")
        text = self.refusal("huge", self.data(self.table(_7="1e39,red,b")))
        self.assertSays(text, "table.csv:9:1", "does not fit float32", "at most 3.4e38")

    def test_a_column_that_is_not_there_gets_a_suggestion(self):
        text = self.refusal("column", self.data(self.table()), "data.label=colr")
        self.assertSays(text, "no column 'colr'", "colour")

    def test_rows_dropped_for_missing_values_are_counted(self):
        said = self.train_on("drop", self.data(self.table(_7="NaN,red,b", _9=",red,b")),
                             "data.missing=drop")
        self.assertIn("train: dropped 2 of 20 rows with missing values", said["warnings"])
        self.assertIn("dropped 2 of 20", (self.folder / "drop/warnings.txt").read_text())

    def test_a_class_in_training_alone_is_a_warning(self):
        table = self.table(**{f"_{i}": f"{i},red,a" for i in range(19)}, _19="19,red,b")
        said = self.train_on("absent", self.data(table), "data.validation=0.2", "seed=1")
        self.assertTrue([w for w in said["warnings"] if "1 of 2 labels have samples in training alone" in w], said)

    def test_money_dates_and_decimal_commas_are_read_and_travel(self):
        rows = [f'"{i % 9}.{i:03},50 \u20ac",{i % 28 + 1:02}.03.2021,{"ab"[i % 2]}' for i in range(40)]
        (self.folder / "money.csv").write_text("price,day,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
        said = self.train_on("money", "{type: csv, train: money.csv, label: y}")
        self.assertSays(" ".join(said["warnings"]), "',' before the decimals and '.' between thousands",
                        "the sign '\u20ac'", "read as dates such as ", ".03.2021 (day_first)")
        row = '[{"price": "1.000,25 \u20ac", "day": "02.03.2021"}, {"price": 1000.25, "day": "2.3.2021"}]'
        done = maas("predict", said["model"], "-", "--json", stdin=row, check=0)
        first, second = [json.loads(line)["outputs"] for line in done.stdout.splitlines()]
        self.assertEqual(first, second)
        done = maas("predict", said["model"], "-", stdin='{"price": 1, "day": "soon"}', check=3)
        self.assertSays(done.stderr, "stdin[0].day: 'soon' in column 'day' is no date", "2021-03-14, or with the day first")
        row = '[{"price": 1, "day": "2021-03-02"}, {"price": 1, "day": "2.3.2021"}]'
        done = maas("predict", said["model"], "-", "--json", stdin=row, check=0)
        first, second = [json.loads(line)["outputs"] for line in done.stdout.splitlines()]
        self.assertEqual(first, second)
        self.assertIn("or with the day first", maas("inspect", said["model"], check=0).stdout)
        done = maas("init", self.folder / "money.csv", "-o", "-", check=0)
        self.assertSays(done.stdout, 'decimal: ","', 'thousands: "."', '"day": date')

    def test_unknown_categories_are_a_warning_or_refused(self):
        model = self.train_on("known", self.data(self.table()))["model"]
        (self.folder / "new.csv").write_text("x,colour,y\n1,green,a\n2,red,b\n3,pink,a\n")
        where = f"data.test={self.folder}/new.csv"
        done = maas("eval", model, where, check=0)
        self.assertSays(done.stderr, "2 values of categories that training did not have",
                        "column 'colour'", "new.csv:2:3: 'green'")
        done = maas("eval", model, where, "data.unknown=error", check=3)
        self.assertSays(done.stderr, "new.csv:2:3", "'green'", "data.unknown: warn")
        done = maas("predict", model, "-", stdin='{"x": 1, "colour": "green"}', check=0)
        self.assertTrue(done.stdout)
        self.assertSays(done.stderr, "warning: stdin: column 'colour': 1 value of categories that",
                        "stdin[0].colour: 'green'")
        done = maas("predict", model, self.folder / "new.csv", "--json", check=0)
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertSays(done.stderr, "2 values of categories that training did not have count",
                        "new.csv:2:3: 'green'")
        done = maas("predict", model, self.folder / "new.csv", "--quiet", check=0)
        self.assertEqual(done.stderr, "")

    def test_an_unknown_label_is_refused_with_the_known_ones(self):
        model = self.train_on("labels", self.data(self.table()))["model"]
        (self.folder / "other.csv").write_text("x,colour,y\n1,red,a\n2,red,c\n")
        done = maas("eval", model, f"data.test={self.folder}/other.csv", check=3)
        self.assertSays(done.stderr, "other.csv:3:7", "label 'c' is not known", "one of a, b")


    def test_init_chooses_a_batch_that_a_small_table_fills(self):
        (self.folder / "tiny.csv").write_text(self.table())
        maas("init", self.folder / "tiny.csv", "-o", self.folder / "tiny.yaml", check=0)
        self.assertIn("batch_size: 2\n", (self.folder / "tiny.yaml").read_text())
        maas("train", self.folder / "tiny.yaml", "--dry-run", check=0)


class Folds(DataCase):
    """Of a table with twelve patients, each with five days."""

    def data(self, more):
        rows = "".join(f"p{i % 12},{i},{i % 7},{'yes' if i % 7 > 3 else 'no'}\n" for i in range(60))
        (self.folder / "t.csv").write_text("patient,day,a,y\n" + rows)
        return "type: csv\ntrain: t.csv\nlabel: y\n" + more

    def test_keep_groups_whole_and_orders_in_order(self):
        for more in ("group: patient", "order: day"):
            said = self.train_on(more[:5], self.data(more), "train.folds=5")
            self.assertEqual(said["warnings"], [])
            self.assertEqual(len(said["baselines"]), 2)

    def test_say_what_is_missing_for_them(self):
        self.assertSays(self.refusal("few", self.data("group: patient\nlimit: 4"), "train.folds=5", check=2),
                        "train.folds", "5 folds of 4 rows")
        self.assertSays(self.refusal("none", self.data("order: day"), check=2),
                        "no rows of train are kept apart", "train.folds")


class Images(DataCase):
    def pictures(self, root, broken=0):
        for i in range(20):
            path = self.folder / root / "ab"[i % 2] / f"{i:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = png(bytes([i * 12] * 16), 4)
            path.write_bytes(picture[:len(picture) // 2] if i < broken else picture)
        return f"type: images\ntrain: {{path: {root}}}\n"

    def test_a_corrupt_image_fails_by_default(self):
        text = self.refusal("fail", self.pictures("broken", 2))
        self.assertSays(text, self.folder / "broken/a/00.png")

    def test_a_list_of_images_moves_with_the_model(self):
        self.pictures("a/photos")
        rows = "".join(f"{'ab'[i % 2]}/{i:02}.png,{'ab'[i % 2]}\n" for i in range(20))
        (self.folder / "a/list.csv").write_text("image,label\n" + rows)
        self.train_on("a/model", "type: image_list\ntrain: {path: list.csv}\nroot: photos\n")
        (self.folder / "a").rename(self.folder / "b")
        self.assertNotIn(str(self.folder).encode(), (self.folder / "b/model/model.pt").read_bytes())
        done = maas("eval", self.folder / "b/model/model.pt", "--split", "train", "--json", check=0)
        self.assertEqual(json.loads(done.stdout)["samples"], 20)
        done = maas("predict", self.folder / "b/model/model.pt", self.folder / "b/photos/a/00.png",
                    "--json", check=0)
        self.assertIn(json.loads(done.stdout)["label"], ("a", "b"))

    def test_an_image_that_cannot_be_read_leaves_the_others_their_answers(self):
        model = self.train_on("odd", self.pictures("odd-photos"))["model"]
        photos = self.folder / "odd-photos/a"
        (photos / "01.png").write_bytes(b"none")
        done = maas("predict", model, photos, check=3)
        self.assertEqual(len(done.stdout.splitlines()), 10)
        self.assertSays(done.stderr, photos / "01.png")
        done = maas("predict", model, photos, "-o", self.folder / "odd.csv", check=3)
        self.assertSays(done.stderr, photos / "01.png")
        self.assertEqual(len((self.folder / "odd.csv").read_text().splitlines()), 11)
        maas("predict", model, photos / "01.png", "-o", self.folder / "none.csv", check=3)
        self.assertFalse((self.folder / "none.csv").exists())

    def test_corrupt_images_are_skipped_counted_and_listed_when_asked(self):
        said = self.train_on("skip", self.pictures("broken", 2) + "corrupt: skip\nmax_skip: 0.1")
        self.assertIn("train: skipped 2 of 20 images that cannot be used", said["warnings"])
        listed = (self.folder / "skip/warnings.txt").read_text()
        self.assertSays(listed, "skipped 2 of 20", "skipped a/00.png", "skipped b/01.png")
        done = maas("train", self.folder / "skip.yaml", *TINY, "-o", self.folder / "skip2", check=0)
        self.assertSays(done.stderr, "3 warnings: see")

    def test_more_corrupt_images_than_allowed_fail_with_both_counts(self):
        text = self.refusal("many", self.pictures("broken", 2) + "corrupt: skip\nmax_skip: 0.05")
        self.assertSays(text, "2 of 20 images cannot be used", "a/00.png", "at most 1 (data.max_skip")


class OfAnotherForm(DataCase):
    """A model whose input does not fit the data: both shapes are named."""

    MADE_UP = "type: synthetic\nsamples: 20\nclasses: {}\nheight: {}\nwidth: 4\n"

    def test_images_of_another_size(self):
        model = self.train_on("small", self.MADE_UP.format(2, 4))["model"]
        text = self.refusal("from", self.MADE_UP.format(2, 6),
                            f"model={{from: {model}}}", check=2)
        self.assertSays(text, "small/model.pt", "1, 4, 4]", "1, 6, 4]", "choose data of that size",
                        "data.height=4 data.width=4")
        done = maas("eval", model, "data.height=6", "--split", "train", check=3)
        self.assertSays(done.stderr, "samples are [1, 6, 4]", "[1, 4, 4] of image", "as the model has")

    def test_a_table_model_that_learns_further_keeps_its_categories_and_labels(self):
        rows = "".join(f"{c},{n},{'warm' if c == 'red' else 'cold'}\n"
                       for n in range(6) for c in ("blue", "green", "red"))
        (self.folder / "all.csv").write_text("colour,size,kind\n" + rows)
        data = "type: csv\ntrain: {path: %s}\nlabel: kind\n"
        model = self.train_on("all", data % "all.csv", "train.epochs=30")["model"]
        (self.folder / "some.csv").write_text("size,colour,kind\n9,red,warm\n7,red,warm\n8,green,cold\n"
                                              "9,red,warm\n")
        further = self.train_on("some", data % "some.csv", f"model={{from: {model}}}",
                                "train.learning_rate=1e-12")["model"]
        row = '{"colour": "green", "size": 3}'
        first, second = (json.loads(maas("predict", path, "-", "--json", stdin=row, check=0).stdout)
                         for path in (model, further))
        self.assertEqual(first, second)

    def test_another_number_of_classes(self):
        model = self.train_on("two", self.MADE_UP.format(2, 4))["model"]
        text = self.refusal("three", self.MADE_UP.format(3, 4), f"model={{from: {model}}}", check=2)
        self.assertSays(text, "2]", "[batch, 3], as the data has 3 classes")

    def test_a_table_for_a_network_of_images(self):
        model = self.train_on("image", self.MADE_UP.format(2, 4))["model"]
        text = self.refusal("table", "type: synthetic\nkind: table\nclasses: 2\nfeatures: 5\n",
                            f"model={{from: {model}}}", check=2)
        self.assertSays(text, "1, 4, 4]", "5]")


if __name__ == "__main__":
    unittest.main()
