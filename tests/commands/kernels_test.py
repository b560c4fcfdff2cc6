"""Kernels of products: measured, kept in a file, pinned."""
import json
import unittest

from maas_runs import Case, maas


class Kernels(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file = cls.folder / "cache/kernels.txt"
        cls.train("run", check=0)

    def bench(self, kernels, *more, check=0):
        return maas("bench", self.folder / "run/model.pt", "--seconds=0.05", "--batch=1", *more,
                    env={"MAAS_KERNELS": str(kernels)}, check=check)

    def test_what_was_measured_is_kept_and_not_measured_again(self):
        first = json.loads(self.bench(self.file, "--kernels", "--json").stdout)["kernels"]
        kept = self.file.read_bytes()
        again = json.loads(self.bench(self.file, "--kernels", "--json").stdout)["kernels"]
        self.assertEqual(set(again), set(first))
        self.assertEqual(self.file.read_bytes(), kept)
        for product, kernel in first.items():
            self.assertIn(kernel["winner"], kernel["seconds"], product)

    def test_a_file_that_is_none_is_written_anew(self):
        file = self.folder / "broken/kernels.txt"
        file.parent.mkdir()
        file.write_bytes(b"\0" * 100)
        self.bench(file)
        self.assertTrue(file.read_text().startswith("maas kernels 1"))

    def test_pinned_kernels_are_not_timed(self):
        self.assertIn("MAAS_KERNELS=default, nothing measured", self.bench("default", "--kernels").stdout)

    def test_a_name_of_no_kernel_is_refused(self):
        said = self.bench("onednnn", check=2).stderr
        for part in ("MAAS_KERNELS", "'onednnn' is no kernel", "onednn", "a path with a slash", "fix: "):
            self.assertIn(part, said)


if __name__ == "__main__":
    unittest.main()
