"""Faults C01 to C04 on the program: what a wrong config says, where, and with which exit code. The
messages themselves are tested in tests/config; here is what the user of a shell sees of them."""
import json
import os
import unittest

from maas_runs import ROOT, Case, maas

EXAMPLE = ROOT / "configs/mnist_cnn.yaml"  # extends another


class Refused(Case):
    def refuse(self, text, *parts, name="bad.yaml", code=2):
        """`text` as a config is refused with all of `parts`, a place and the line with a caret."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = maas("config", "check", path, check=code)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith(f"maas config: {path}"), done.stderr)
        self.assertIn("^", done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        return done.stderr

    def test_c01_texts_that_are_no_yaml(self):
        cases = [("data:\n\ttype: idx\n", ":2:1: a tab in the indentation"),
                 ("name: x\nmodel: {hidden: [1, 2\n", ":2:17: a list '[' without its ']'"),
                 (b"name: \xff\n", ":1:7: a byte that is no UTF-8"),
                 ("data: " + "[" * 501 + "]" * 501, "nesting deeper than 64"),
                 ("name: x\n---\nname: y\n", ":2:1: a second document"),
                 ("data: &d {<<: {}, train: *d}\nname: !!python/object/apply:os.system [true]\n",
                  ":1:11: a merge key", ":1:26: an alias", ":2:7: the tag")]
        for text, *parts in cases:
            self.refuse(text, *parts)

    def test_c01_a_file_of_100_mb_is_not_read(self):
        path = self.folder / "large.yaml"
        with open(path, "wb") as file:
            file.truncate(100 << 20)
        self.assertIn("104857600 bytes; expected a config of at most 1 MiB",
                      maas("config", "check", path, check=2).stderr)
        with open(path, "rb") as file:
            done = maas("config", "check", "-", stdin=file, check=2)
        self.assertIn("stdin: more than 1 MiB", done.stderr)

    def test_a_file_without_training_is_checked_for_what_it_has(self):
        path = self.folder / "serve.yaml"
        path.write_text("serve:\n  port: 8001\n  poll: 100ms\n")
        done = maas("config", "check", path, check=0)
        self.assertIn("serve.yaml: ok", done.stdout)
        self.assertIn("what was checked is serve", done.stderr)
        self.refuse("serve: {prot: 8001}\n", ":1:9: unknown key 'prot' under serve")
        self.refuse("serve:\n  host: 0.0.0.0\n", ":2:3: serve.host: 0.0.0.0 can be reached")
        self.refuse("serve: {port: 1}\ntrain: {epochs: 1}\n", "data.train: is missing")

    def test_c02_and_c03_every_wrong_key_and_value_is_told_at_once(self):
        whole = "expected a whole number from 1 to 1000000000"
        self.refuse("""
seed: 1
train: {epochs: ten, batch_size: 010, accumulate: 1e3, log_every: -1, learning_rate: .nan,
  clip_norm: -1, lerning_rate: 1, threads: null, optimizer: [adam]}
data: {prefetch: yes, augment: 2}
model: {type: mpl, hidden: 64, dropout: high}
seed: 2
""", f":3:17: train.epochs is 'ten'; {whole}", f":3:34: train.batch_size is '010'; {whole}",
                    "remove the leading zero", "train.accumulate is '1e3'", "or as 5k or 2M",
                    f"train.log_every is '-1'; {whole}", "train.learning_rate is '.nan'",
                    "NaN is no value", "train.clip_norm is '-1'; expected a number of at least 0",
                    ":4:18: unknown key 'lerning_rate' under train; did you mean 'learning_rate'?",
                    "train.threads is nothing; expected a whole number from 0 to 1024",
                    "train.optimizer is a list; expected a map of settings, or its type alone",
                    ":5:18: data.prefetch is 'yes'; expected true or false", "write true",
                    "data.augment is '2'; expected a list of maps", "did you mean 'mlp'?",
                    "write hidden: [64]", "model.dropout is 'high'; expected a number from 0 to 0.95",
                    ":7:1: key 'seed' is given twice: on line 2 and on line 7", name="all.yaml")

    def test_contradictions_have_places_too(self):
        self.refuse("name: x\ndata:\n  type: csv\n  train: a.csv\n", ":2:1: data.label: is missing")
        self.refuse("eval:\n  require: {acuracy: \">= 1\"}\n", ":2:3: eval.require: unknown metric",
                    "did you mean 'accuracy'?")
        self.refuse("name: ../../x\n", ":1:1: name: '../../x' cannot name a folder")

    def test_eval_tells_the_place_as_well(self):
        model = self.folder / "place/model.pt"
        text = ("name: x\ndata: {type: synthetic, samples: 64, height: 4, width: 4, classes: 2, "
                "test_fraction: 0.25}\nmodel: {type: mlp, hidden: [4]}\n"
                "train: {epochs: 1, batch_size: 8}\n")
        path = self.folder / "place.yaml"
        path.write_text(text)
        maas("train", path, "-o", model.parent, check=0)
        for line, parts in (("eval:\n  metrics: [acuracy]\n", ["6:3: eval.metrics: unknown metric",
                                                               "did you mean 'accuracy'?"]),
                            ("eval: {require: {rmse: \"< 1\"}}\n", ["5:8: eval.require: "]),
                            ("eval: {require: {accuracy: \"about 1\"}}\n", ["5:18: eval.require.accuracy: "])):
            path.write_text(text + line)
            said = maas("eval", model, path, check=2).stderr
            for part in parts:
                self.assertIn(f"{path}:{part}" if part[0].isdigit() else part, said)
        path.write_text(text.replace("test_fraction", "validation"))
        self.assertIn(f"{path}:2:1: data: has no test split", maas("eval", model, path, check=2).stderr)
        done = maas("eval", model, "eval.metrics=[rmse]", check=2)
        self.assertIn("command line", done.stderr)
        self.assertIn("eval.metrics: ", done.stderr)

    def test_a_network_is_built_or_taken(self):
        base, path = self.folder / "built.yaml", self.folder / "taken.yaml"
        data = "data: {type: synthetic, samples: 64, height: 4, width: 4, classes: 2}\ntrain: {epochs: 1}\n"
        base.write_text(data + "model: {type: mlp, hidden: [4]}\n")
        first = json.loads(maas("train", base, "-o", self.folder / "first", "--json", check=0).stdout)["model"]
        path.write_text(data + f"model: {{from: {first}, type: mlp}}\n")
        said = maas("train", path, "--dry-run", check=2).stderr
        self.assertIn(f"{path}:3:", said)
        self.assertIn("model.type: is given beside model.from", said)
        self.assertIn("leave model.type out to go on with that network", said)
        path.write_text(data + f"model: {{from: {first}}}\n")
        self.assertIn("command line: model.hidden=[5]: model.hidden: is given beside model.from",
                      maas("train", path, "--dry-run", "model.hidden=[5]", check=2).stderr)
        # What a config that is extended builds is not asked for.
        path.write_text(f"extends: built.yaml\nmodel: {{from: {first}}}\n")
        maas("train", path, "-o", self.folder / "second", check=0)
        maas("train", base, f"model.from={first}", "--dry-run", check=0)
        maas("train", self.folder / "second/resolved.yaml", "-o", self.folder / "third", check=0)
        maas("train", "--resume", self.folder / "second", check=0)

    def test_errors_of_a_layer_are_at_its_line(self):
        path = self.folder / "net.yaml"
        ground = ("data: {type: synthetic, samples: 64, height: 8, width: 8, classes: 2}\n"
                  "model:\n  type: layers\n  layers:\n    - {conv: 4, name: stem}\n")
        layer = "model.layers.2 (layer 3, "
        for lines, place, *parts in (
                # While the file is read.
                (["relu", "conv: -1"], "7:13: model.layers.2.size is '-1'"),
                (["relu", "{conv: 4, kernal: 3}"], "7:17: unknown key 'kernal'"),
                (["relu", "{type: conv}"], "7:7: model.layers.2.size is missing"),
                (["relu", "{relu: 4}"], "7:8: model.layers.2: relu takes no value, and is given '4'; expected relu alone, or "
                 "with name, from", "write relu, or {relu: {name: ...}}"),
                (["relu", "{max_pool: 2, dilation: 2}"], "7:21: model.layers.2.dilation has no meaning here"),
                (["relu", "maxpool: 2"], "7:7: model.layers.2: no type is called 'maxpool'"),
                # While shapes are worked out.
                (["flatten", "conv: 4"], f"7:7: {layer}conv): 'conv3' takes no input of shape [s0, 144]"),
                (["relu", "{conv: 4, groups: 3}"], f"7:7: {layer}conv): 'conv3' has 3 groups"),
                (["relu", "max_pool: 7"], f"7:7: {layer}max_pool): 'max_pool3'", "[s0, 4, 6, 6]"),
                (["relu", "add: stm"], f"7:7: {layer}add): 'add3' takes its input from 'stm'",
                 "did you mean 'stem'?"),
                (["relu", "{type: relu, from: stm}"], f"7:7: {layer}relu): 'relu3' takes its input from 'stm'"),
                (["conv: 4", "add: stem"], f"7:7: {layer}add): 'add3' on [s0, 4, 4, 4] and [s0, 4, 6, 6] of 'stem'"),
                (["max_pool: 2", "concat: stem"], f"7:7: {layer}concat): 'concat3' on [s0, 4, 3, 3] and [s0, 4, 6, 6] of 'stem'"),
                (["relu", "{relu: , name: stem}"], f"7:7: {layer}relu): 'relu3' is named 'stem'"),
                (["relu", "reshape: [5, -1]"], f"7:7: {layer}reshape): 'reshape3' makes [5, -1]"),
                (["relu", "linear: 1000000000"], f"7:7: {layer}linear): "),
        ):
            path.write_text(ground + "".join(f"    - {line}\n" for line in lines))
            said = maas("train", path, "--dry-run", check=None).stderr
            for part in (f"{path}:{place}", *parts):
                with self.subTest(layers=lines):
                    self.assertIn(part, said)
        self.assertIn(f"command line: model.layers=[flatten, conv: 4]: model.layers.1 (layer 2, conv): 'conv2'",
                      maas("train", path, "--dry-run", "model.layers=[flatten, conv: 4]", check=2).stderr)

    def test_overrides_say_where_they_come_from(self):
        done = maas("config", "check", EXAMPLE, "train.epochs=ten", check=2)
        self.assertIn("command line: train.epochs=ten: train.epochs is 'ten'", done.stderr)


class Files(Case):
    def test_c04_a_missing_file_gets_a_suggestion(self):
        (self.folder / "mnist.yaml").write_text("name: x\n")
        done = maas("train", "minst.yaml", cwd=self.folder, check=3)
        self.assertIn("minst.yaml: cannot open: No such file or directory; did you mean 'mnist.yaml'?",
                      done.stderr)

    def test_c04_a_folder_and_an_unreadable_file(self):
        self.assertIn("is a folder; expected a file", maas("train", self.folder, check=3).stderr)
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        path = self.folder / "secret.yaml"
        path.write_text("name: x\n")
        path.chmod(0)
        self.assertIn("Permission denied", maas("train", path, check=4).stderr)

    def test_c04_an_empty_file_lacks_its_data(self):
        path = self.folder / "empty.yaml"
        path.write_text("")
        said = maas("train", path, check=2).stderr
        self.assertIn("data.train: is missing", said)
        self.assertIn(str(path), said)

    def test_c04_stdin_line_ends_and_byte_order_marks(self):
        text = "name: x\r\ndata:\r\n  type: synthetic\r\n"
        done = maas("config", "check", "-", stdin="\ufeff" + text, check=0)
        self.assertEqual(done.stdout, "-: ok\n")
        self.assertIn("stdin:3:9: data.type is 'synthetc'",
                      maas("train", "-", stdin=text.replace("thetic", "thetc"), check=2).stderr)

    def test_a_model_is_no_config(self):
        path = self.folder / "model.pt"
        path.write_bytes(b"PK\3\4" + bytes(100))
        self.assertIn("looks like a model", maas("train", path, check=2).stderr)

    def test_a_setting_without_a_config(self):
        self.assertIn("no config before 'train.epochs=3'",
                      maas("train", "train.epochs=3", cwd=self.folder, check=2).stderr)


def valid(value, schema):
    """Whether `value` fits the parts of JSON Schema that `maas config schema` uses."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
             "number": (int, float), "null": type(None)}
    if "anyOf" in schema:
        return any(valid(value, one) for one in schema["anyOf"])
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = [name for name in names if isinstance(value, kinds[name]) and
            (name == "boolean" or not isinstance(value, bool))]
    if not fits or value not in schema.get("enum", [value]):
        return False
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (schema.get("minimum", value) <= value <= schema.get("maximum", value) and
                value > schema.get("exclusiveMinimum", value - 1))
    if isinstance(value, list):
        return all(valid(item, schema["items"]) for item in value)
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        return all(name in value for name in schema.get("required", [])) and all(
            valid(item, known[name]) if name in known else more and valid(item, more)
            for name, item in value.items())
    return True


class Views(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.schema = json.loads(maas("config", "schema", check=0).stdout)

    def shown(self, *arguments, stdin=None):
        return json.loads(maas("config", "show", *arguments, "--json", stdin=stdin, check=0).stdout)

    def test_the_shown_config_reads_back_the_same(self):
        yaml = maas("config", "show", EXAMPLE, check=0).stdout
        comments = maas("config", "show", EXAMPLE, "--comments", check=0).stdout
        settings = json.dumps(self.shown(EXAMPLE)["settings"])
        for text in (yaml, comments, settings):
            self.assertEqual(maas("config", "show", "-", stdin=text, check=0).stdout, yaml)

    def test_every_config_and_every_default_fits_the_schema(self):
        def defaults(schema, path):
            for name, one in schema.get("properties", {}).items():
                if "default" in one:
                    self.assertTrue(valid(one["default"], one), f"{path}.{name}")
                defaults(one, f"{path}.{name}")
        defaults(self.schema, "")
        for path in sorted((ROOT / "configs").glob("*.yaml")):
            self.assertTrue(valid(self.shown(path)["settings"], self.schema), path)

    def test_the_schema_refuses_what_the_program_refuses(self):
        for key, value in [("seed", -1), ("train", {"epochs": 0}), ("train", {"lerning_rate": 1}),
                           ("model", {"type": "mpl"}), ("model", {"depth": 19}), ("data", [])]:
            self.assertFalse(valid({key: value}, self.schema), (key, value))
        self.assertTrue(valid({"model": "lenet5", "train": {"optimizer": "sgd"}}, self.schema))

    def test_every_key_of_the_schema_is_explained(self):
        rows = json.loads(maas("config", "explain", "--json", check=0).stdout)["settings"]
        keys = {row["key"] for row in rows}
        for row in rows:
            self.assertNotEqual(row["meaning"], "", row["key"])
            self.assertNotEqual(row["takes"], "", row["key"])

        def walk(schema, path):
            for option in schema.get("anyOf", [schema]):
                for name, one in option.get("properties", {}).items():
                    if path == "" and name == "extends":
                        continue
                    if one.get("description", "").startswith("type: "):
                        continue  # {conv: 32}, which is short for a type and a setting
                    self.assertIn(path + name, keys)
                    walk(one, path + name + ".")
                    walk(one.get("items", {}), path + name + ".N.")
        walk(self.schema, "")

    def test_explain_tells_one_setting_or_suggests_one(self):
        said = maas("config", "explain", "train.optimizer.momentum", check=0).stdout
        self.assertIn("a number from 0 to 0.9999", said)
        self.assertIn("default 0.9", said)
        self.assertIn("did you mean 'train.learning_rate'?",
                      maas("config", "explain", "learning_rate", check=2).stderr)
        self.assertIn("one argument too many", maas("config", "explain", "a", "b", check=2).stderr)

    def test_a_serve_section_stands_beside_the_experiment(self):
        text = "data: {type: synthetic}\nserve: {port: 8001, workrs: 2}\n"
        self.assertIn("did you mean 'workers'?",
                      maas("train", "-", "--dry-run", stdin=text, check=2).stderr)
        good = text.replace("workrs", "workers")
        self.assertEqual(self.shown("-", stdin=good)["settings"]["serve"]["port"], 8001)
        maas("train", "-", "--dry-run", stdin=good, check=0)


if __name__ == "__main__":
    unittest.main()
