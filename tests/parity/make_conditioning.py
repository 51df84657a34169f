"""Writes data/conditioning/conditioning.safetensors: camera encoders, splitter, fusion, uncertainty and the
projection of the contact token's state, from a plain re-implementation of METHOD.md §1.9, §1.12–1.15 and §2.8.

    python make_conditioning.py            (torch 2.11, safetensors)

Weights are drawn as in make_sam.py: in the order of their names, from seeds. Computed in double precision, so that the
answers do not depend on the machine; rounded once, to float32.
"""
import os

import torch
from safetensors.torch import save_file

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "conditioning")
torch.set_grad_enabled(False)

# §3.3, written out.
CAMERAS = {
    "4MV-Z_Vitru": [[.2, .125, .875, .5, .5], [.2, .875, .875, .5, .65], [.2, .125, .375, .5, .5],
                    [.2, .875, .375, .5, .65]],
    "4MV-Z_HM": [[.2, .125, .875, .5, .5], [.2, .125, .125, .5, .5], [.2, 330 / 360, .375, .5, .5],
                 [.2, 330 / 360, .625, .5, .5]],
}


def weights(shapes, seed):
    values = {}
    for i, (name, shape) in enumerate(sorted(shapes.items())):
        torch.manual_seed(seed + i)
        drawn = torch.randn(shape)
        if len(shape) > 1:
            drawn = drawn / (drawn.numel() / shape[0]) ** 0.5
        else:
            drawn = drawn * 0.1 + (1.0 if name.endswith("weight") else 0.0)
        values[name] = drawn
    return values


def linears(**sizes):
    shapes = {}
    for name, (fan_in, fan_out) in sizes.items():
        name = name.replace("__", ".")
        shapes[name + ".weight"], shapes[name + ".bias"] = (fan_out, fan_in), (fan_out,)
    return shapes


def apply(w, name, x):
    return x @ w[name + ".weight"].to(x.dtype).T + w[name + ".bias"].to(x.dtype)


def condition(kind, w, e, c):
    if kind == "simple":
        return e + torch.relu(apply(w, "linear1", c))
    gates = []
    for v in range(c.shape[0]):
        x = torch.relu(apply(w, "spatial_encoder.0", c[v:v + 1]))
        x = apply(w, "spatial_encoder.2", x)
        x = torch.sigmoid(x) if kind == "view_index" else torch.relu(x)
        g = apply(w, f"view_transforms.{v}", x)
        gates.append(g if kind == "view_index" else torch.sigmoid(g))
    return e * torch.stack(gates, dim=1)


def split(w, e, query):
    p = apply(w, "input_proj", e)
    scores = apply(w, query, p) @ apply(w, "key", p).transpose(-1, -2) / 128**0.5
    return apply(w, "output_proj", scores.softmax(-1) @ apply(w, "value", p))


def fuse(w, sam, language, heads):
    v, c, g, _ = sam.shape
    q = apply(w, "fusion.q_proj", apply(w, "sam_proj", sam.reshape(v, c, g * g).transpose(1, 2)))
    kv = apply(w, "llava_proj", language)
    k, val = apply(w, "fusion.k_proj", kv), apply(w, "fusion.v_proj", kv)
    width = q.shape[2] // heads
    mixed = torch.empty_like(q)
    for h in range(heads):
        s = slice(h * width, (h + 1) * width)
        mixed[..., s] = (q[..., s] @ k[..., s].transpose(1, 2) / width**0.5).softmax(-1) @ val[..., s]
    out = apply(w, "output_proj", apply(w, "fusion.out_proj", mixed))
    return sam + out.transpose(1, 2).reshape(v, c, g, g)


def main():
    out = {name: torch.tensor(rows) for name, rows in CAMERAS.items()}
    torch.manual_seed(1)
    e = torch.randn(2, 4, 256)
    own = {f"view_transforms__{v}": (256, 256) for v in range(4)}
    small = {f"view_transforms__{v}": (128, 256) for v in range(4)}
    encoders = {
        "simple": linears(linear1=(5, 256)),
        "view_index": linears(spatial_encoder__0=(5, 256), spatial_encoder__2=(256, 256), **own),
        "vi_v1": linears(spatial_encoder__0=(5, 128), spatial_encoder__2=(128, 128), **small),
    }
    for kind, shapes in encoders.items():
        w = weights(shapes, 10)
        out[kind] = condition(kind, w, e.double(), torch.tensor(CAMERAS["4MV-Z_Vitru"]).double())
        out[kind + " bf16"] = condition(kind, w, e.bfloat16(), torch.tensor(CAMERAS["4MV-Z_Vitru"]).bfloat16())
    w = weights(linears(input_proj=(256, 128), query_human=(128, 128), query_object=(128, 128), key=(128, 128),
                        value=(128, 128), output_proj=(128, 256)), 40)
    out["human"], out["object"] = split(w, e.double(), "query_human"), split(w, e.double(), "query_object")
    w = weights(linears(**{"0": (64, 64), "2": (64, 16)}), 50)
    torch.manual_seed(4)
    out["text_hidden_fcs"] = apply(w, "2", torch.relu(apply(w, "0", torch.randn(3, 64).double())))
    w = weights(linears(sam_proj=(256, 128), llava_proj=(5120, 128), fusion__q_proj=(128, 128),
                        fusion__k_proj=(128, 128), fusion__v_proj=(128, 128), fusion__out_proj=(128, 128),
                        output_proj=(128, 256)), 60)
    torch.manual_seed(2)
    sam = torch.randn(2, 256, 4, 4).double()
    torch.manual_seed(3)
    language = torch.randn(1, 7, 5120).double()
    out["fusion"] = fuse(w, sam, language, 8)
    w = weights(linears(linear1=(256, 64), linear2=(64, 16), linear3=(16, 1)), 80)
    x = torch.relu(apply(w, "linear2", torch.relu(apply(w, "linear1", sam.permute(0, 2, 3, 1)))))
    out["uncertainty"] = torch.log1p(torch.exp(apply(w, "linear3", x))).permute(0, 3, 1, 2)
    os.makedirs(OUT, exist_ok=True)
    rounded = {name: value.float() if value.dtype == torch.double else value for name, value in out.items()}
    save_file({name: value.contiguous() for name, value in rounded.items()}, os.path.join(OUT, "conditioning.safetensors"))


if __name__ == "__main__":
    main()
