"""What the tests of maas init share."""
import gzip
import json

from maas_runs import Case, maas


class InitCase(Case):
    def init_and_train(self, data, *expected):
        """Writes a config for `data`, trains two steps of it as it is; returns its text."""
        config = self.folder / "made.yaml"
        maas("init", data, "-o", config, "--force", check=0)
        text = config.read_text()
        for part in expected:
            self.assertIn(part, text)
        run = self.folder / "run"
        done = maas("train", config, "train.steps=2", "-o", run, "--force", "--json", check=0)
        self.assertEqual(json.loads(done.stdout)["steps"], 10 if "folds: 5" in text else 2)
        return text

    def table(self, name, header, rows, delimiter=","):
        path = self.folder / name
        lines = ([header] if header else []) + [delimiter.join(map(str, row)) for row in rows]
        data = ("\n".join(lines) + "\n").encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path
