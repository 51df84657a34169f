"""The whole of InteractVLM in Python, written from METHOD.md §1, §2, §3.2, §3.3, on public parts alone:
transformers 4.31 (LlamaForCausalLM, CLIPVisionModel, CLIPImageProcessor, the slow LlamaTokenizer) and
segment-anything's modules.
The oracle of models/interactvlm; it shares nothing with it but the folders that it reads.
"""
import json
import pathlib
import sys
import types

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from transformers import (CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM,
                          LlamaTokenizer)


def segment_anything_without_torchvision():
    """segment-anything imports torchvision for two functions on pictures; Pillow does both."""
    def resize(picture, size):
        return picture.resize((size[1], size[0]), Image.BILINEAR)

    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.ops",
             "torchvision.ops.boxes")
    for name in names:
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["torchvision.transforms.functional"].resize = resize
    sys.modules["torchvision.transforms.functional"].to_pil_image = Image.fromarray
    sys.modules["torchvision.ops.boxes"].batched_nms = None
    sys.modules["torchvision.ops.boxes"].box_area = None


segment_anything_without_torchvision()
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, TwoWayTransformer  # noqa: E402
from segment_anything.utils.transforms import ResizeLongestSide  # noqa: E402

IMAGE = -200
SYSTEM = ("A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
          "detailed, and polite answers to the human's questions.")
QUESTIONS = {
    "human": "Which body parts are in contact with the {}? Segment these contact areas.",
    "object": "\"What type of affordance does the human-object interaction suggest? Then, segment the area on the "
              "{} where the human is making contact.\",",
    "picture": "Segment the area on the human's body that is in direct contact with the {} in this image.",
}
HUMAN_VIEWS = {"topfront": (2, 45, 315, 0, 0), "bottomfront": (2, 315, 315, 0, 0.3), "topback": (2, 45, 135, 0, 0),
               "bottomback": (2, 315, 135, 0, 0.3)}
OBJECT_VIEWS = {"frontleft": (2, 45, 315, 0, 0), "frontright": (2, 45, 45, 0, 0), "backleft": (2, 330, 135, 0, 0),
                "backright": (2, 330, 225, 0, 0)}
TEN_VIEWS = {"frontleft": (2, 45, 315, 0, 0), "frontright": (2, 45, 45, 0, 0), "top": (2, 90, 0, 0, 0),
             "front": (2, 0, 0, 0, 0), "left": (2, 0, 270, 0, 0), "backleft": (2, 330, 135, 0, 0),
             "backright": (2, 330, 225, 0, 0), "bottom": (2, 270, 0, 0, 0), "back": (2, 0, 180, 0, 0),
             "right": (2, 0, 90, 0, 0)}


def views_of(config, task):
    if "oafford" in task or "ocontact" in task:
        return TEN_VIEWS if config["oC_sam_view_type"].startswith("10MV") else OBJECT_VIEWS
    return {} if task in ("h2dcontact", "segment") else HUMAN_VIEWS


def prompt_of(task, name):
    """§2.2; `segment` is LISA's: `name` is the whole question."""
    if task == "segment":
        question = name
    else:
        kind = "picture" if task == "h2dcontact" else "human" if "hcontact" in task else "object"
        question = QUESTIONS[kind].format(name)
    return f"{SYSTEM} USER: <im_start><image><im_end>\n{question} ASSISTANT:"


def normalised_cameras(table):
    """§3.2."""
    return torch.tensor([[d / 10, e / 360, a / 360, (x + 1) / 2, (y + 1) / 2] for d, e, a, x, y in table.values()],
                        dtype=torch.float32)


class ViV1(nn.Module):
    """§1.12 `vi_v1`."""
    def __init__(self, views, channels):
        super().__init__()
        self.spatial_encoder = nn.Sequential(nn.Linear(5, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.view_transforms = nn.ModuleList([nn.Linear(128, channels) for _ in range(views)])

    def condition(self, e, cameras):
        gates = [torch.sigmoid(t(self.spatial_encoder(c))) for t, c in zip(self.view_transforms, cameras)]
        return e * torch.stack(gates)[None]


class ViewIndex(nn.Module):
    """§1.12 `view_index`."""
    def __init__(self, views, channels):
        super().__init__()
        self.spatial_encoder = nn.Sequential(nn.Linear(5, channels), nn.ReLU(), nn.Linear(channels, channels),
                                             nn.Sigmoid())
        self.view_transforms = nn.ModuleList([nn.Linear(channels, channels) for _ in range(views)])

    def condition(self, e, cameras):
        gates = [t(self.spatial_encoder(c)) for t, c in zip(self.view_transforms, cameras)]
        return e * torch.stack(gates)[None]


class Simple(nn.Module):
    """§1.12 `simple`."""
    def __init__(self, views, channels):
        super().__init__()
        self.linear1 = nn.Linear(5, channels)

    def condition(self, e, cameras):
        return e + F.relu(self.linear1(cameras))


class Splitter(nn.Module):
    """§1.13."""
    def __init__(self, channels, hidden=128):
        super().__init__()
        self.input_proj = nn.Linear(channels, hidden)
        for name in ("query_human", "query_object", "key", "value"):
            setattr(self, name, nn.Linear(hidden, hidden))
        self.output_proj = nn.Linear(hidden, channels)

    def forward(self, e, human):
        p = self.input_proj(e)
        q = (self.query_human if human else self.query_object)(p)
        weights = torch.softmax(q @ self.key(p).transpose(-1, -2) / q.shape[-1] ** 0.5, -1)
        return self.output_proj(weights @ self.value(p))


class VisualModel(nn.Module):
    """SAM's three parts, the decoder twice more with "-DifDe" (§1.11). `s`: the sizes of SAM."""
    def __init__(self, s, channels, separate):
        super().__init__()
        grid = s["image"] // s["patch"]
        norm = lambda width: nn.LayerNorm(width, eps=1e-6)  # noqa: E731
        self.image_encoder = ImageEncoderViT(
            img_size=s["image"], patch_size=s["patch"], embed_dim=s["embed"], depth=s["depth"],
            num_heads=s["heads"], mlp_ratio=s["mlp_ratio"], out_chans=channels, qkv_bias=True, norm_layer=norm,
            use_rel_pos=True, window_size=s["window"], global_attn_indexes=tuple(s["global"]))
        self.prompt_encoder = PromptEncoder(embed_dim=channels, image_embedding_size=(grid, grid),
                                            input_image_size=(s["image"], s["image"]), mask_in_chans=16)

        def decoder():
            return MaskDecoder(
                transformer_dim=channels, num_multimask_outputs=3, iou_head_depth=3, iou_head_hidden_dim=s["iou"],
                transformer=TwoWayTransformer(depth=2, embedding_dim=channels, mlp_dim=s["mlp"], num_heads=8))
        self.mask_decoder = decoder()
        if separate:
            self.human_mask_decoder, self.object_mask_decoder = decoder(), decoder()

    def decoder_of(self, task):
        if hasattr(self, "human_mask_decoder"):
            if "hcontact" in task:
                return self.human_mask_decoder
            if "oafford" in task or "ocontact" in task:
                return self.object_mask_decoder
        return self.mask_decoder

    def dense_positions(self):
        """get_dense_pe in the dtype of the stored matrix, grid included (§1.10)."""
        matrix = self.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix
        height, width = self.prompt_encoder.image_embedding_size
        ones = torch.ones(height, width, dtype=matrix.dtype)
        x, y = (ones.cumsum(1) - 0.5) / width, (ones.cumsum(0) - 0.5) / height
        angles = 2 * np.pi * ((2 * torch.stack([x, y], -1) - 1) @ matrix)
        return torch.cat([angles.sin(), angles.cos()], -1).permute(2, 0, 1)[None]


class Network(nn.Module):
    """Everything that the folder stores (§1.5), under its names: Llama's are `model.*` and `lm_head.*`."""
    def __init__(self, config, sam):
        super().__init__()
        llama = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in config.items() if k in LLAMA_KEYS}))
        self.model, self.lm_head = llama.model, llama.lm_head
        hidden, channels = config["hidden_size"], config["out_dim"]
        self.model.mm_projector = nn.Linear(config["mm_hidden_size"], hidden)
        self.model.text_hidden_fcs = nn.ModuleList([nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, channels), nn.Dropout(0.0))])
        token_type = config.get("token_type", "Gen")
        self.model.visual_model = VisualModel(sam, channels, token_type.endswith("-DifDe"))
        if config.get("multiview_cam_cond"):
            encoder = {"vi_v1": ViV1, "view_index": ViewIndex, "simple": Simple}[config["cam_encoder_type"]]
            self.cam_pose_encoder = encoder(config["multiview_channels"], channels)
        if token_type.split("-DifDe")[0] in ("Gen-Hu-Obj", "Gen-Int"):
            self.attention_splitter = Splitter(channels)


LLAMA_KEYS = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
              "num_key_value_heads", "hidden_act", "max_position_embeddings", "rms_norm_eps", "pad_token_id",
              "bos_token_id", "eos_token_id", "pretraining_tp", "tie_word_embeddings", "rope_scaling")


def stored_tensors(folder):
    """Every tensor of a folder, whichever way it is stored."""
    from safetensors.torch import load_file
    tensors = {}
    for file in sorted(folder.iterdir()):
        if file.suffix == ".bin":
            tensors.update(torch.load(file, map_location="cpu", weights_only=True))
        elif file.suffix == ".safetensors":
            tensors.update(load_file(file))
    return tensors


class Reference:
    def __init__(self, folder, clip_folder, sam, dtype=torch.float32):
        self.dtype = dtype
        self.config = json.loads((folder / "config.json").read_text())
        self.tokenizer = LlamaTokenizer.from_pretrained(folder)
        self.network = Network(self.config, sam)
        tensors = {k: v for k, v in stored_tensors(folder).items() if "rotary_emb" not in k}
        missing, extra = self.network.load_state_dict(tensors, strict=False)
        assert not extra and all("rotary_emb" in k for k in missing), (missing, extra)
        rotary = [(m, m.inv_freq.clone(), m.cos_cached.clone(), m.sin_cached.clone())
                  for m in self.network.modules() if hasattr(m, "inv_freq")]
        self.network.eval().to(dtype)
        for m, *exact in rotary:   # §1.6: the tables come from the exact frequencies
            m.inv_freq, m.cos_cached, m.sin_cached = exact[0], exact[1].to(dtype), exact[2].to(dtype)
        vision = json.loads((clip_folder / "config.json").read_text())
        self.clip = CLIPVisionModel(CLIPVisionConfig(**vision.get("vision_config", vision)))
        missing, _ = self.clip.load_state_dict(stored_tensors(clip_folder), strict=False)
        assert all("position_ids" in k for k in missing), missing
        self.clip.eval().to(dtype)
        self.processor = CLIPImageProcessor.from_pretrained(clip_folder)
        self.sam = sam

    # --- language ---
    def ids_of(self, prompt):
        """§2.3: a beginning, the text before the picture, the placeholder, the text behind it."""
        chunks = [self.tokenizer(chunk).input_ids for chunk in prompt.split("<image>")]
        return [chunks[0][0]] + chunks[0][1:] + [IMAGE] + chunks[1][1:]

    def clip_stage(self, photo):
        pixels = self.processor.preprocess(np.asarray(photo), return_tensors="pt")["pixel_values"]
        states = self.clip(pixels.to(self.dtype), output_hidden_states=True).hidden_states
        return pixels, states[self.config["mm_vision_select_layer"]][:, 1:]

    def hidden(self, ids, features):
        """The last states of the whole sequence, after the norm; no padding, so the causal mask alone."""
        at, model = ids.index(IMAGE), self.network.model
        before, behind = (model.embed_tokens(torch.tensor(part)) for part in (ids[:at], ids[at + 1:]))
        rows = torch.cat([before, model.mm_projector(features[0]), behind])[None]
        return model(inputs_embeds=rows, use_cache=False).last_hidden_state[0]

    def generate(self, ids, features, limit=512):
        """Greedy, the whole sequence again for every token as the published program does (§2.6)."""
        generated, probabilities = [], []
        while len(generated) < limit:
            states = self.hidden(ids + generated, features)
            logits = self.network.lm_head(states[-1:])[0].float()
            generated.append(int(logits.argmax()))
            probabilities.append(float(torch.softmax(logits, 0)[generated[-1]]))
            if generated[-1] == self.config["eos_token_id"]:
                break
        return generated, probabilities, states

    def mask_ids(self):
        """§2.7, 1; a LISA folder has no ids in its configuration."""
        names = ["seg_token_idx"]
        if self.config.get("token_type", "Gen").startswith(("Gen-Hu-Obj", "Gen-Int")):
            names += ["hseg_token_idx", "oseg_token_idx"]
        found = {self.config.get(name) for name in names} - {None}
        return found or {self.tokenizer.convert_tokens_to_ids("[SEG]")}

    # --- masks ---
    def view_embeddings(self, e, task, first):
        """§2.8."""
        views = self.config.get("multiview_channels", 1)
        e = e[:, None].repeat(1, views, 1)
        if hasattr(self.network, "cam_pose_encoder"):
            table = views_of(self.config, task)
            cameras = normalised_cameras(table) if table else torch.zeros(views, 5)
            e = self.network.cam_pose_encoder.condition(e, cameras.to(self.dtype))
        if hasattr(self.network, "attention_splitter"):
            if first == self.config["hseg_token_idx"]:
                e = self.network.attention_splitter(e, human=True)
            elif first == self.config["oseg_token_idx"]:
                e = self.network.attention_splitter(e, human=False)
        return e

    def sam_pixels(self, picture):
        """§2.5 → [3, S, S], and the height and width of the resized picture in it."""
        small = ResizeLongestSide(self.sam["image"]).apply_image(np.asarray(picture))
        x = torch.from_numpy(np.array(small)).permute(2, 0, 1).float()
        mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
        x = (x - mean[:, None, None]) / std[:, None, None]
        height, width = x.shape[1:]
        return F.pad(x, (0, self.sam["image"] - width, 0, self.sam["image"] - height)), (height, width)

    def decode(self, sam_embeddings, e, task):
        visual = self.network.model.visual_model
        n, channels, grid = e.shape[0], e.shape[2], sam_embeddings.shape[-1]
        sparse = torch.cat([torch.empty(n, 0, channels), e.float()], 1).to(e.dtype)
        dense = visual.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(n, -1, grid, grid)
        masks, _ = visual.decoder_of(task)(
            image_embeddings=sam_embeddings, image_pe=visual.dense_positions(), sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense, multimask_output=False)
        return masks

    def upscale(self, masks, resized, size):
        """§2.9, 4."""
        side = self.sam["image"]
        x = F.interpolate(masks.float(), (side, side), mode="bilinear", align_corners=False)
        x = x[..., :resized[0], :resized[1]]
        return F.interpolate(x, size, mode="bilinear", align_corners=False)[:, 0]

    @torch.inference_mode()
    def run(self, photo, task, name, pictures):
        """Every stage, float32 or int64, under the names of the parity dump; and the two texts."""
        out, prompt = {}, prompt_of(task, name)
        ids = self.ids_of(prompt)
        pixels, features = self.clip_stage(photo)
        generated, probabilities, states = self.generate(ids, features)
        shift = features.shape[1] - 1
        assert shift == self.config.get("img_emb_len", shift)
        # §2.7: the state that made the token, one position before it.
        places = [len(ids) + i for i, token in enumerate(generated) if token in self.mask_ids()]
        contact = states[[k - 1 + shift for k in places]]
        embedding = self.network.model.text_hidden_fcs[0](contact)
        out["input_ids"], out["generated_ids"] = torch.tensor([ids]), torch.tensor([generated])
        out["probabilities"] = torch.tensor(probabilities)
        out["clip_pixels"], out["clip_features"] = pixels, features
        out["contact_hidden"], out["contact_embedding"] = contact, embedding
        if places:
            first = generated[places[0] - len(ids)]
            used = embedding if len(pictures) == 1 else embedding[:1]   # several views: the first token (B7)
            e = self.view_embeddings(used, task, first)
            sam = torch.cat([self.network.model.visual_model.image_encoder(
                self.sam_pixels(p)[0][None].to(self.dtype)) for p in pictures])
            low = self.decode(sam, e, task)
            _, resized = self.sam_pixels(pictures[0])
            out.update(view_embeddings=e, sam_embeddings=sam, low_res_masks=low,
                       masks=self.upscale(low, resized, (pictures[0].height, pictures[0].width)))
        whole = [i for i in ids if i != IMAGE] + generated
        texts = [self.tokenizer.decode(part, skip_special_tokens=False).replace("\n", "").replace("  ", " ")
                 for part in (whole, generated)]
        return out, {"prompt": prompt, "text": texts[0], "answer": texts[1]}


def lift_body(masks, vertices, weights, count):
    """§2.11 in double precision: logits [V, H, W], maps lists of [H, W, 3] → [1, count]."""
    total, seen = np.zeros(count), np.zeros(count)
    for logits, ids, w in zip(masks, vertices, weights):
        m = 1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64), -20, 20)))
        add_view(total, seen, ids, w, m, np.ones_like(m, bool), count)
    return np.clip(np.where(seen > 0, total / np.maximum(seen, 1), 0), 0, 1)[None].astype(np.float32)


def lift_object(masks, vertices, weights, count):
    """§2.12."""
    total, seen = np.zeros(count), np.zeros(count)
    for logits, ids, w in zip(masks, vertices, weights):
        m = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
        add_view(total, seen, ids, w, m, m > 0.3, count)
    return np.where(seen > 0, total / np.maximum(seen, 1), 0)[None].astype(np.float32)


def add_view(total, seen, ids, w, m, keep, count):
    keep = keep & ((ids >= 0) & (ids < count)).all(-1)
    votes, counts = np.zeros(count), np.zeros(count)
    np.add.at(votes, ids[keep], w[keep] * m[keep][:, None])
    np.add.at(counts, ids[keep], w[keep])
    total += np.where(counts > 0, votes / np.where(counts > 0, counts, 1), 0)
    seen += counts > 0


def picture(path):
    return Image.open(pathlib.Path(path)).convert("RGB")
