"""Writes data/interactvlm/*.tar.xz: whole tiny InteractVLM and LISA folders, what to ask them, and every stage of
the answer, from the reference of interactvlm_reference.py.

usage: python make_interactvlm.py [VARIANT...]     needs torch 2.11, transformers 4.31, segment-anything 1.0,
sentencepiece, safetensors, Pillow, joblib; a minute

An archive per variant holds
  VARIANT/model            the model folder (METHOD.md §1.2), weights representable in bf16
  VARIANT/clip             the vision tower's folder
  VARIANT/cases.json       what is asked: task, name, photograph, pictures, maps, precision, prompt, texts
  VARIANT/CASE.safetensors every stage; the last two axes of those named in "strides" are thinned to every s-th row
                           and column
and common.tar.xz the photographs, the body's pictures and maps (data/; data_small/ is the same with a matrix of
few columns), the objects, and every picture as numbers (pictures.safetensors).
"""
import json
import lzma
import pathlib
import shutil
import sys
import tarfile
import tempfile

import joblib
import numpy as np
import torch
from safetensors.torch import save_file

import interactvlm_fixture as fixture
from interactvlm_reference import (HUMAN_VIEWS, OBJECT_VIEWS, TEN_VIEWS, Reference, lift_body, lift_object,
                                   picture, prompt_of, views_of)

HERE = pathlib.Path(__file__).parent
BF16 = [("", torch.bfloat16)]
FP32 = [("", torch.float32)]
# Some of the last shard in fp32, as folders that were put together by hand have it.
MIXED = [("mask_decoder.transformer.layers.1", torch.float32), ("cam_pose_encoder", torch.float32),
         ("", torch.bfloat16)]


def sizes(hidden, layers, heads, mlp, channels, key_value_heads=None):
    """Of the decoder (§1.6); `channels` wide are the prompts that it makes for SAM."""
    grouped = {} if key_value_heads is None else {"num_key_value_heads": key_value_heads}
    return dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads, **grouped,
                intermediate_size=mlp, out_dim=channels)


def contact(tokens, views, encoder, human, obj):
    """What InteractVLM adds to LISA's configuration (§1.3): the views' names and weights of people and objects, and
    which encoder conditions on the cameras, if one does."""
    return dict(token_type=tokens, multiview_channels=views, multiview_cam_cond=encoder is not None,
                cam_encoder_type=encoder or "simple", hC_sam_view_type=human[0], oC_sam_view_type=obj[0],
                hC_loss_weight=human[1], oC_loss_weight=obj[1])


VARIANTS = {
    "gen": dict(
        config=dict(**sizes(hidden=64, layers=3, heads=4, mlp=96, channels=32),
                    **contact("Gen", 4, "vi_v1", ("4MV-Z_Vitru_mv2", 3.0), ("4MV-Z_HM", 0.0))),
        clip=dict(hidden=32, mlp=64, layers=3, heads=4, image=56, patch=14), whole_clip=True,
        clip_storage="safetensors",
        sam=dict(image=1024, patch=16, embed=32, depth=4, heads=2, mlp_ratio=4, window=7, mlp=64, iou=32,
                 **{"global": [1, 3]}),
        storage=("bin", 3), dtypes=MIXED, legacy=True, pieces=120, tokens=[],
        cases=[dict(case="hcontact", task="hcontact", name="bottle", photo="bottle__000001.png",
                    answer="The left hand and fingers [SEG]."),
               dict(case="hcontact_bf16", task="hcontact", name="bottle", photo="bottle__000001.png",
                    answer="The left hand and fingers [SEG].", precision="bf16")]),
    # Grouped heads, human and object tokens, the splitter, 16 channels; a photograph as JPEG, the small matrix.
    "hu_obj": dict(
        config=dict(**sizes(hidden=48, layers=2, heads=6, mlp=80, channels=16, key_value_heads=3),
                    **contact("Gen-Hu-Obj", 4, "view_index", ("4MV-Z_Vitru", 3.0), ("4MV-Z_HM_BM", 3.0))),
        clip=dict(hidden=40, mlp=56, layers=4, heads=5, image=42, patch=14), whole_clip=False, clip_storage="bin",
        sam=dict(image=128, patch=16, embed=24, depth=3, heads=3, mlp_ratio=2, window=3, mlp=48, iou=24,
                 **{"global": [1]}),
        storage=("safetensors", 1), dtypes=BF16, legacy=True, pieces=100, tokens=["[HSEG]", "[OSEG]"],
        token_keys={"hseg_token_idx": "[HSEG]", "oseg_token_idx": "[OSEG]"},
        cases=[dict(case="hcontact", task="hcontact", name="bottle", photo="bottle__000001.png", data="data_small",
                    answer="The right hand [HSEG]."),
               dict(case="ocontact", task="ocontact", name="mug", photo="mug__000002.png", object="mug__000002",
                    answer="It is to grasp [OSEG]."),
               dict(case="ocontact_bf16", task="ocontact", name="mug", photo="mug__000002.png",
                    object="mug__000002", answer="It is to grasp [OSEG].", precision="bf16")]),
    # Three decoders, the sum of the simple encoder, another layer of the tower, the newer tokenizer.
    "difde": dict(
        config=dict(**sizes(hidden=32, layers=1, heads=2, mlp=40, channels=32),
                    **contact("Gen-DifDe", 4, "simple", ("4MV-Z_Vitru", 3.0), ("4MV-Z_HM", 3.0)),
                    mm_vision_select_layer=-3),
        clip=dict(hidden=24, mlp=48, layers=4, heads=3, image=28, patch=7), whole_clip=False,
        clip_storage="safetensors",
        sam=dict(image=96, patch=8, embed=16, depth=2, heads=2, mlp_ratio=4, window=5, mlp=32, iou=16,
                 **{"global": [1]}),
        storage=("safetensors", 2), dtypes=FP32, legacy=False, pieces=90, tokens=[],
        cases=[dict(case="oafford", task="oafford", name="chair", photo="bottle__000001.png",
                    object="chair__000004", answer="To sit [SEG]."),
               dict(case="hcontact", task="hcontact", name="bottle", photo="bottle__000001.png", data="data_small",
                    answer="The hips [SEG].")]),
    # One token for people and objects, the old name of the view, no `legacy` key, nothing in shards.
    "gen_int": dict(
        config=dict(**sizes(hidden=32, layers=2, heads=4, mlp=48, channels=32),
                    **contact("Gen-Int", 4, "vi_v1", ("4MV-Z_Vitru_wScene", 3.0), ("4MV-Z_HM", 3.0))),
        clip=dict(hidden=16, mlp=32, layers=3, heads=2, image=56, patch=14), whole_clip=True, clip_storage="bin",
        sam=dict(image=64, patch=8, embed=32, depth=2, heads=4, mlp_ratio=2, window=3, mlp=32, iou=32,
                 **{"global": [0]}),
        storage=("bin", 1), dtypes=BF16, legacy=None, pieces=80, tokens=["[ISEG]"],
        token_keys={"hseg_token_idx": "[ISEG]", "oseg_token_idx": "[ISEG]"},
        cases=[dict(case="hcontact-wScene", task="hcontact-wScene", name="scene", photo="skateboard__000003.png",
                    data="data_small", answer="Both feet [ISEG].")]),
    # Masks in the photograph itself, two of them; no cameras.
    "picture": dict(
        config=dict(**sizes(hidden=32, layers=2, heads=2, mlp=48, channels=32),
                    **contact("Gen", 1, None, ("4viewsFix", 0.0), ("2viewsFix", 0.0))),
        clip=dict(hidden=24, mlp=32, layers=3, heads=2, image=28, patch=14), whole_clip=False,
        clip_storage="safetensors",
        sam=dict(image=128, patch=16, embed=32, depth=3, heads=2, mlp_ratio=4, window=5, mlp=64, iou=32,
                 **{"global": [2]}),
        storage=("bin", 2), dtypes=BF16, legacy=True, pieces=80, tokens=[],
        cases=[dict(case="h2dcontact", task="h2dcontact", name="skateboard", photo="skateboard__000003.png",
                    answer="Left foot [SEG] and right foot [SEG].")]),
    # LISA: none of InteractVLM's keys.
    "lisa": dict(
        config=dict(**sizes(hidden=32, layers=2, heads=4, mlp=56, channels=16),
                    rms_norm_eps=1e-6, architectures=["LISAForCausalLM"]), lisa=True,
        clip=dict(hidden=16, mlp=24, layers=3, heads=2, image=42, patch=14), whole_clip=True, clip_storage="bin",
        sam=dict(image=128, patch=16, embed=16, depth=2, heads=2, mlp_ratio=4, window=7, mlp=32, iou=16,
                 **{"global": [1]}),
        storage=("bin", 2), dtypes=BF16, legacy=True, pieces=60, tokens=[],
        cases=[dict(case="segment", task="segment", name="Where is the mug? Please output segmentation mask.",
                    photo="mug__000002.png", answer="It is [SEG].")]),
    # Ten views, with separate decoders and splitter at once.
    "ten_views": dict(
        config=dict(**sizes(hidden=32, layers=1, heads=4, mlp=32, channels=16),
                    **contact("Gen-Hu-Obj-DifDe", 10, "vi_v1", ("4MV-Z_Vitru", 0.0), ("10MV-Z_HM", 3.0))),
        clip=dict(hidden=16, mlp=24, layers=2, heads=2, image=28, patch=14), whole_clip=False, clip_storage="bin",
        sam=dict(image=64, patch=16, embed=16, depth=1, heads=1, mlp_ratio=4, window=3, mlp=16, iou=16,
                 **{"global": []}),
        storage=("bin", 1), dtypes=BF16, legacy=True, pieces=60, tokens=["[HSEG]", "[OSEG]"],
        token_keys={"hseg_token_idx": "[HSEG]", "oseg_token_idx": "[OSEG]"},
        cases=[dict(case="ocontact", task="ocontact", name="lamp", photo="skateboard__000003.png",
                    object="lamp__000005", answer="Lift [OSEG].")]),
}

BASE = dict(architectures=["InteractVLMForCausalLM"], model_type="llava", hidden_act="silu", rms_norm_eps=1e-5,
            max_position_embeddings=4096, initializer_range=0.02, pretraining_tp=1, rope_scaling=None,
            tie_word_embeddings=False, use_cache=False, bos_token_id=1, eos_token_id=2, pad_token_id=0,
            torch_dtype="bfloat16", mm_use_im_start_end=True, mm_use_im_patch_token=False,
            mm_vision_select_layer=-2, mm_vision_select_feature="patch",
            mm_vision_tower="openai/clip-vit-large-patch14",
            vision_tower="openai/clip-vit-large-patch14", image_aspect_ratio="square", image_grid_pinpoints=None,
            tune_mm_mlp_adapter=False, freeze_mm_mlp_adapter=True, pretrain_mm_mlp_adapter=None, use_mm_proj=True,
            train_mask_decoder=True, transformers_version="4.31.0")
INTERACTVLM = dict(use_fusion=False, use_uncertainty=False, hseg_token_idx=None, oseg_token_idx=None,
                   hC_question_type="parts", oC_question_type="afford")
MATRIX_COLUMNS = 40


# --- what all share ---
def write_common(root):
    random = np.random.default_rng(20)
    photos, body, objects = root / "photos", root / "data/hcontact_vitruvian", root / "objects"
    photos.mkdir(parents=True), body.mkdir(parents=True)
    for name, width, height in (("bottle__000001.png", 120, 88), ("mug__000002.png", 75, 101),
                                ("skateboard__000003.png", 133, 70)):
        fixture.photograph(random, width, height).save(photos / name, optimize=True)
    maps = {}
    for view in HUMAN_VIEWS:
        # Every second triangle among the few vertices of the small matrix; one beyond the body's 6890.
        ids = np.stack([random.integers(0, MATRIX_COLUMNS if k % 2 else 6890, 3) for k in range(6)])
        ids[4, 1] = 6890
        image, *maps[view] = fixture.render(random, 1024, ids)
        image.save(body / f"body_render_norm_{view}.png", optimize=True)
    np.savez_compressed(body / "pixel_to_vertex_map_1024.npz", **{view: m[0] for view, m in maps.items()})
    np.savez_compressed(body / "bary_coords_map_1024.npz", **{view: m[1] for view, m in maps.items()})
    shutil.copytree(body, root / "data_small/hcontact_vitruvian")
    matrix = np.zeros((60, MATRIX_COLUMNS), np.float32)
    for row in matrix:
        row[random.choice(MATRIX_COLUMNS, 3, replace=False)] = [0.5, 0.3, 0.2]
    joblib.dump({"matrix": matrix}, root / "data_small/smpl_to_smplx.pkl")
    write_object(random, objects / "mug__000002", photos / "mug__000002.png", OBJECT_VIEWS, 256, 14, 0)
    write_object(random, objects / "chair__000004", photos / "bottle__000001.png", OBJECT_VIEWS, 256, 9, 3)
    write_object(random, objects / "lamp__000005", photos / "skateboard__000003.png", TEN_VIEWS, 64, 12, 0)
    files = [f for f in sorted(root.rglob("*")) if f.suffix in (".png", ".jpg") and "data_small" not in str(f)]
    save_file({str(f.relative_to(root)): torch.from_numpy(np.array(picture(f))) for f in files},
              root / "pictures.safetensors")


def write_object(random, folder, photo, views, size, vertices, compress):
    renders = folder / "sam_inp_objs"
    renders.mkdir(parents=True)
    picture(photo).save(folder / f"{folder.name}.jpg", quality=97, subsampling=0)
    points = random.normal(size=(vertices, 3)).round(3)
    faces = [random.choice(vertices, 3, replace=False) + 1 for _ in range(2 * vertices)]
    (folder / "object_mesh.obj").write_text("".join("v %g %g %g\n" % tuple(p) for p in points)
                                            + "".join("f %d %d %d\n" % tuple(f) for f in faces))
    lift = {"pixel_to_vertices_map": [], "bary_coords_map": [], "num_vertices": vertices}
    for view in views:
        image, ids, weights = fixture.render(random, size, random.integers(0, vertices, (6, 3)))
        image.save(renders / f"obj_render_color_{view}.png", optimize=True)
        lift["pixel_to_vertices_map"].append(ids)
        lift["bary_coords_map"].append(weights)
    joblib.dump(lift, renders / "lift2d_dict.pkl", compress=compress)


def inputs_of(common, config, case):
    """The photograph and the pictures that SAM sees, by path."""
    photo, folder = common / "photos" / case["photo"], None
    table = views_of(config, case["task"])
    if not table:
        return photo, [photo]
    if "object" in case:
        folder = common / "objects" / case["object"]
        return folder / f"{case['object']}.jpg", [folder / f"sam_inp_objs/obj_render_color_{v}.png" for v in table]
    return photo, [common / "data/hcontact_vitruvian" / f"body_render_norm_{v}.png" for v in table]


# --- one variant ---
def write_model(folder, name, v):
    folder.mkdir(parents=True)
    answers = [case["answer"] for case in v["cases"]]
    tokenizer = fixture.write_tokenizer(folder, answers, v["pieces"], v["tokens"], v["legacy"], 2048)
    lisa = v.get("lisa", False)
    config = {**BASE, **({} if lisa else INTERACTVLM), "vocab_size": len(tokenizer),
              "mm_hidden_size": v["clip"]["hidden"], **v["config"]}
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    patches = (v["clip"]["image"] // v["clip"]["patch"]) ** 2
    if not lisa:
        config.update(img_emb_len=patches - 1, seg_token_idx=tokenizer.convert_tokens_to_ids("[SEG]"))
        for key, token in v.get("token_keys", {}).items():
            config[key] = tokenizer.convert_tokens_to_ids(token)
        fixture.write_json(folder / "pretrained_config.json", {"version": "tiny", "lora_r": 8})
    fixture.write_json(folder / "config.json", config)
    fixture.write_json(folder / "generation_config.json", {
        "_from_model_config": True, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        "transformers_version": "4.31.0", "use_cache": False})
    fixture.write_clip(folder.parent / "clip", v["clip"], v["whole_clip"], v["clip_storage"],
                       fixture.seed_of(name + "/clip"))
    network = fixture.new_network(config, v["sam"], fixture.seed_of(name))
    fixture.write_weights(folder, network, v["storage"], v["dtypes"])
    return config


@torch.no_grad()
def teach(folder, v, common, config):
    """Rewrites the rows of lm_head so that greedy decoding gives each case's answer, and scales the masks."""
    reference = Reference(folder, folder.parent / "clip", v["sam"])
    states, tokens = [], []
    for case in v["cases"]:
        if case.get("precision"):
            continue                                      # the same question again
        photo, _ = inputs_of(common, config, case)
        ids = reference.ids_of(prompt_of(case["task"], case["name"]))
        answer = reference.tokenizer(case["answer"]).input_ids[1:] + [config["eos_token_id"]]
        _, features = reference.clip_stage(picture(photo))
        sequence = reference.hidden(ids + answer[:-1], features)
        states.append(sequence[-len(answer):])
        tokens += answer
    fixture.teach_answers(reference.network.lm_head, states, tokens)
    centre_masks(reference, v, common, config)
    fixture.write_weights(folder, reference.network, v["storage"], v["dtypes"])


def centre_masks(reference, v, common, config):
    """Scales and shifts what makes the first mask of each decoder in use, so that its logits lie about zero."""
    seen = {}
    for case in v["cases"]:
        if case.get("precision"):
            continue
        decoder, channels = reference.network.model.visual_model.decoder_of(case["task"]), []
        hook = decoder.output_upscaling.register_forward_hook(
            lambda _, __, out, kept=channels: kept.append(out.mean((0, 2, 3))))
        photo, pictures = inputs_of(common, config, case)
        stages, _ = reference.run(picture(photo), case["task"], case["name"], [picture(p) for p in pictures])
        hook.remove()
        seen.setdefault(decoder, []).append((stages["low_res_masks"], channels[0]))
    for decoder, runs in seen.items():
        last = decoder.output_hypernetworks_mlps[0].layers[2]
        scale = 2.0 ** round(float(torch.log2(2 / torch.stack([m.std() for m, _ in runs]).mean())))
        mean = torch.stack([m.mean() for m, _ in runs]).mean() * scale
        channel = torch.stack([c for _, c in runs]).mean(0)
        last.weight.mul_(scale)
        shifted = last.bias * scale - mean * channel / channel.square().sum()
        last.bias.copy_(shifted.to(torch.bfloat16).float())


def run_case(root, name, v, common, config, case):
    bf16 = case.get("precision") == "bf16"
    reference = Reference(root / "model", root / "clip", v["sam"], torch.bfloat16 if bf16 else torch.float32)
    photo, pictures = inputs_of(common, config, case)
    stages, texts = reference.run(picture(photo), case["task"], case["name"], [picture(p) for p in pictures])
    wanted = reference.tokenizer(case["answer"]).input_ids[1:] + [config["eos_token_id"]]
    assert stages["generated_ids"][0].tolist() == wanted, (stages["generated_ids"], wanted)
    record = {**case, "photo": str(photo.relative_to(common)), **texts,
              "pictures": [str(p.relative_to(common)) for p in pictures]}
    if "object" in case:
        lift = joblib.load(pictures[0].parent / "lift2d_dict.pkl")
        stages["vertex_contact"] = torch.from_numpy(lift_object(
            stages["masks"], lift["pixel_to_vertices_map"], lift["bary_coords_map"], lift["num_vertices"]))
    elif "hcontact" in case["task"] and case["task"] != "h2dcontact":
        data = common / case.get("data", "data")
        maps = [np.load(data / "hcontact_vitruvian" / f) for f in
                ("pixel_to_vertex_map_1024.npz", "bary_coords_map_1024.npz")]
        matrix = data / "smpl_to_smplx.pkl"
        m = joblib.load(matrix)["matrix"] if matrix.exists() else None
        contact = lift_body(stages["masks"], *[[f[view] for view in HUMAN_VIEWS] for f in maps],
                            6890 if m is None else m.shape[1])
        stages["vertex_contact"] = torch.from_numpy(contact)
        if m is not None:
            stages["vertex_contact_smplx"] = torch.from_numpy((m @ contact[0]).astype(np.float32))
    strides = {"sam_embeddings": max(1, stages["sam_embeddings"].shape[-1] // 8),
               "low_res_masks": max(1, stages["low_res_masks"].shape[-1] // 32),
               "masks": max(1, max(stages["masks"].shape[-2:]) // (32 if len(pictures) < 5 else 16))}
    for stage, s in strides.items():
        stages[stage] = stages[stage][..., ::s, ::s]
    record["strides"] = strides
    save_file({k: (t.float() if t.is_floating_point() else t).contiguous() for k, t in stages.items()},
              root / f"{case['case']}.safetensors")
    describe(name, case, stages, texts)
    return record


def describe(name, case, stages, texts):
    masks = stages["masks"]
    print(f"{name}/{case['case']}: {texts['answer']!r} p>={stages['probabilities'].min():.3f} "
          f"embedding std {stages['contact_embedding'].std():.2f} views {stages['view_embeddings'].std():.2f} "
          f"masks {masks.mean():.2f}±{masks.std():.2f} "
          f"between views {masks.mean((1, 2)).std(correction=0):.2f}", end="")
    if "vertex_contact" in stages:
        touched = stages["vertex_contact"][stages["vertex_contact"] > 0]
        print(f" vertices {len(touched)} {touched.min():.3f}..{touched.max():.3f}", end="")
    print(flush=True)


def pack(folder, file):
    def plain(info):
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = ""
        return info
    file.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(file, "wb", preset=9 | lzma.PRESET_EXTREME) as out, tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(folder, folder.name, filter=plain)
    print(f"{file.name}: {file.stat().st_size / 1024:.0f} KiB", flush=True)


def main(names):
    torch.set_num_threads(2)
    out = HERE / "data/interactvlm"
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        common = root / "common"
        write_common(common)
        pack(common, out / "common.tar.xz")
        for name in names or VARIANTS:
            v = VARIANTS[name]
            config = write_model(root / name / "model", name, v)
            teach(root / name / "model", v, common, config)
            records = [run_case(root / name, name, v, common, config, case) for case in v["cases"]]
            fixture.write_json(root / name / "cases.json", records)
            pack(root / name, out / f"{name}.tar.xz")


if __name__ == "__main__":
    main(sys.argv[1:])
