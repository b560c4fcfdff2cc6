"""The parts of scripts/bench serve, in this order; without names all of them but the soak.

  rows      one row beside FastAPI, and a bare handler        serve_peers.py
  images    one image, JSON beside binary
  reload    the model replaced 100 times under load           serve_stops.py
  stop      SIGTERM 100 times under load
  overload  twice the peak arrives                            serve_limits.py
  crowd     1,000 and 4,000 waiting clients
  batching  8 to 64 connections, against batches of 1
  share     what the server adds to a forward
  start     seconds to ready, memory
  soak      everything at once for 30 minutes                 serve_soak.py
"""
import importlib
import pathlib
import sys
import tempfile

PARTS = {"rows": "serve_peers", "images": "serve_peers", "reload": "serve_stops", "stop": "serve_stops",
         "overload": "serve_limits", "crowd": "serve_limits", "batching": "serve_limits", "share": "serve_limits",
         "start": "serve_limits", "soak": "serve_soak"}


def main():
    names = sys.argv[1:] or [name for name in PARTS if name != "soak"]
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"scripts/bench serve: unknown part '{unknown[0]}'; expected some of {', '.join(PARTS)}")
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            failed += getattr(importlib.import_module(PARTS[name]), name)(pathlib.Path(folder)) or 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
