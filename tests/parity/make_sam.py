"""Writes data/sam/: what Pillow, transformers' CLIP image processor and segment-anything answer to small inputs.

    python make_sam.py            (torch 2.11, numpy, Pillow 10.4, transformers 4.31, safetensors, segment-anything)

Pillow 10, as the published environment has it: later versions choose the order of the two passes, which changes the
rounding of tall pictures by a level.

Weights and large inputs are not stored: both sides draw them from seeds (`seeded` here, in seeded_weights.h there).
"""
import os
import sys
import types

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPImageProcessor

# segment-anything asks torchvision for two picture functions, which Pillow does as well.
vision = types.ModuleType("torchvision")
for name in ("ops", "ops.boxes", "transforms", "transforms.functional"):
    module = types.ModuleType("torchvision." + name)
    sys.modules["torchvision." + name] = module
sys.modules["torchvision"] = vision
sys.modules["torchvision.ops.boxes"].batched_nms = None
sys.modules["torchvision.ops.boxes"].box_area = None
sys.modules["torchvision.transforms.functional"].to_pil_image = Image.fromarray
sys.modules["torchvision.transforms.functional"].resize = lambda picture, size: picture.resize(
    (size[1], size[0]), Image.BILINEAR)

from segment_anything import SamPredictor  # noqa: E402
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer  # noqa: E402

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "sam")
torch.set_grad_enabled(False)


def seeded(module, seed):
    """Fills parameters and buffers in the order of their names."""
    for i, (name, tensor) in enumerate(sorted(module.state_dict().items())):
        torch.manual_seed(seed + i)
        values = torch.randn(tensor.shape)
        if tensor.dim() > 1:
            values = values / (tensor.numel() / tensor.shape[0]) ** 0.5
        else:
            values = values * 0.1 + (1.0 if name.endswith("weight") else 0.0)
        tensor.copy_(values)
    return module.eval()


def drawn(shape, seed):
    torch.manual_seed(seed)
    return torch.randn(shape)


def picture(width, height):
    """Smooth waves with some grain; the same integers as picture() in seeded_weights.h."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return (((x * (c + 2) + y * 3) // 2 % 160) + (x * 73 + y * 151 + c * 199 + x * y * 7) % 96).astype(np.uint8)


def checksum(array):
    """Σ (i mod 65521 + 1)·value: any change of one sample shows."""
    flat = array.astype(np.int64).ravel()
    return torch.tensor([int(((np.arange(flat.size) % 65521 + 1) * flat).sum())])


def pictures():
    out = {}
    cases = [(90, 61, 40, 27), (47, 120, 22, 56), (64, 64, 30, 30), (20, 13, 50, 33), (200, 2, 56, 1), (2, 200, 1, 56),
             (1, 1, 24, 24), (300, 7, 20, 20), (33, 20, 33, 9), (33, 20, 12, 20), (31, 17, 31, 17)]
    for w, h, to_w, to_h in cases:
        for name, method in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            resized = np.array(Image.fromarray(picture(w, h)).resize((to_w, to_h), method))
            out[f"{name} {w}x{h} {to_w}x{to_h}"] = torch.from_numpy(resized)
    for w, h in [(640, 427), (427, 640), (500, 500), (150, 101), (2, 2), (900, 5)]:
        processor = CLIPImageProcessor(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
        source = Image.fromarray(picture(w, h))
        crop = processor(source, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
        out[f"crop {w}x{h}"] = checksum(np.ascontiguousarray(crop.transpose(1, 2, 0)))
        out[f"clip {w}x{h}"] = processor(source, return_tensors="pt")["pixel_values"][:, :, ::16, ::16].contiguous()
    for w, h in [(640, 427), (427, 640), (1024, 1024), (1500, 1100), (1, 1)]:
        scale = 1024 / max(w, h)
        size = (int(w * scale + 0.5), int(h * scale + 0.5))
        resized = np.array(Image.fromarray(picture(w, h)).resize(size, Image.BILINEAR))
        out[f"sam {w}x{h} {size[0]}x{size[1]}"] = checksum(resized)
        values = torch.from_numpy(resized).float().permute(2, 0, 1)
        values = (values - torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)) / torch.tensor(
            [58.395, 57.12, 57.375]).view(3, 1, 1)
        padded = torch.nn.functional.pad(values, (0, 1024 - size[0], 0, 1024 - size[1]))
        out[f"pixels {w}x{h}"] = padded[:, ::64, ::64].contiguous()
    save_file(out, os.path.join(OUT, "pictures.safetensors"))


def encoder(image, patch, embed, depth, heads, window, global_blocks, out):
    return ImageEncoderViT(img_size=image, patch_size=patch, embed_dim=embed, depth=depth, num_heads=heads,
                           mlp_ratio=4, out_chans=out, qkv_bias=True, use_rel_pos=True, window_size=window,
                           global_attn_indexes=global_blocks, norm_layer=lambda c: torch.nn.LayerNorm(c, eps=1e-6))


def encoders():
    out = {}
    for dtype, tail in ((torch.float32, ""), (torch.bfloat16, " bf16")):
        tiny = seeded(encoder(64, 8, 32, 4, 4, 3, (1, 3), 16), 100).to(dtype)
        kept = []
        for block in tiny.blocks:
            block.register_forward_hook(lambda module, given, answer: kept.append(answer))
        neck = tiny(drawn((2, 3, 64, 64), 99).to(dtype))
        for i, block in enumerate(kept):
            out[f"tiny block {i}{tail}"] = block.contiguous()
        out[f"tiny neck{tail}"] = neck.contiguous()
    # Tables of another size than the grid's: a network taken over from larger pictures.
    tiny = seeded(encoder(64, 8, 32, 4, 4, 3, (1, 3), 16), 100)
    for i in (1, 3):
        for j, name in enumerate(("rel_pos_h", "rel_pos_w")):
            setattr(tiny.blocks[i].attn, name, torch.nn.Parameter(drawn((27, 8), 700 + 2 * i + j) / 8**0.5))
    out["tiny long tables"] = tiny(drawn((2, 3, 64, 64), 99)).contiguous()
    for name, blocks in (("windowed", ()), ("global", (0,))):
        wide = seeded(encoder(1024, 16, 1280, 1, 16, 14, blocks, 256), 200)
        neck = wide(drawn((1, 3, 1024, 1024), 199))
        out[f"wide {name}"] = neck[:, ::16, ::5, ::5].contiguous()
        out[f"wide {name} mean square"] = neck.double().pow(2).mean().float().view(1)
    save_file(out, os.path.join(OUT, "encoder.safetensors"))


class TextPromptEncoder(PromptEncoder):
    """With the text argument that METHOD.md §1.10 describes, and positions in the dtype of the stored matrix (the
    public package takes fp32 alone)."""

    def get_dense_pe(self):
        matrix = self.pe_layer.positional_encoding_gaussian_matrix
        if matrix.dtype == torch.float32:
            return super().get_dense_pe()
        h, w = self.image_embedding_size
        ones = torch.ones((h, w), dtype=matrix.dtype)
        x, y = (ones.cumsum(1) - 0.5) / w, (ones.cumsum(0) - 0.5) / h
        angles = ((2 * torch.stack([x, y], -1) - 1) @ matrix) * (2 * np.pi)
        return torch.cat([angles.sin(), angles.cos()], -1).permute(2, 0, 1)[None]

    def text(self, embeds):
        sparse = torch.cat([torch.empty((embeds.shape[0], 0, self.embed_dim)), embeds], dim=1)
        dense = self.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(embeds.shape[0], -1, *self.image_embedding_size)
        return sparse, dense


def decoder(channels, mlp, iou_hidden):
    return MaskDecoder(num_multimask_outputs=3, transformer_dim=channels, iou_head_depth=3,
                       iou_head_hidden_dim=iou_hidden,
                       transformer=TwoWayTransformer(depth=2, embedding_dim=channels, mlp_dim=mlp, num_heads=8))


def prompts_and_masks():
    out = {}
    for dtype, tail in ((torch.float32, ""), (torch.bfloat16, " bf16")):
        prompts = seeded(TextPromptEncoder(256, (64, 64), (1024, 1024), 16), 300)
        # The matrix is drawn as wide as the real one, so that the codes turn several times over the picture.
        prompts.pe_layer.positional_encoding_gaussian_matrix *= 128**0.5
        prompts = prompts.to(dtype)
        masks = seeded(decoder(256, 2048, 256), 400).to(dtype)
        images = drawn((4, 256, 64, 64), 399).to(dtype)
        text = drawn((1, 4, 256), 398).to(dtype)
        sparse, dense = prompts.text(text)
        positions = prompts.get_dense_pe()
        out[f"positions{tail}"] = positions[:, ::4, ::7, ::7].contiguous()
        logits, iou = masks.predict_masks(images, positions, sparse.to(dtype), dense)
        out[f"masks{tail}"] = logits[:, :, ::9, ::9].contiguous()
        out[f"iou{tail}"] = iou.contiguous()
    prompts = seeded(PromptEncoder(256, (64, 64), (1024, 1024), 16), 300)
    prompts.pe_layer.positional_encoding_gaussian_matrix *= 128**0.5
    points = torch.tensor([[[200.0, 300.5], [1023.0, 0.0], [17.25, 900.0]]])
    labels = torch.tensor([[1, 0, 1]])
    box = torch.tensor([[100.0, 120.5, 700.0, 650.0]])
    mask = drawn((1, 1, 256, 256), 397)
    for name, marks in {"points": ((points, labels), None, None), "box": (None, box, None),
                        "points box": ((points, labels), box, None), "mask": (None, None, mask),
                        "point mask": ((points[:, :1], labels[:, :1]), None, mask)}.items():
        sparse, dense = prompts(*marks)
        out[f"{name} sparse"] = sparse.contiguous()
        out[f"{name} dense"] = dense[:, ::8, ::8, ::8].contiguous()
    logits = drawn((4, 1, 256, 256), 396)
    upscaled = torch.nn.functional.interpolate(logits, (1024, 1024), mode="bilinear", align_corners=False)
    target = torch.nn.functional.interpolate(upscaled[..., :768, :1024], (480, 640), mode="bilinear",
                                             align_corners=False)
    out["upscaled"] = target[:, 0, ::13, ::13].contiguous()
    out["upscaled identity"] = upscaled[:, 0, ::29, ::29].contiguous()
    save_file(out, os.path.join(OUT, "decoder.safetensors"))


def predictor():
    sam = seeded(Sam(encoder(64, 8, 16, 2, 2, 3, (1,), 32), PromptEncoder(32, (8, 8), (64, 64), 8),
                     decoder(32, 32, 24)), 500)
    sam.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix *= 4
    for head in sam.mask_decoder.output_hypernetworks_mlps:   # logits of some size
        head.layers[2].weight.mul_(8)
    torch.save(sam.state_dict(), os.path.join(OUT, "tiny_sam.pth"))
    out = {}
    predictor = SamPredictor(sam)
    predictor.set_image(picture(100, 75))
    points, labels = np.array([[30.0, 40.0], [80.0, 20.5], [55.0, 60.0]]), np.array([1, 0, 1])
    box = np.array([20.0, 10.0, 90.0, 66.0])

    def ask(name, count, with_box, before):
        masks, iou, low = predictor.predict(
            point_coords=points[:count] if count else None, point_labels=labels[:count] if count else None,
            box=box if with_box else None, mask_input=before, multimask_output=not with_box and count == 1,
            return_logits=True)
        best = int(iou.argmax())
        out[name + " logits"] = torch.from_numpy(masks[best])
        out[name + " iou"] = torch.from_numpy(iou[best:best + 1])
        return low[best:best + 1]

    before = None
    for n in (1, 2, 3):
        before = ask(f"points {n}", n, False, before)
    before = ask("box", 0, True, None)
    ask("box and point", 1, True, before)
    save_file(out, os.path.join(OUT, "predictor.safetensors"))


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    pictures()
    prompts_and_masks()
    predictor()
    encoders()
    for name in sorted(os.listdir(OUT)):
        print(name, os.path.getsize(os.path.join(OUT, name)))
