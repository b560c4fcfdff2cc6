"""Faults C06 and C07, and what a newcomer types first: help, slips, JSON of every verb."""
import json
import os
import subprocess
import unittest

from maas_runs import MAAS, ROOT, Case, maas

VERBS = ["train", "eval", "predict", "inspect", "tune", "runs", "runs-compare", "bench", "bench-serve", "serve", "distill",
         "prune", "quantize", "export", "import", "key", "init", "config", "doctor", "completion", "version"]
CONFIG = ROOT / "configs/bench_mlp.yaml"



def spoken(verb):
    return verb.replace("-", " ")


class Help(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.short, cls.table = maas(check=0).stdout, maas("--help", check=0).stdout
        cls.of_verb = {verb: maas(verb, "--help", check=0).stdout for verb in VERBS}

    def test_alone_it_prints_twelve_lines_with_three_commands(self):
        lines = self.short.splitlines()
        self.assertEqual(len(lines), 12)
        self.assertEqual(len([line for line in lines if line.startswith("  maas ")]), 3)
        for line in lines:
            self.assertLessEqual(len(line), 80)

    def test_every_command_that_help_names_exists(self):
        texts = "".join([self.short, self.table, *self.of_verb.values()])
        for word in texts.replace("`", " ").split("maas ")[1:]:
            verb = word.split()[0]
            if verb.isalpha():
                self.assertIn(verb, VERBS, word[:40])

    def test_help_of_every_verb_starts_with_examples(self):
        for verb, text in self.of_verb.items():
            lines = text.splitlines()
            self.assertTrue(lines[0].startswith("  ") and "maas" in lines[0], lines[0])
            self.assertIn(f"\nmaas {spoken(verb)}: ", text)
            self.assertIn(f"\n  {spoken(verb)} ", self.table)
            self.assertTrue(all(len(line) <= 110 for line in lines), verb)

    def test_every_way_of_asking_for_help_works(self):
        for typed in (["eval", "-h"], ["help", "eval"], ["--help", "eval"], ["eval", "m.pt", "--help"]):
            self.assertEqual(maas(*typed, check=0).stdout, self.of_verb["eval"])
        self.assertEqual(maas("help", check=0).stdout, self.table)

    def test_help_is_json_when_asked(self):
        listed = json.loads(maas("--help", "--json", check=0).stdout)
        self.assertEqual([row["verb"] for row in listed["verbs"]], VERBS)
        said = json.loads(maas("eval", "--help", "--json", check=0).stdout)
        self.assertEqual(said, listed["verbs"][1])
        split = next(row for row in said["arguments"] if "--split" in row["names"])
        self.assertEqual(split["choices"], ["test", "validation", "train"])
        self.assertTrue(split["takes_value"])
        self.assertTrue(said["examples"][0].startswith("maas eval "))


class Slips(Case):
    def said(self, *arguments):
        return maas(*arguments, check=2).stderr

    def test_c06_a_verb_gets_a_suggestion(self):
        self.assertIn("unknown verb 'trian'; did you mean 'train'?", self.said("trian"))
        self.assertIn("did you mean 'train'?", self.said("help", "trian"))
        self.assertIn("`maas --help` lists the verbs", self.said("xyzzy"))
        self.assertIn("a verb first", self.said("--epochs"))

    def test_c06_a_flag_of_every_verb_gets_a_suggestion_as_json_too(self):
        for verb in VERBS:
            error = json.loads(maas(verb, "--qiet", "--json", check=2).stdout)["error"]
            self.assertEqual(error["what"], "unknown flag '--qiet'; did you mean '--quiet'?")
            self.assertEqual(error["fix"], f"see `maas {spoken(verb)} --help`")
            self.assertEqual(error["exit"], 2)
        self.assertIn("did you mean '--dry-run'?", self.said("train", "x.yaml", "--dryrun"))
        self.assertIn("unknown flag '-z'", self.said("train", "-z"))

    def test_words_get_suggestions(self):
        self.assertIn("did you mean 'validation'?", self.said("eval", "m.pt", "--split", "validaton"))
        self.assertIn("did you mean 'check'?", self.said("config", "chekc"))

    def test_missing_arguments_are_named(self):
        for verb, part in [("eval", "no model"), ("config", "no action"), ("train", "no config")]:
            self.assertIn(part, self.said(verb))
        self.assertIn("'now' is one argument too many", self.said("version", "now"))
        self.assertIn("--port has no value", self.said("serve", "m.pt", "--port"))

    def test_numbers_are_decimal_and_within_bounds(self):
        for verb, flag, value in [("bench", "--batch", "1,0"), ("bench", "--threads", "010"),
                                  ("bench", "--seconds", "nan"), ("serve", "--port", "65536"),
                                  ("serve", "--workers", "-1"), ("eval", "--threads", "many")]:
            self.assertIn(f"{flag}: is '{value.split(',')[-1]}'; expected a ",
                          self.said(verb, "m.pt", flag, value))


class Json(Case):
    """One object on stdout, whatever the verb and whether it works or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.train()["model"]

    def one_object(self, *arguments, check=0, **given):
        done = maas(*arguments, "--json", check=check, **given)
        self.assertEqual(done.stdout.count("\n"), 1)
        return json.loads(done.stdout)

    def test_of_verbs_that_work(self):
        for arguments in ([["eval", self.model, "data.limit=100"], ["inspect", self.model, "--graph"],
                           ["bench", self.model, "--batch", "1", "--seconds", "0.01"],
                           ["init", "-o", "-"], ["config", "check", CONFIG], ["config", "explain"],
                           ["doctor"], ["completion", "zsh"], ["version"],
                           ["serve", self.model, "--dry-run"], ["train", CONFIG, "--dry-run"]]):
            self.assertEqual(self.one_object(*arguments)["verb"], arguments[0])
        self.assertIn("properties", self.one_object("config", "schema"))

    def test_c06_of_errors_with_the_same_exit_code(self):
        for arguments, code in [(["trian"], 2), (["train", "nothing.yaml"], 3), (["inspect", CONFIG], 3),
                                (["train", "--resume", self.folder], 3), (["init", "nothing.csv"], 3),
                                (["predict", self.model, "nothing.png"], 3), (["config", "show"], 2),
                                (["serve", self.model, "--host", "0.0.0.0"], 2)]:
            error = self.one_object(*arguments, check=code)["error"]
            self.assertEqual(error["exit"], code)
            self.assertEqual(set(error), {"where", "what", "expected", "fix", "exit"})
            for part in ("where", "what"):
                self.assertNotEqual(error[part], "", arguments)
        plain = maas("train", "nothing.yaml", check=3)
        self.assertEqual(plain.stdout, "")
        self.assertIn("nothing.yaml: cannot open", plain.stderr)

    def test_a_result_that_is_not_as_required_is_an_error_as_well(self):
        said = self.one_object("eval", self.model, "data.limit=100",
                               'eval.require={accuracy: ">= 1", nll: "< 0"}', check=6)
        self.assertEqual(said["verb"], "eval")
        self.assertEqual(said["error"]["exit"], 6)
        self.assertEqual([row["where"] for row in said["problems"]],
                         ["eval.require.accuracy", "eval.require.nll"])

    def test_a_model_trained_to_less_than_is_required_is_an_error_as_well(self):
        said = self.one_object("train", ROOT / "configs/bench_mlp.yaml", "train.steps=2",
                               "train.threads=1", 'eval.require={accuracy: ">= 1", nll: "< 0"}',
                               "-o", self.folder / "missed", check=6)
        self.assertEqual(said["verb"], "train")
        self.assertTrue(said["model"].endswith("missed/model.pt"))
        self.assertEqual(said["error"]["exit"], 6)
        self.assertEqual([row["where"] for row in said["problems"]],
                         ["eval.require.accuracy", "eval.require.nll"])

    def test_every_problem_of_a_config_is_in_the_object(self):
        text = "sed: 1\ntrain: {epochs: ten}\n"
        said = self.one_object("config", "check", "-", stdin=text, check=2)
        self.assertEqual([row["where"] for row in said["problems"]], ["stdin:1:1", "stdin:2:17"])

    def test_flags_may_stand_before_the_verb(self):
        self.assertEqual(json.loads(maas("--json", "version", check=0).stdout)["verb"], "version")

    def test_quiet_says_nothing_and_verbose_more(self):
        self.assertEqual(maas("init", "-o", self.folder / "q.yaml", "--quiet", check=0).stderr, "")
        self.assertNotEqual(maas("init", "-o", self.folder / "l.yaml", check=0).stderr, "")
        run = ["bench", self.model, "--batch", "1", "--seconds", "0.01"]
        self.assertIn("pass ", maas(*run, "-v", check=0).stderr)

    def test_c07_a_closed_stdout_is_quiet(self):
        for arguments in (["--help"], ["config", "schema"], ["inspect", self.model],
                          ["init", "-o", "-", "-q"], ["trian", "--json"]):
            read, write = os.pipe()
            os.close(read)
            process = subprocess.Popen([MAAS, *map(str, arguments)], stdout=write,
                                       stderr=subprocess.PIPE)
            os.close(write)
            text = process.communicate()[1]
            self.assertIn(process.returncode, (0, 2, 141, -13), arguments)
            self.assertEqual(text, b"", arguments)

    def test_a_full_disk_behind_stdout_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([MAAS, "version"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 4)
        self.assertIn("stdout: cannot be written: No space left on device", done.stderr)


if __name__ == "__main__":
    unittest.main()
