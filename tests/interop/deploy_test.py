"""The files in deploy/ are what their readers take: systemd, Kubernetes, Grafana, maas itself."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
MAAS = os.environ.get("MAAS", str(ROOT / "build/maas"))


class Deploy(unittest.TestCase):
    def test_systemd_takes_the_unit(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("there is no systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "maas.service"
            text = (DEPLOY / "maas.service").read_text()
            unit.write_text(text.replace("/usr/local/bin/maas", "/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True,
                                  text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_kubernetes_takes_the_manifests(self):
        try:
            import kubernetes_validate
            import yaml
        except ImportError:
            self.skipTest("kubernetes-validate is not installed")
        manifests = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
        container = manifests[0]["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.assertEqual({port["targetPort"] for port in manifests[1]["spec"]["ports"]}, set(ports))
        self.assertEqual(container["args"][-2:], ["--grpc-port", str(ports["grpc"])])
        kinds = []
        for manifest in manifests:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
            kinds.append(manifest["kind"])
        self.assertEqual(kinds, ["Deployment", "Service", "PodDisruptionBudget",
                                 "HorizontalPodAutoscaler"])

    def test_the_board_shows_metrics_that_there_are(self):
        board = json.loads((DEPLOY / "grafana.json").read_text())
        source = (ROOT / "lib/serve/metrics.cpp").read_text()
        known = set(re.findall(r'"((?:maas|process)_\w+)"', source))
        for panel in board["panels"]:
            for target in panel["targets"]:
                for name in re.findall(r"\b(?:maas|process)_\w+", target["expr"]):
                    self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), known)

    def test_the_server_takes_its_settings(self):
        import torch
        with tempfile.TemporaryDirectory() as folder:
            model = f"{folder}/line.pt2"
            torch.export.save(torch.export.export(torch.nn.Linear(2, 1), (torch.zeros(1, 2),)), model)
            shutil.copy(DEPLOY / "serve.yaml", folder)
            serve = [MAAS, "serve", model, "--config", f"{folder}/serve.yaml", "--dry-run"]
            done = subprocess.run(serve, capture_output=True, text=True)
            self.assertIn("keys.yaml", done.stderr)  # the comment in the file says how it is made
            subprocess.run([MAAS, "key", "alice", "--file", f"{folder}/keys.yaml"], check=True,
                           capture_output=True)
            done = subprocess.run(serve, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
