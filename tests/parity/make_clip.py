"""Writes data/clip: a tiny random CLIP vision folder and what CLIPVisionModel of transformers 4.31 computes with it,
and rows of a two-layer tower of full width whose weights both sides draw from the same seed.

Needs torch, transformers==4.31 and safetensors.
"""
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPVisionConfig, CLIPVisionModel

OUT = Path(__file__).parent / "data" / "clip"


def stored_names(model):
    return sorted(name for name, _ in model.named_parameters())


def fill(model, seed, rounded):
    """Every parameter in the order of its name: standard normal × 0.05, norms' weights + 1."""
    torch.manual_seed(seed)
    values = dict(model.named_parameters())
    for name in stored_names(model):
        value = torch.randn(values[name].shape) * 0.05
        if "norm" in name and name.endswith("weight"):
            value = value + 1
        values[name].copy_(value.to(torch.bfloat16).float() if rounded else value)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with torch.no_grad():
        sizes = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128, image_size=56,
                     patch_size=14, hidden_act="quick_gelu", layer_norm_eps=1e-5)
        model = CLIPVisionModel(CLIPVisionConfig(**sizes)).eval()
        fill(model, 3, rounded=True)
        pixels = torch.randn(2, 3, 56, 56).to(torch.bfloat16).float()
        states = model(pixels, output_hidden_states=True).hidden_states
        found = {"pixels": pixels, "last": states[-1][:, 1:], "last_but_one": states[-2][:, 1:], "first": states[0][:, 1:]}
        short = model.to(torch.bfloat16)(pixels.to(torch.bfloat16), output_hidden_states=True).hidden_states
        found["bf16"] = short[-2][:, 1:]
        model.float()
        wide = CLIPVisionModel(CLIPVisionConfig(hidden_size=1024, num_hidden_layers=2, num_attention_heads=16,
                                                intermediate_size=4096, image_size=224, patch_size=14,
                                                hidden_act="quick_gelu", layer_norm_eps=1e-5)).eval()
        fill(wide, 4, rounded=False)
        states = wide(torch.randn(1, 3, 224, 224), output_hidden_states=True).hidden_states
        found["wide_last"] = states[-1][0, 1::32]
        found["wide_last_but_one"] = states[-2][0, 1::32]
    weights = {name: value.to(torch.bfloat16).contiguous() for name, value in model.named_parameters()}
    folder = OUT / "tiny"
    folder.mkdir()
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"model_type": "clip_vision_model", **sizes}, indent=1) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"crop_size": {"height": 56, "width": 56}, "size": {"shortest_edge": 56}, "image_mean": [0.5, 0.4, 0.3],
         "image_std": [0.2, 0.25, 0.3]}, indent=1) + "\n")
    save_file({name: value.contiguous() for name, value in found.items()}, OUT / "expected.safetensors")


if __name__ == "__main__":
    main()
