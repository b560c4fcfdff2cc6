"""Networks that Python exported give the outputs of Python: fixed and dynamic sizes, other sizes than
the example's, decomposed to core ATen and not."""
import unittest

import torch

from architectures import ARCHITECTURES
from interop_runs import Case, other_sizes
from networks import PLAIN, TRANSFORMERS

# (batch, length)
SIZES = [(1, 3), (5, 11)]


class Forward(Case):
    def check(self, name, make, decompose=False, fixed=False):
        torch.manual_seed(0)
        net, example, dynamic = make()
        path = self.save(f"{name}-{decompose}-{fixed}", net, example, () if fixed else dynamic,
                         decompose)
        sets = [example]
        if not fixed:
            sets += [other_sizes(example, dynamic, batch, length) for batch, length in SIZES]
        self.assert_predicts(path, sets)

    def test_plain_torch_as_exported(self):
        for name, make in PLAIN.items():
            with self.subTest(name):
                self.check(name, make)

    def test_plain_torch_with_fixed_sizes(self):
        for name, make in PLAIN.items():
            with self.subTest(name):
                self.check(name, make, fixed=True)

    def test_plain_torch_decomposed(self):
        for name, make in PLAIN.items():
            with self.subTest(name):
                self.check(name, make, decompose=True)


    def test_other_architectures_as_exported_and_decomposed(self):
        for name, make in ARCHITECTURES.items():
            for decompose in (False, True):
                with self.subTest(name, decompose=decompose):
                    self.check(name, make, decompose)


class Transformers(Forward):
    test_plain_torch_as_exported = test_plain_torch_with_fixed_sizes = None
    test_plain_torch_decomposed = test_other_architectures_as_exported_and_decomposed = None

    @classmethod
    def setUpClass(cls):
        try:
            import transformers
        except ImportError:
            raise unittest.SkipTest("transformers is not installed") from None
        transformers.logging.set_verbosity_error()
        super().setUpClass()

    def test_as_exported(self):
        for name, make in TRANSFORMERS.items():
            with self.subTest(name):
                self.check(name, make)

    def test_with_fixed_sizes(self):
        for name in ("bert", "vit"):
            with self.subTest(name):
                self.check(name, TRANSFORMERS[name], fixed=True)

    def test_decomposed(self):
        # Not GPT-2: torch 2.13 fails to decompose it (a view of what attention gives).
        for name, fixed in (("t5", True), ("bert", True), ("llama", True), ("vit", False)):
            with self.subTest(name):
                self.check(name, TRANSFORMERS[name], decompose=True, fixed=fixed)


if __name__ == "__main__":
    unittest.main()
