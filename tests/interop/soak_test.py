"""Two minutes of scripts/serve_soak.py: mixed models, protocols, sizes, cancels, reloads, bad requests."""
import os
import subprocess
import sys
import unittest

from interop_runs import MAAS, ROOT

SECONDS = os.environ.get("MAAS_SOAK_SECONDS", "120")


class Soak(unittest.TestCase):
    def test_nothing_is_wrong_after_a_while_of_everything(self):
        # Two minutes are too short for the growth that the script looks for by itself.
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/serve_soak.py", SECONDS], capture_output=True,
                              text=True, env={**os.environ, "MAAS": MAAS, "MAAS_SOAK_GROWTH": "16"})
        print(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
