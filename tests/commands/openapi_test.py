"""/openapi.json, judged by openapi-spec-validator, and the server's answers by its schemas."""
import json
import pathlib
import subprocess
import sys
import unittest

import serve_protocols_test as protocols
from maas_runs import MAAS

PYTHON = pathlib.Path(MAAS).resolve().parent / "venv/bin/python"
JUDGE = """
import json, sys
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
given = json.load(sys.stdin)
validate(given["document"])
for name, body in given["bodies"]:
    schema = {"$ref": "#/components/schemas/" + name, "components": given["document"]["components"]}
    Draft202012Validator(schema).validate(body)
    print("valid", name)
"""


def can_judge():
    return PYTHON.exists() and subprocess.run(
        [PYTHON, "-c", "import openapi_spec_validator, jsonschema"], capture_output=True).returncode == 0


class Document(protocols.Table):
    def judge(self, bodies):
        document = self.ask("GET", "/openapi.json")[1]
        done = subprocess.run([PYTHON, "-c", JUDGE], capture_output=True, text=True, timeout=100,
                              input=json.dumps({"document": document, "bodies": bodies}))
        return done.returncode, done.stdout + done.stderr

    def test_the_document_and_what_is_sent_are_valid(self):
        row = {"x": 3, "colour": "red"}
        infer = {"inputs": [
            {"name": "numeric", "shape": [1, 1], "datatype": "FP32", "data": [3]},
            {"name": "categorical", "shape": [1, 1], "datatype": "INT64", "data": [1]}]}
        bodies = [("InferRequest_prices_1", infer),
                  ("InferResponse", self.post("/v2/models/prices/infer", infer)),
                  ("Prediction_prices_1", row), ("Prediction_prices_1", [[3, "red"]]),
                  ("TfPredict_prices_1", {"instances": [row]}),
                  ("TfPredictAnswer", self.post("/v1/models/prices:predict", {"instances": [row]})),
                  ("TfExamples_prices_1", {"examples": [row]}),
                  ("TfResults", self.post("/v1/models/prices:regress", {"examples": [row]}))]
        for name, path in (("Live", "/v2/health/live"), ("Ready", "/v2/health/ready"),
                           ("ServerMetadata", "/v2"), ("ModelMetadata", "/v2/models/prices"),
                           ("Ready", "/v2/models/prices/ready"), ("Ping", "/ping"),
                           ("ModelList", "/models"), ("ModelStatus", "/v1/models/prices"),
                           ("SignatureMetadata", "/v1/models/prices/metadata"),
                           ("SampleDescription", "/v2/models/prices/samples"),
                           ("Error", "/nothing")):
            bodies.append((name, self.ask("GET", path)[1]))
        code, said = self.judge(bodies)
        self.assertEqual(code, 0, said)
        self.assertEqual(said.count("valid "), len(bodies))

    def test_a_request_that_is_refused_is_not_valid(self):
        for name, body in (("InferRequest_prices_1", {}), ("InferRequest_prices_1", {"inputs": []}),
                           ("Prediction_prices_1", {"x": "much", "colour": "red"}),
                           ("TfPredict_prices_1", {"instances": []}), ("Error", {})):
            self.assertNotEqual(self.judge([(name, body)])[0], 0, (name, body))

    test_all_protocols_say_what_predict_says = test_a_wrong_cell_is_named = None  # of Table


if __name__ == "__main__":
    if not can_judge():
        print("skipped: build/venv has no openapi-spec-validator; fix: scripts/interop_environment")
        sys.exit(77)
    unittest.main()
