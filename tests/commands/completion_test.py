"""Completion of bash, zsh and fish: what each offers, and that nothing the program takes is missing."""
import json
import shutil
import subprocess
import unittest

from maas_runs import Case, maas


class Scripts(Case):
    """Every verb, flag and setting is in every script, since they are made from the same tables."""

    def test_nothing_is_missing(self):
        verbs = json.loads(maas("--help", "--json", check=0).stdout)["verbs"]
        rows = json.loads(maas("config", "explain", "--json", check=0).stdout)["settings"]
        settings = [row["key"] for row in rows if row["default"] is not None and ".N" not in row["key"]]
        self.assertGreater(len(settings), 80)
        for shell in ("bash", "zsh", "fish"):
            words = set(maas("completion", shell, check=0).stdout.replace('"', " ").replace("(", " ")
                        .replace(")", " ").replace(":", " ").replace("'", " ").split())
            for verb in verbs:
                self.assertIn(verb["verb"], words)
                for argument in verb["arguments"]:
                    for name in argument["names"] if argument["flag"] else []:
                        self.assertIn(name.lstrip("-") if shell == "fish" else name, words)
                    for word in argument.get("choices", []):
                        self.assertIn(word, words)
            for key in settings:
                self.assertIn(key, words)


class Bash(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = maas("completion", "bash", check=0).stdout

    def complete(self, *words):
        """What bash offers for the last word."""
        (self.folder / "some.yaml").touch()
        script = self.script + f"""
cd {self.folder}; COMP_WORDS=({' '.join(words) or "''"}); COMP_CWORD={len(words) - 1}
_maas; printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_verbs_flags_words_files_and_settings(self):
        self.assertEqual(self.complete("maas", "be"), ["bench", "bench-serve"])
        self.assertEqual(self.complete("maas", "serve", "--por"), ["--port"])
        self.assertEqual(self.complete("maas", "config", "sh"), ["show"])
        self.assertEqual(self.complete("maas", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("maas", "eval", "m.pt", "--split", "v"), ["validation"])
        self.assertEqual(self.complete("maas", "train", "so"), ["some.yaml"])
        self.assertEqual(self.complete("maas", "train", "x.yaml", "train.epo"), ["train.epochs="])
        self.assertEqual(self.complete("maas", "config", "explain", "train.optimizer.mo"),
                         ["train.optimizer.momentum"])
        self.assertEqual(self.complete("maas", "doctor", "x", "train.epo"), [])


class Zsh(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "_maas").write_text(maas("completion", "zsh", check=0).stdout)

    def complete(self, line):
        """What zsh offers; its completion runs on a terminal only, so one is made by zpty. Keys are sent
        once its line editor says that it reads: before that the terminal itself would take the tab."""
        script = f"""
zmodload zsh/zpty; zpty s zsh -f -i
zpty -w s 'PS1=; fpath=({self.folder} $fpath); autoload -U compinit; compinit -u -D; cd {self.folder}'
zpty -w s 'zstyle ":completion:*" list-colors ""; LISTMAX=1000; bindkey "^I" complete-word'
zpty -w s 'zle-line-init() {{ print -n re""ads }}; zle -N zle-line-init'
zpty -r -m s x '*reads*'
zpty -w -n s $'{line}\\t\\C-a: \\C-e\\n'; zpty -r -m s x '*reads*'; print -r -- $x"""
        done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, timeout=30)
        return done.stdout

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_it_completes(self):
        self.assertIn("maas bench", self.complete("maas be"))
        self.assertIn("maas config show", self.complete("maas config sh"))
        self.assertIn("train.epochs=", self.complete("maas train x.yaml train.epo"))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_it_parses(self):
        done = subprocess.run(["zsh", "-n", self.folder / "_maas"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Fish(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = maas("completion", "fish", check=0).stdout

    def complete(self, line):
        script = self.script + f'\ncomplete -C "{line}"\n'
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return [row.split("\t")[0] for row in done.stdout.splitlines()]

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_it_completes(self):
        self.assertEqual(self.complete("maas be"), ["bench", "bench-serve"])
        self.assertEqual(self.complete("maas serve --por"), ["--port"])
        self.assertEqual(self.complete("maas eval m.pt --split v"), ["validation"])
        self.assertIn("show", self.complete("maas config sh"))
        self.assertIn("train.epochs=", self.complete("maas train x.yaml train.epo"))
        self.assertIn("train.epochs", self.complete("maas config explain train.epo"))


if __name__ == "__main__":
    unittest.main()
