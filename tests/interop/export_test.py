"""What maas export writes, opened by the tools for which it is."""
import json
import unittest

import torch

from interop_runs import ROOT, Case, input_names, maas, mnist, other_sizes, tensors_in
from networks import PLAIN, TRANSFORMERS, exported


def onnx_module(path):
    """Runs in onnxruntime what onnx.checker has nothing against."""
    import onnx
    import onnxruntime
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def run(*tensors):
        inputs = {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}
        return [torch.from_numpy(output) for output in session.run(None, inputs)]
    return run


ZOO = {
    "mlp": "{type: mlp, hidden: [16], dropout: 0.1}",
    "lenet5": "{type: lenet5}",
    "convnet": "{type: convnet}",
    "resnet": "{type: resnet}",
}


class Export(Case):
    def setUp(self):
        torch.manual_seed(0)

    def export(self, path, ending, *more):
        """The file, and what was said of it."""
        made = path.with_name(path.stem + "-made" + ending)
        said = json.loads(maas("export", path, "-o", made, "--force", "--json", *more).stdout)
        self.assertEqual(said["files"], [str(made)])
        return made, said["verified"]

    def assert_close(self, made, wanted, tolerance=1e-5):
        made, wanted = tensors_in(made), tensors_in(wanted)
        self.assertEqual(len(made), len(wanted))
        for got, want in zip(made, wanted):
            self.assertEqual((got.shape, got.dtype), (want.shape, want.dtype))
            scale = max(want.abs().max().item(), 1e-3) if want.numel() else 1
            torch.testing.assert_close(got, want, rtol=0, atol=tolerance * scale, equal_nan=True)

    def assert_runs(self, load, ending, nets, decompose=False):
        """Every network gives in the new form what the first gives, for other sizes, too."""
        for name, make in nets.items():
            with self.subTest(name, ending=ending, decompose=decompose):
                net, example, dynamic = make()
                path = self.save(f"{name}-{decompose}", net, example, dynamic, decompose)
                made, verified = self.export(path, ending)
                self.assertLessEqual(verified["max_relative"], 1e-5)
                module = load(made)
                for tensors in (example, other_sizes(example, dynamic, 2, 5),
                                other_sizes(example, dynamic, 6, 9)):
                    with torch.no_grad():
                        self.assert_close(module(*tensors), net(*tensors))

    def test_torch_jit_runs_plain_networks(self):
        self.assert_runs(torch.jit.load, ".torchscript", PLAIN)

    def test_torch_jit_runs_decomposed_networks(self):
        self.assert_runs(torch.jit.load, ".torchscript", PLAIN, decompose=True)

    def test_torch_jit_runs_transformers(self):
        nets = {name: make for name, make in TRANSFORMERS.items() if name in ("bert", "llama")}
        self.assert_runs(torch.jit.load, ".torchscript", nets)

    def test_onnxruntime_runs_plain_and_decomposed_networks_and_transformers(self):
        plain = {name: PLAIN[name] for name in ("mlp", "cnn", "resnet18", "gpt")}
        self.assert_runs(onnx_module, ".onnx", plain)
        self.assert_runs(onnx_module, ".onnx", plain, decompose=True)
        self.assert_runs(onnx_module, ".onnx", {"bert": TRANSFORMERS["bert"]})

    def test_what_onnx_has_no_operator_for_is_refused_by_node(self):
        net, example, dynamic = PLAIN["lstm"]()
        path = self.save("refused", net, example, dynamic)
        said = maas("export", path, "--format", "onnx", check=2).stderr
        for part in ("aten::lstm", "node", "onnx"):
            self.assertIn(part, said.replace("ONNX", "onnx"))

    def test_networks_that_torch_wrote_as_onnx_become_models(self):
        for name in ("mlp", "cnn", "gpt"):
            with self.subTest(name):
                net, example, dynamic = PLAIN[name]()
                file = self.folder / f"{name}-torch.onnx"
                shapes = tuple({dim: torch.export.Dim.DYNAMIC for dim in dims} for dims in dynamic)
                torch.onnx.export(net.eval(), tuple(example), str(file), dynamo=True, verbose=False,
                                  dynamic_shapes=shapes, external_data=False)
                made = self.folder / f"{name}-imported.pt"
                maas("import", file, "-o", made)
                module = torch.export.load(str(made)).module()
                for tensors in (example, other_sizes(example, dynamic, 5, 6)):
                    with torch.no_grad():
                        self.assert_close(module(*tensors), net(*tensors))

    def test_torch_export_runs_networks(self):
        nets = {name: PLAIN[name] for name in ("cnn", "gpt", "lstm")}
        self.assert_runs(lambda path: torch.export.load(path).module(), ".pt2", nets)

    def test_safetensors_are_the_state_dict(self):
        from safetensors.torch import load_file
        for name in ("resnet18", "gpt"):
            net, example, dynamic = PLAIN[name]()
            made, verified = self.export(self.save(name, net, example, dynamic), ".safetensors")
            self.assertEqual(verified["max_abs"], 0)
            tensors, wanted = load_file(made), net.state_dict()
            for key in set(wanted) - set(tensors):  # read by no operator, or by another name
                counts = key.endswith("num_batches_tracked")
                tied = any(wanted[key].data_ptr() == wanted[other].data_ptr() for other in tensors)
                self.assertTrue(counts or tied, key)
            for key, tensor in tensors.items():
                self.assertTrue(torch.equal(tensor, wanted[key]), key)

    def test_torchscript_has_the_names_of_the_weights(self):
        net, example, dynamic = PLAIN["resnet18"]()
        made, _ = self.export(self.save("named", net, example, dynamic), ".torchscript")
        module = torch.jit.load(made)
        wanted = dict(net.named_parameters())
        found = dict(module.named_parameters())
        self.assertEqual(set(found), set(wanted))
        for name, parameter in found.items():
            self.assertTrue(torch.equal(parameter, wanted[name]), name)
            self.assertEqual(parameter.requires_grad, wanted[name].requires_grad)
        self.assertFalse(module.training)

    def test_networks_of_the_zoo_run_in_python(self):
        images = mnist("t10k-images-idx3")[:100]
        for name, model in ZOO.items():
            run = self.folder / name
            maas("train", ROOT / "configs/bench_mlp.yaml", f"model={model}", "train.steps=2",
                 "train.threads=1", "data.limit=2000", "eval.require={}", "-o", run)
            program = torch.export.load(str(run / "model.pt")).module()
            for ending, load in ((".torchscript", torch.jit.load), (".onnx", onnx_module),
                                 (".pt2", lambda path: torch.export.load(path).module())):
                with self.subTest(name, ending=ending), torch.no_grad():
                    made, verified = self.export(run / "model.pt", ending, "--samples", "100")
                    self.assertEqual(verified["top1_agreement"], 1)
                    self.assertEqual(verified["on"], "100 rows of the test split")
                    self.assert_close(load(made)(images), program(images), 1e-4)

    def test_pt2_has_no_manifest_and_the_same_signature(self):
        net, example, dynamic = PLAIN["gpt"]()
        path = self.save("signed", net, example, dynamic)
        made, _ = self.export(path, ".pt2")
        self.assertNotIn(b"maas/manifest.json", made.read_bytes())
        self.assertEqual(input_names(torch.export.load(made)),
                         input_names(exported(net, example, dynamic)))


if __name__ == "__main__":
    unittest.main()
