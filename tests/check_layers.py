"""Fails if a file under lib/ includes a folder of equal or higher rank (lib/layers.txt), and for a
folder that has no rank. Folders inside a folder share its rank."""
import pathlib
import re
import sys

lib = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "lib")
rank, banned = {}, {}
for line in (lib / "layers.txt").read_text().splitlines():
    words = line.split("#")[0].split()
    if words:
        rank[words[1]], banned[words[1]] = int(words[0]), words[3:]

problems = 0
for folder in sorted(p for p in lib.iterdir() if p.is_dir() and p.name not in rank):
    print(f"{folder}: has no rank; add it to {lib / 'layers.txt'}")
    problems += 1
for path in sorted(p for p in lib.rglob("*") if p.suffix in {".h", ".cpp"}):
    here = path.relative_to(lib).parts[0]
    if here not in rank:
        continue
    for number, text in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"(\w+)/', text)
        there = match.group(1) if match else None
        if there in rank and there != here and (rank[there] >= rank[here] or there in banned[here]):
            print(f"{path}:{number}: '{here}' must not include '{there}'; "
                  "move what is shared into a lower folder")
            problems += 1
sys.exit(problems != 0)
