#!/usr/bin/env python3
"""Reads the TensorBoard event files of a run folder with TensorBoard itself.

  read_events.py FOLDER [TAG ...]   prints one JSON object {tag: [[step, value], ...]}

Exit 0 with SKIP when tensorboard is not installed; 1 when there are no scalars or a TAG is absent.
"""
import json
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("SKIP: tensorboard is not installed")
    sys.exit(0)


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    accumulator = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["scalars"]
    scalars = {tag: [[event.step, event.value] for event in accumulator.Scalars(tag)] for tag in tags}
    print(json.dumps(scalars))
    missing = [tag for tag in sys.argv[2:] if tag not in scalars]
    if missing or not scalars:
        print(f"no scalars for {missing or 'any tag'}; found {tags}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
