#!/usr/bin/env python3
"""Keeps lib/README.md's list of headers: one phrase a file, the first comment of each header.

  scripts/list_headers.py            exit 1 if the list is not what the headers say
  scripts/list_headers.py --write    writes it
"""
import pathlib
import re
import sys

LIB = pathlib.Path(__file__).resolve().parents[1] / "lib"
START, END = "<!-- headers: scripts/list_headers.py --write -->\n", "<!-- end of headers -->\n"


def phrase(header):
    """The first sentence of the first comment."""
    lines = []
    for line in header.read_text().splitlines():
        if line.startswith("//"):
            lines.append(line[2:].strip())
        elif lines:
            break
    text = " ".join(lines).split("  ")[0]
    return re.split(r"(?<=[a-z)\]0-9`\"])[.;](?:\s|$)", text)[0].strip()


def listing():
    ranks = [line.split()[:2] for line in (LIB / "layers.txt").read_text().splitlines()
             if line and not line.startswith("#")]
    text = ""
    for rank, folder in ranks:
        headers = sorted((LIB / folder).rglob("*.h"))
        if not headers:
            continue
        text += f"\n### {folder} (rank {rank})\n\n"
        text += "".join(f"- `{header.relative_to(LIB / folder)}` {phrase(header)}\n" for header in headers)
    return text + "\n"


def main(write):
    readme = LIB / "README.md"
    text = readme.read_text()
    before, rest = text.split(START)
    wanted = before + START + listing() + END + rest.split(END)[1]
    if write:
        readme.write_text(wanted)
    elif wanted != text:
        print("lib/README.md does not say what the headers say; fix: scripts/list_headers.py --write",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] == ["--write"]))
