"""Writes data/checkpoint/: small files of torch.save and safetensors, and expected.json with the values of each
tensor, read back by Python.

usage: make_checkpoint.py      (packages: torch, numpy, safetensors)
"""
import collections
import json
import os
import pathlib
import zipfile

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent / "data/checkpoint"
KINDS = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


def some(shape, dtype=torch.float32):
    values = torch.randn(shape) * 20
    return values.abs().to(dtype) if dtype in (torch.uint8, torch.bool) else values.to(dtype)


def described(tensors):
    return {name: {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "values": t.double().flatten().tolist()}
            for name, t in tensors.items()}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    expected = {}

    def save(name, content, tensors, **options):
        torch.save(content, OUT / name, **options)
        expected[name] = described(tensors)

    kinds = {f"of.{str(d).removeprefix('torch.')}": some((3, 2), d) for d in KINDS}
    kinds["scalar"], kinds["empty"] = torch.tensor(2.5), torch.zeros(0, 4)
    save("kinds.pt", kinds, kinds)
    save("protocol5.pt", kinds, kinds, pickle_protocol=5)
    save("protocol3.pt", kinds, kinds, pickle_protocol=3)

    base = some((6, 8))
    views = {"base": base, "transposed": base.t(), "rows": base[2:5], "column": base[:, 3], "every_other": base[::2, 1::3],
             "expanded": base[0].expand(4, 8), "tied": base, "bf16.t": some((5, 3), torch.bfloat16).t()}
    save("views.bin", collections.OrderedDict(views), views)

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    save("module.pth", module.state_dict(), module.state_dict())
    save("parameters.pth", dict(module.named_parameters()), dict(module.named_parameters()))
    optimiser = torch.optim.Adam(module.parameters())
    module(torch.randn(4, 3)).sum().backward()
    optimiser.step()
    training = {"epoch": 7, "loss": 0.25, "best": None, "note": "é", "optimizer": optimiser.state_dict(), "rng": torch.get_rng_state(),
                "sizes": module[0].weight.shape, "when": {1, 2}, "big": 1 << 80}
    save("training.pt", {**{k: v for k, v in training.items() if k != "rng"}, "state_dict": module.state_dict()}, module.state_dict())
    nested = {"model": {"encoder": {"w": some((2, 2))}, "layers": {0: some((3,)), 1: some((2,))}}, "step": 3}
    save("nested.pt", nested, {"encoder.w": nested["model"]["encoder"]["w"], "layers.0": nested["model"]["layers"][0],
                               "layers.1": nested["model"]["layers"][1]})
    unsigned = {"v3": torch.arange(6).to(torch.uint16).reshape(2, 3)}
    save("unsigned.pt", unsigned, unsigned)

    class Foreign:
        def __reduce__(self):
            return os.system, ("echo harm",)
    torch.save({"weight": base, "extra": Foreign()}, OUT / "foreign.pt")
    torch.save({"weight": base}, OUT / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save([base], OUT / "list.pt")
    with zipfile.ZipFile(OUT / "module.pth") as stored, zipfile.ZipFile(OUT / "deflated.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in stored.infolist():
            packed.writestr(entry.filename, stored.read(entry))
    with zipfile.ZipFile(OUT / "module.pth") as stored, zipfile.ZipFile(OUT / "big_endian.pth", "w") as changed:
        for entry in stored.infolist():
            changed.writestr(entry.filename, b"big" if entry.filename.endswith("byteorder") else stored.read(entry))
    # With the 64-bit fields that archives beyond 4 GB have.
    with zipfile.ZipFile(OUT / "module.pth") as stored, zipfile.ZipFile(OUT / "zip64.pth", "w") as wide:
        for entry in stored.infolist():
            with wide.open(entry.filename, "w", force_zip64=True) as out:
                out.write(stored.read(entry))
    expected["zip64.pth"] = expected["module.pth"]
    torch.jit.save(torch.jit.script(module), OUT / "program.pt")

    save_file(kinds, OUT / "kinds.safetensors", metadata={"format": "pt"})
    expected["kinds.safetensors"] = described(kinds)
    (OUT / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
