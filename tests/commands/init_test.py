"""maas init: the config that it writes for a CSV, an image folder, IDX files trains as it is."""
import json
import random
import re
import struct
import unittest
import zlib

from init_case import InitCase
from maas_runs import ROOT, maas


def png(width, height, value, grey=False):
    """One colour as a PNG file."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    pixel = bytes([value] * 3 if grey else [value, 255 - value, 7])
    rows = (b"\0" + pixel * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Init(InitCase):
    def test_a_network_to_start_from(self):
        """A network of ours of ten classes, for a folder of two."""
        (self.folder / "ten.yaml").write_text(
            "name: ten\ndata: {type: synthetic, kind: image, samples: 40, classes: 10, channels: 3, height: 16, "
            "width: 16}\nmodel: {type: convnet, channels: [4]}\ntrain: {steps: 1, batch_size: 8, threads: 1}\n")
        maas("train", self.folder / "ten.yaml", "-o", self.folder / "ten", check=0)
        for kind in ("cats", "dogs"):
            for i in range(10):
                path = self.folder / f"pets/{kind}/{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(png(20, 20, 9 * i + (100 if kind == "cats" else 0)))
        config = self.folder / "pets.yaml"
        done = maas("init", self.folder / "pets", "--from", self.folder / "ten", "-o", config, check=0)
        self.assertIn("ten: takes images of 16 x 16 in colour; its last layer, fc.weight with 10 outputs, is "
                      "replaced where the data have others", done.stderr)
        text = config.read_text()
        for part in ('model: {from: "ten", head: auto}', "height: 16", "channels: 3", "body_learning_rate: 1e-4"):
            self.assertIn(part, text)
        self.assertNotIn("normalize", text)  # its own is in it
        done = maas("train", config, "train.steps=2", "train.threads=1", "-o", self.folder / "pets-run", check=0)
        for part in ("model.head: a new last layer, fc.weight [10, 4] -> [2, 4]",
                     "images of 16 x 16 in colour as they are", "data.normalize counts for nothing"):
            self.assertIn(part, done.stderr)
        done = maas("train", config, "model.head=keep", "train.steps=2", "-o", self.folder / "kept", check=2)
        self.assertIn("model.head=auto makes a new last layer", done.stderr)
        done = maas("train", self.folder / "ten.yaml", "model.head=new", "-o", self.folder / "none", check=2)
        self.assertIn("model.head: is 'new' without a network to start from", done.stderr)

    def test_a_table_with_classes(self):
        rows = [(i % 7 / 7, "red" if i % 2 else "blue", "abc"[i % 3]) for i in range(90)]
        self.init_and_train(self.table("t.csv", "width,colour,species", rows),
                            'train: {path: "t.csv"}', 'label: "species"', "task: classification",
                            "folds: 5", "early_stop: {metric: nll, ")

    def test_a_table_with_numbers_to_predict(self):
        rows = [(i, i * 0.5 + 0.25) for i in range(90)]
        self.init_and_train(self.table("t.csv", "x,price", rows), "task: regression", "[rmse, mae, r2]")

    def test_prices_are_learnt_in_their_units(self):
        """Targets near 400 with what init writes: standardised in the graph, told in their units."""
        draw = random.Random(7)
        rows, prices = [], []
        for _ in range(2000):
            area, age, garage = draw.uniform(40, 220), draw.randrange(100), draw.choice(["yes", "no"])
            district = draw.choice(["centre", "north", "south", "harbour", "fields"])
            prices.append(180 + 1.3 * area - 0.7 * age + 18 * (garage == "yes") + draw.gauss(0, 12) +
                          {"centre": 120, "north": 20, "south": 60}.get(district, -20))
            rows.append((f"{area:.1f}", age, district, garage, f"{prices[-1]:.2f}"))
        data = self.table("houses.csv", "area,age,district,garage,price", rows)
        config, model = self.folder / "houses.yaml", self.folder / "houses/model.pt"
        maas("init", data, "-o", config, check=0)
        done = maas("train", config, "-o", self.folder / "houses", "--json", check=0)
        metrics = json.loads(done.stdout)["metrics"]
        self.assertGreater(metrics["r2"], 0.9)
        self.assertGreater(metrics["rmse"], 8)  # the noise is 12, in the units of the prices
        self.assertGreater(metrics["mae"], 8 * 0.8)
        done = maas("predict", model, data, "--json", check=0)
        answers = [json.loads(line)["outputs"][0] for line in done.stdout.splitlines()]
        off = sum(abs(a - b) for a, b in zip(answers, prices)) / len(prices)
        self.assertLess(abs(off - metrics["mae"]), 0.3 * metrics["mae"])
        done = maas("eval", model, "--json", "--split", "train", check=0)
        self.assertGreater(json.loads(done.stdout)["metrics"]["r2"], 0.9)
        raw = maas("train", config, "data.targets=none", "-o", self.folder / "raw", "--json", check=0)
        self.assertLess(json.loads(raw.stdout)["metrics"]["r2"], metrics["r2"])
        self.fine_tune(config, model, metrics)

    def fine_tune(self, config, model, metrics):
        """A network that exists keeps its output: what is trained on begins where it ended."""
        done = maas("train", config, f"model.from={model}", "train.steps=1", "train.learning_rate=1e-12",
                    "-o", self.folder / "tuned", "--json", check=0)
        again = json.loads(done.stdout)["metrics"]
        for name, value in metrics.items():
            self.assertAlmostEqual(again[name], value, delta=1e-4 * abs(value))
        rows = [json.loads(line) for line in (self.folder / "tuned/metrics.jsonl").read_text().splitlines()]
        self.assertLess(rows[0]["loss"], 0.2)  # in standard deviations, as it was trained

    def test_few_rows_are_seen_often_enough_to_learn_from(self):
        rows = [(age, job, "high" if age > 45 or job == "pilot" else "low")
                for age in range(18, 70) for job in ("nurse", "clerk", "pilot")]
        text = self.init_and_train(self.table("jobs.csv", "age,job,pay", rows), "epochs: 100")
        self.assertIn("patience: 25", text)
        done = maas("train", self.folder / "made.yaml", "train.steps=2", "-o", self.folder / "told", check=0)
        self.assertIn("beside it, on the test rows: logistic regression accuracy", done.stderr)
        self.assertIn("Beside simple models", (self.folder / "told/report.html").read_text())
        done = maas("train", self.folder / "made.yaml", "data.split=random", "-o", self.folder / "jobs",
                    "--json", check=0)
        found = json.loads(done.stdout)
        self.assertGreater(found["metrics"]["accuracy"], 0.85)
        self.assertEqual([b["name"] for b in found["baselines"]], ["most frequent", "logistic regression"])

    def test_tables_of_other_habits(self):
        rows = [(i % 7, i % 5, i % 2) for i in range(60)]
        self.init_and_train(self.table("t.csv", "a;b;label", rows, ";"), 'delimiter: ";"')
        self.init_and_train(self.table("t.tsv.gz", "a\tb\tlabel", rows, "\t"), 'delimiter: "\\t"')
        self.init_and_train(self.table("t.csv", "", rows), "header: false", 'label: "column_3"')

    def test_a_table_with_gaps_and_columns_that_say_nothing(self):
        draw = random.Random(1)
        rows = [(i, f"Name {i}", draw.choice(["", "1.5", "NA", "2"]), "", "yn"[i % 2])
                for i in range(80)]
        text = self.init_and_train(self.table("t.csv", "id,name,x,empty,y", rows), "missing: mean",
                                   '"id": ignore', '"name": ignore', '"empty": ignore')
        self.assertNotIn('"x": ignore', text)

    def test_kinds_of_columns_are_set_where_they_are_written(self):
        rows = [[i, i % 7, f"2024-01-{i % 28 + 1:02}", "abc"[i % 3]] for i in range(60)]
        data = self.table("kinds.csv", "id,house no,when,y", rows)

        def columns(*settings):
            text = maas("init", data, "-o", "-", *settings, check=0).stdout
            return re.findall(r'(?m)^    ("?[a-z ]+"?: (?:numeric|ignore|categorical|date))\b', text), text
        self.assertEqual(columns()[0], ['"when": date', '"id": ignore'])
        self.assertEqual(columns("data.columns.id=numeric", "data.columns.when=ignore")[0],
                         ['"when": ignore', '"id": numeric'])
        self.assertEqual(columns("data.columns.house no=categorical")[0],
                         ['"when": date', '"id": ignore', "house no: categorical"])
        self.assertEqual(columns("data.columns.id=null")[0], ['"when": date'])
        self.assertNotIn("columns:", columns("data.columns.id=~", "data.columns.when=null")[1])
        self.assertNotIn("weight_decay", columns("train.optimizer.weight_decay=null")[1])

    def test_what_was_seen_is_told_and_written(self):
        """Unnamed and repeated columns, a trailing delimiter, copies, rows without a label: all train."""
        draw = random.Random(1)
        rows = [(i, 1000 + 3 * i, f"{draw.random():.3f}", f"{draw.random():.3f}", 7, "ab"[i % 2].upper() if i else "",
                 "ab"[i % 2] if i else "", "") for i in range(90)]
        table = self.table("t.csv", ",id,x,x,same,copy,kind,", rows)
        text = self.init_and_train(table, '"column_1": ignore', '"id": ignore', '"same": ignore', '"copy": ignore',
                                   '"column_8": ignore', 'label: "kind"', "missing_label: drop", "# x_2 ",
                                   "ignored: it tells 'kind': a copy of the label")
        self.assertNotIn('"x_2": ignore', text)
        done = maas("init", table, "-o", "-", check=0)
        self.assertIn("since it is the last column that tells something; also likely: 'copy'", done.stderr)
        self.assertIn('warning: column "copy" is ignored', done.stderr)
        done = maas("train", self.folder / "made.yaml", "train.steps=2", "-o", self.folder / "again", check=0)
        self.assertIn("train: dropped 1 of 90 rows without a label", done.stderr)
        done = maas("train", self.folder / "made.yaml", "data.missing_label=error", "-o", self.folder / "no", check=3)
        self.assertIn("data.missing_label: drop", done.stderr)

    def test_a_stray_cell_hides_no_column(self):
        draw = random.Random(1)
        ages = [f"{draw.uniform(16, 60):.2f}" for _ in range(120)]
        for missing in ("None", "n/a", "-", "#N/A", "<NA>", "NAN"):
            rows = [(missing if i in (7, 50) else age, "ja" if float(age) > 40 else "nein")
                    for i, age in enumerate(ages)]
            text = self.init_and_train(self.table("t.csv", "age,y", rows), "missing: mean")
            self.assertNotIn("ignore", text.split("\ndata:")[1])
        rows = [("abc" if i == 7 else age, "ja" if float(age) > 40 else "nein") for i, age in enumerate(ages)]
        table = self.table("t.csv", "age,y", rows)
        done = maas("init", table, "-o", self.folder / "stray.yaml", check=0)
        self.assertIn("119 cells are numbers and 1 are not ('abc')", done.stderr)
        said = maas("train", self.folder / "stray.yaml", "--dry-run", check=3).stderr
        self.assertIn("holds numbers in ", said)
        rows = [(f"ca. {i}" if i % 5 == 0 else f"{i}.5", "ab"[i % 2]) for i in range(200)]
        done = maas("init", self.table("t.csv", "d,y", rows), "-o", "-", check=0)
        self.assertIn("160 cells are numbers and 40 are not ('ca. 0')", done.stderr)

    def test_a_file_that_is_no_utf_8(self):
        path = self.folder / "latin.csv"
        path.write_bytes("größe,übung\n".encode("latin-1") +
                         b"".join(f"{i / 7:.3f},{'nie' if i % 2 else 'täglich'}\n".encode("latin-1")
                                  for i in range(90)))
        self.init_and_train(path, "encoding: latin-1", 'label: "übung"')
        self.assertIn("latin.csv is not UTF-8: it is read as latin-1", maas("init", path, "-o", "-", check=0).stderr)

    def test_the_label_is_the_one_that_is_named(self):
        rows = [(i % 7, i % 5, "ab"[i % 2], i % 3) for i in range(90)]
        table = self.table("t.csv", "x,y,z,w", rows)
        self.assertIn("predicting the class 'w', since it is the last column", maas("init", table, "-o", "-",
                                                                                   check=0).stderr)
        done = maas("init", table, "--label", "x", "--task", "regression", "-o", "-", check=0)
        self.assertIn('label: "x"', done.stdout)
        self.assertIn("task: regression", done.stdout)
        self.assertIn("one of x, y, z, w", maas("init", table, "--label", "ww", "-o", "-", check=2).stderr)
        self.assertIn("'z' holds text", maas("init", table, "--label", "z", "--task", "regression", "-o", "-",
                                            check=2).stderr)
        self.assertIn("--label", maas("init", "--label", "z", "-o", "-", check=2).stderr)

    def test_tiny_tables(self):
        for count in (6, 20):
            rows = [(i, "ab"[i % 2]) for i in range(count)]
            self.assertNotIn("early_stop", self.init_and_train(self.table("t.csv", "x,y", rows)))

    def test_rows_without_a_label_are_told(self):
        rows = [(i, "ab"[i % 2] if i else "") for i in range(60)]
        done = maas("init", self.table("t.csv", "x,y", rows), "-o", "-", check=0)
        self.assertIn("1 rows have no 'y'", done.stderr)

    def test_a_folder_of_images(self):
        for label in ("cats", "dogs"):
            (self.folder / "pets" / label).mkdir(parents=True)
            for i in range(30):
                (self.folder / "pets" / label / f"{i}.png").write_bytes(
                    png(9, 8, 100 * (label == "cats") + i))
        self.init_and_train(self.folder / "pets", "type: images", 'train: {path: "pets"}', "metric: nll")

    def pictures(self, name, classes, count, *form):
        for label in classes:
            (self.folder / name / label).mkdir(parents=True)
            for i in range(count):
                (self.folder / name / label / f"{i}.png").write_bytes(png(*form[:2], 40 * i % 256, *form[2:]))
        return self.folder / name

    def test_small_pictures_keep_their_size(self):
        for width, height, wanted in ((28, 28, (28, 28)), (41, 19, (40, 20)), (3, 3, (8, 8))):
            folder = self.pictures(f"small{width}", "ab", 6, width, height)
            text = self.init_and_train(folder, f"height: {wanted[1]} ", f"width: {wanted[0]}\n",
                                       f"# sizes of 12 images, width x height: all {width} x {height}\n",
                                       f"# {wanted[0]} x {wanted[1]}: as most of them")
            self.assertIn("[32, 64, 128]" if min(wanted) >= 24 else "[32, 64]", text)

    def test_photographs_get_a_square_that_most_of_them_have(self):
        folder = self.pictures("snaps", ("cats", "dogs"), 6, 160, 120)
        for i in range(2):
            (folder / "cats" / f"{i}.png").write_bytes(png(70, 300, 9))
        self.init_and_train(folder, "height: 96 ", "width: 96\n", "[16, 32, 64, 128]", "{shift: 6}, {rotate: 10}",
                            "70 x 300 the largest", "160 x 120 the commonest (83%)",
                            "# 96 x 96: of 64, 96, 128, 224; a quarter have 120 pixels or fewer")
        done = maas("init", folder, "-o", "-", check=0)
        self.assertIn("160 x 120 the smallest", done.stderr)
        self.assertIn("a quarter have 120 pixels or fewer", done.stderr)

    def test_pictures_that_would_lose_much_are_told(self):
        folder = self.folder / "long_and_high"
        for i in range(24):
            path = folder / "ab"[i % 2] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(*((50, 144) if i % 3 else (96, 96)), 9 * i))
        done = maas("init", folder, "-o", "-", check=0)
        self.assertRegex(done.stderr, r"warning: 16 of 24 images lose more than a quarter of their pixels, up to 6\d %")
        given = maas("init", folder, "-o", "-", "data.height=144", "data.width=50", check=0)
        self.assertNotIn("a quarter of their pixels", given.stderr)

    def test_a_size_that_is_given_needs_no_reason(self):
        done = maas("init", self.pictures("given", "ab", 6, 160, 120), "data.height=32", "data.width=32", "-o", "-",
                    check=0)
        self.assertIn("height: 32", done.stdout)
        self.assertNotIn("few have", done.stdout + done.stderr)

    def test_many_photographs_are_learnt_in_minutes(self):
        self.pictures("album", "ab", 10, 160, 120)
        rows = [(f"album/{'ab'[i % 2]}/{i // 2 % 10}.png", "ab"[i % 2]) for i in range(20_000)]
        done = maas("init", self.table("many.csv", "file,kind", rows), "-o", "-", check=0)
        for part in ("height: 64 ", "epochs: 17\n", "{shift: 4}]", "20000 images at 96 x 96 two cores would learn for over 20"):
            self.assertIn(part, done.stdout)

    def test_pictures_whose_mirror_image_means_something_else_are_not_flipped(self):
        for name, classes, why in (("letters", "abcde", "as letters or digits"), ("no_yes", "01", None),
                                   ("ways", ("Turn_Left", "turn_right"), "'Turn_Left' would be another class")):
            text = maas("init", self.pictures(name, classes, 3, 100, 100), "-o", "-", check=0).stdout
            self.assertEqual("{flip: 0.5}" in text, why is None)
            self.assertIn(why or "left and right mean the same", text)

    def test_small_grey_pictures_are_not_flipped(self):
        for grey, wanted in ((True, "{rotate: 10}"), (False, "{flip: 0.5}")):
            folder = self.folder / f"grey{grey}"
            for name in ("b", "d"):
                (folder / name).mkdir(parents=True)
                for i in range(6):
                    (folder / name / f"{i}.png").write_bytes(png(28, 28, 40 * i, grey))
            text = self.init_and_train(folder, wanted)
            self.assertEqual("{flip" in text, not grey)

    def test_a_table_that_names_images(self):
        (self.folder / "photos").mkdir()
        rows = []
        for i in range(60):
            (self.folder / "photos" / f"{i}.png").write_bytes(png(9, 8, 100 * (i % 2) + i))
            rows.append((i, f"photos/{i}.png", "cat" if i % 2 else "dog"))
        table = self.table("pets.csv", "id,file,kind", rows)
        self.init_and_train(table, "type: image_list", 'image: "file"', 'label: "kind"', "convnet")
        (self.folder / "photos/7.png").unlink()
        done = maas("init", table, "-o", "-", check=0)
        self.assertIn("1 of 60 images are not where 'file' says", done.stderr)
        done = maas("train", self.folder / "made.yaml", "train.steps=2", "-o", self.folder / "again", check=3)
        self.assertIn("pets.csv:9:3: ", done.stderr)
        self.assertIn("data.corrupt: skip", done.stderr)

    def test_a_folder_of_images_that_are_split_already(self):
        for split, count in (("train", 8), ("val", 2), ("test", 2)):
            for label in ("cats", "dogs"):
                (self.folder / "split" / split / label).mkdir(parents=True)
                for i in range(count):
                    (self.folder / "split" / split / label / f"{i}.png").write_bytes(
                        png(8, 8, 100 * (label == "cats") + i))
        text = self.init_and_train(self.folder / "split", 'path: "split/train"', 'path: "split/test"',
                                   'validation_source: {path: "split/val"}')
        self.assertNotIn("fraction", text)

    def test_idx_files(self):
        self.init_and_train(ROOT / "data/mnist", "type: idx", "t10k-images", "lenet5")

    def test_made_up_data(self):
        text = maas("init", "-o", "-", check=0).stdout
        maas("train", "-", "train.steps=2", "-o", self.folder / "made-up", stdin=text, check=0)

    def test_it_says_what_it_cannot_read(self):
        (self.folder / "empty").mkdir()
        (self.folder / "tables").mkdir()
        (self.folder / "tables/a.csv").write_text("a,b\n1,2\n")
        (self.folder / "notes.txt").write_text("hello\n")
        (self.folder / "narrow.csv").write_text("a\n1\n2\n")
        for name, code, part in [("nothing.csv", 3, "cannot open: No such file"),
                                 ("empty", 3, "has no folder in it"), ("tables", 2, "maas init "),
                                 ("notes.txt", 2, "is neither a folder nor"),
                                 ("narrow.csv", 3, "has 2 rows and 1 columns")]:
            self.assertIn(part, maas("init", self.folder / name, "-o", "-", check=code).stderr)

    def test_it_replaces_nothing_and_can_only_show(self):
        config = self.folder / "mine.yaml"
        config.write_text("mine\n")
        self.assertIn("--force", maas("init", "-o", config, check=2).stderr)
        self.assertEqual(config.read_text(), "mine\n")
        self.assertIn("type: synthetic", maas("init", "-o", config, "--dry-run", check=0).stdout)
        self.assertEqual(config.read_text(), "mine\n")
        self.assertIn("make the folder", maas("init", "-o", self.folder / "no/x.yaml", check=4).stderr)


if __name__ == "__main__":
    unittest.main()
