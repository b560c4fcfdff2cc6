#!/usr/bin/env python3
"""Packs a folder as a container image of one layer: what docker load and podman load take.

scripts/package_image.py FOLDER NAME:TAG FILE
The layout is that of `docker save` (https://github.com/moby/docker-image-spec, v1.2): manifest.json,
a config and the layer, each called by its SHA-256.
"""
import hashlib
import io
import json
import pathlib
import platform
import sys
import tarfile


def nobodys(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def sha256(path):
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def pack_layer(folder, path):
    with tarfile.open(path, "w") as layer:
        for entry in sorted(folder.rglob("*")):
            layer.add(entry, entry.relative_to(folder), recursive=False, filter=nobodys)


def put(image, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    image.addfile(entry, io.BytesIO(content))


def main(folder, tag, file):
    layer = file.with_suffix(".layer")
    pack_layer(folder, layer)
    digest = sha256(layer)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}
    config = json.dumps({
        "architecture": machine[platform.machine()], "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": ["/usr/bin/maas"], "Cmd": ["serve", "/models", "--config", "/etc/maas/serve.yaml"],
                   "User": "65532:65532", "WorkingDir": "/tmp", "StopSignal": "SIGTERM",
                   "ExposedPorts": {"8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "scripts/package"}],
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    with tarfile.open(file, "w") as image:
        put(image, config_name, config)
        image.add(layer, f"{digest}/layer.tar", filter=nobodys)
        put(image, "manifest.json", json.dumps(
            [{"Config": config_name, "RepoTags": [tag], "Layers": [f"{digest}/layer.tar"]}]).encode())
    layer.unlink()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
