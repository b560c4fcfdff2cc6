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


class WaitingThreads(Case):
    def spins(self, **env):
        said = maas("version", env={"OMP_DISPLAY_ENV": "verbose", **env}, check=0).stderr
        lines = [line for line in said.splitlines() if "GOMP_SPINCOUNT" in line]
        if not lines:
            self.skipTest("the OpenMP library here is not libgomp")
        return int(lines[0].split("'")[1])

    def test_they_sleep_soon_so_that_other_processes_get_the_cores(self):
        self.assertEqual(self.spins(), 1000)

    def test_the_users_own_setting_holds(self):
        self.assertEqual(self.spins(GOMP_SPINCOUNT="77"), 77)
        self.assertEqual(self.spins(OMP_WAIT_POLICY="passive"), 0)


if __name__ == "__main__":
    unittest.main()
