"""A client that openapi-python-client generates from /openapi.json asks the server that wrote it."""
import importlib
import pathlib
import subprocess
import sys
import unittest
import urllib.request

from client_runs import MODEL, ClientCase, need

need("openapi_python_client", "httpx")


class Generated(ClientCase):
    def generate(self):
        document = self.folder / "maas.json"
        with urllib.request.urlopen(f"{self.url}/openapi.json", timeout=60) as answer:
            document.write_bytes(answer.read())
        made = self.folder / "made"
        done = subprocess.run([pathlib.Path(sys.executable).with_name("openapi-python-client"), "generate", "--path",
                               document, "--output-path", made, "--meta", "none", "--overwrite"],
                              capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("WARNING", done.stdout + done.stderr)
        sys.path.insert(0, str(self.folder))
        return made

    def modules_of(self, made):
        """Those that import: what predicts takes bodies of several types, for which the generator fails."""
        names = sorted(".".join(path.relative_to(self.folder).with_suffix("").parts)
                       for path in (made / "api").rglob("*.py") if path.name != "__init__.py")
        return {name: importlib.import_module(name) for name in names if "predict" not in name}

    def test_it_asks_for_health_metadata_and_inference(self):
        modules = self.modules_of(self.generate())
        client = self.enterContext(importlib.import_module("made").Client(base_url=self.url))
        seen = 0
        for name, module in modules.items():
            url = module._get_kwargs.__code__.co_consts
            if any(isinstance(one, str) and one in ("/v2/health/ready", "/v2", "/v2/health/live") for one in url):
                answer = module.sync_detailed(client=client)
                self.assertEqual(answer.status_code, 200, name)
                self.assertIsNotNone(answer.parsed, name)
                seen += 1
        self.assertEqual(seen, 3, sorted(modules))
        self.infer(modules, client)

    def infer(self, modules, client):
        module = modules["made.api.default.post_v2_models_model_infer"]
        given = {"inputs": [{"name": "image", "shape": [3, 1, 28, 28], "datatype": "UINT8",
                             "data": self.images.flatten().tolist()}]}
        body = importlib.import_module("made.models").InferRequestBenchMlp1.from_dict(given)
        answer = module.sync_detailed(MODEL, client=client, body=body)
        self.assertEqual(answer.status_code, 200)
        self.assert_logits(answer.parsed.to_dict()["outputs"][0]["data"])


if __name__ == "__main__":
    unittest.main()
