"""Kernels of products: measured, kept in a file, pinned."""
import json
import os
import subprocess
import unittest

from maas_runs import MAAS, Case, maas


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

    def test_a_named_file_of_something_else_is_refused_and_stays(self):
        file = self.folder / "broken/kernels.txt"
        file.parent.mkdir()
        for held in (b"\0" * 100, b"height,label\n1,a\n", (self.folder / "run/model.pt").read_bytes()):
            file.write_bytes(held)
            said = self.bench(file, check=2).stderr
            for part in (str(file), "something else", "fix: "):
                self.assertIn(part, said)
            self.assertEqual(file.read_bytes(), held)
        checks = json.loads(maas("doctor", "--json", env={"MAAS_KERNELS": str(file)}).stdout)["checks"]
        found = [check for check in checks if check["name"] == "kernels"][0]
        self.assertEqual(found["verdict"], "problem")
        self.assertIn(str(file), found["found"])

    def test_a_named_place_that_keeps_nothing_is_told(self):
        other = self.folder / "other.txt"
        other.write_text("maas kernels 1\tanother CPU\n")
        for place, why in ((self.folder, "is a folder"), ("/dev/null", "is a device"),
                           (other, "is of another machine or version"),
                           (other / "kernels.txt", "is no folder")):
            said = self.bench(place).stderr
            for part in ("warning: MAAS_KERNELS", str(place), why, "not kept"):
                self.assertIn(part, said)
            shown = maas("doctor", env={"MAAS_KERNELS": str(place)}).stdout
            self.assertRegex(shown, rf"(?m)^warning +kernels .*not kept: .*{why}")
        self.assertEqual(other.read_text(), "maas kernels 1\tanother CPU\n")

    def test_processes_at_once_lose_nothing_that_another_measured(self):
        file = self.folder / "shared/kernels.txt"
        started = [subprocess.Popen([MAAS, "bench", self.folder / "run/model.pt", "--seconds=0.05",
                                     f"--batch={rows}", "--kernels", "--json"], text=True,
                                    stdout=subprocess.PIPE, env={**os.environ, "MAAS_KERNELS": str(file)})
                   for rows in (1, 3, 5, 7, 9, 11)]
        measured = set()
        for process in started:
            measured |= set(json.loads(process.communicate()[0])["kernels"])
            self.assertEqual(process.returncode, 0)
        kept = {line.split("\t")[0] for line in file.read_text().splitlines()[1:]}
        self.assertEqual(kept, measured)
        self.assertEqual([path.name for path in file.parent.iterdir()], ["kernels.txt"])

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
