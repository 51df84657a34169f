"""What make_interactvlm.py puts into its folders: pictures, lift maps, tokenizers, weights, checkpoint files."""
import json
import pathlib
import zlib

import numpy as np
import sentencepiece
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModel, LlamaTokenizer

from interactvlm_reference import QUESTIONS, SYSTEM, Network


# --- pictures and maps ---
def inside(a, b, c, size):
    """Pixels of the triangle, and barycentric weights in quarters, a value for every block of 1/16 of the side:
    maps that compress well."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64)
    def edges(x, y):  # noqa: E306
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        w0 = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area
        w1 = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area
        return w0, w1, 1 - w0 - w1
    w0, w1, w2 = edges(x, y)
    block = size // 16
    v0, v1, _ = edges(x // block * block, y // block * block)
    v0, v1 = (np.clip(np.round(v * 4), 0, 4) / 4 for v in (v0, v1))
    v1 = np.minimum(v1, 1 - v0)
    return (w0 > 0) & (w1 > 0) & (w2 > 0), np.stack([v0, v1, 1 - v0 - v1], -1)


def render(random, size, ids):
    """A picture of triangles on white, with the map of their vertex numbers and weights; `ids` [k, 3]."""
    rgb = np.full((size, size, 3), 255, np.uint8)
    vertices = np.full((size, size, 3), -1, np.int64)
    weights = np.full((size, size, 3), -1, np.float32)
    for row in ids:
        centre, angle = random.uniform(0.25, 0.75, 2) * size, random.uniform(0, 2 * np.pi)
        corners = [centre + random.uniform(0.15, 0.35) * size * np.array([np.cos(t), np.sin(t)])
                   for t in angle + np.array([0, 2.1, 4.2])]
        mask, w = inside(*corners, size)
        rgb[mask] = random.integers(0, 230, 3)
        vertices[mask], weights[mask] = row, w[mask]
    return Image.fromarray(rgb), vertices, weights


def photograph(random, width, height):
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([120 + 100 * np.sin(x / random.uniform(9, 40) + y / random.uniform(9, 40) + k)
                    for k in range(3)], -1).astype(np.uint8)
    for _ in range(4):
        cx, cy, r = random.uniform(0, width), random.uniform(0, height), random.uniform(6, 25)
        rgb[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = random.integers(0, 256, 3)
    return Image.fromarray(rgb)


# --- tokenizer ---
def train_tokenizer(folder, answers, extra_pieces):
    """SentencePiece as Llama-2's (§9.10): BPE, byte fallback, no normalisation, blanks kept; our own sentences."""
    text = [SYSTEM + " USER: ASSISTANT:"] * 3 + list(QUESTIONS.values()) * 3
    text += [a.replace("[", " ").replace("]", " ") for a in answers] * 3
    text += ["bottle mug chair skateboard person left hand right hand foot back hips"] * 2
    alphabet = len(set("".join(text)) - {" "}) + 1
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_prefix=str(folder / "tokenizer"), model_type="bpe",
        vocab_size=3 + 256 + alphabet + extra_pieces, byte_fallback=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True,
        unk_id=0, bos_id=1, eos_id=2, pad_id=-1, num_threads=1, minloglevel=2)
    (folder / "tokenizer.vocab").unlink()


def write_tokenizer(folder, answers, extra_pieces, extra_tokens, legacy, length):
    train_tokenizer(folder, answers, extra_pieces)
    arguments = {} if legacy is None else {"legacy": legacy}
    tokenizer = LlamaTokenizer(str(folder / "tokenizer.model"), pad_token="<unk>", model_max_length=length,
                               padding_side="right", **arguments)
    tokenizer.add_tokens("[SEG]")
    tokenizer.add_tokens(["<im_start>", "<im_end>"], special_tokens=True)
    tokenizer.add_tokens(extra_tokens)
    tokenizer.save_pretrained(folder)
    if legacy is None:   # as folders older than the key have it
        file = folder / "tokenizer_config.json"
        settings = json.loads(file.read_text())
        settings.pop("legacy", None)
        file.write_text(json.dumps(settings, indent=2))
    return LlamaTokenizer.from_pretrained(folder)


# --- weights ---
def levels(generator, shape, std):
    """Whole numbers from -7 to 7 times a power of two: exact in bf16, and half a byte each in an archive."""
    step = 2.0 ** round(np.log2(std / 4.32))
    return torch.randint(-7, 8, shape, generator=generator).float() * step


GAINS = (("q_proj", 1.6), ("k_proj", 1.6), ("qkv", 1.3), ("rel_pos", 1.5), ("lm_head", 0.25),
         ("patch_embed.", 3.0),
         ("cam_pose_encoder", 1.6), ("attention_splitter", 1.6), ("output_hypernetworks", 1.4))
UNIT = ("embed_tokens", "pos_embed", "point_embed", "no_mask_embed", "not_a_point", "iou_token", "mask_tokens",
        "class_embedding", "position_embedding", "gaussian_matrix")


@torch.no_grad()
def fill(module, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, value in list(module.named_parameters()) + list(module.named_buffers()):
        if not value.is_floating_point() or "rotary" in name or "inv_freq" in name or "cached" in name:
            continue
        if any(u in name for u in UNIT):
            value.copy_(levels(generator, value.shape, 0.25 if "pos_embed" in name else 1.0))
        elif value.dim() == 1 and name.endswith("weight"):    # of a norm
            value.copy_(1 + torch.randint(-7, 8, value.shape, generator=generator) / 64)
        elif value.dim() < 2:
            value.copy_(levels(generator, value.shape, 0.1))
        elif "output_upscaling" in name:   # smooth kernels: masks that follow the picture, not the pixel grid
            shape = value.shape[:2] + (1, 1)
            value.copy_(levels(generator, shape, 2 / shape[0] ** 0.5) + levels(generator, value.shape, 0.06))
        else:
            gain = next((g for part, g in GAINS if part in name), 1.0)
            fan = value.shape[-1] if "rel_pos" in name else value[0].numel()
            value.copy_(levels(generator, value.shape, gain / fan ** 0.5))


@torch.no_grad()
def teach_answers(lm_head, states, tokens, margin=9.0):
    """Adds to the rows of `tokens` what makes each the likeliest at its state, and does nothing at the others'."""
    states = torch.cat(states).double()
    dual = torch.linalg.pinv(states, rtol=1e-4)               # states · dual = 1
    weight = lm_head.weight.double()
    for column, token in enumerate(tokens):
        weight[token] += margin * dual[:, column]
    lm_head.weight.copy_(weight.to(torch.bfloat16).float())


# --- checkpoint files ---
def shards_of(tensors, count):
    """By size, in order, about equal parts."""
    total = sum(t.numel() for t in tensors.values())
    shards, passed = [{} for _ in range(count)], 0
    for name, tensor in tensors.items():
        shards[min(passed * count // total, count - 1)][name] = tensor
        passed += tensor.numel()
    return shards


def as_stored(tensors, dtypes):
    """dtypes: (part of a name, dtype), the first that fits."""
    return {k: v.to(next(d for part, d in dtypes if part in k)).clone() for k, v in tensors.items()}


def awkward(shard):
    """One tensor with strides of its own, and two in one storage."""
    names = [k for k, v in shard.items() if v.dim() == 2 and "proj" in k]
    shard[names[0]] = shard[names[0]].t().contiguous().t()
    first = next(a for a in names[1:] if any(b != a and shard[b].shape == shard[a].shape
                                             and shard[b].dtype == shard[a].dtype for b in names[1:]))
    second = next(b for b in names[1:] if b != first and shard[b].shape == shard[first].shape)
    both = torch.cat([shard[first], shard[second]])
    shard[first], shard[second] = both[:len(both) // 2], both[len(both) // 2:]


def write_weights(folder, network, storage, dtypes):
    """storage: ("bin" or "safetensors", number of shards). bf16 by name where `dtypes` says so."""
    kind, count = storage
    tensors = as_stored({k: v.detach() for k, v in network.state_dict().items() if "cached" not in k}, dtypes)
    shards = shards_of(tensors, count)
    stem, ending = ("pytorch_model", ".bin") if kind == "bin" else ("model", ".safetensors")
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        name = f"{stem}{ending}" if count == 1 else f"{stem}-{number:05}-of-{count:05}{ending}"
        if kind == "bin":
            if number == 1:
                awkward(shard)
            torch.save(shard, folder / name)
        else:
            save_file({k: v.contiguous() for k, v in shard.items()}, folder / name, metadata={"format": "pt"})
        weight_map.update({k: name for k in shard})
    if count > 1:
        size = sum(t.numel() * t.element_size() for t in tensors.values())
        (folder / f"{stem}{ending}.index.json").write_text(
            json.dumps({"metadata": {"total_size": size}, "weight_map": weight_map}, indent=2))


def write_clip(folder, sizes, whole, storage, seed):
    """`whole`: a CLIP with its text tower and the processor's published spelling; else the vision part alone."""
    folder.mkdir(parents=True, exist_ok=True)
    vision = dict(hidden_size=sizes["hidden"], intermediate_size=sizes["mlp"], num_hidden_layers=sizes["layers"],
                  num_attention_heads=sizes["heads"], image_size=sizes["image"], patch_size=sizes["patch"],
                  projection_dim=8)
    if whole:
        text = dict(vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
                    max_position_embeddings=7, projection_dim=8)
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    else:
        model = CLIPVisionModel(CLIPVisionConfig(**vision))
    fill(model, seed)
    if storage == "bin":
        model.config.save_pretrained(folder)
        stored = {k: v.bfloat16() if v.is_floating_point() else v for k, v in model.state_dict().items()}
        torch.save(stored, folder / "pytorch_model.bin")
    else:
        model.save_pretrained(folder, safe_serialization=True)
    side = sizes["image"]
    size = {"crop_size": side, "size": side} if whole else {
        "crop_size": {"height": side, "width": side}, "size": {"shortest_edge": side}}
    (folder / "preprocessor_config.json").write_text(json.dumps({
        **size, "do_center_crop": True, "do_normalize": True, "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3}, indent=2))


def write_json(file, value):
    pathlib.Path(file).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def new_network(config, sam, seed):
    network = Network(config, sam)
    fill(network, seed)
    return network.eval()


def seed_of(name):
    return zlib.crc32(name.encode())
