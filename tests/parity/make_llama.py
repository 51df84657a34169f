"""Writes data/llama: tiny random decoders and what LlamaForCausalLM of transformers 4.31 computes with them.

Needs torch, transformers==4.31 and safetensors. Weights are stored in bf16 and used as those very numbers.
"""
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

OUT = Path(__file__).parent / "data" / "llama"
STEPS = 12


def build(config):
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.6 if "embed" in name else 0.15
            value = torch.randn(parameter.shape) * scale + (1.0 if "norm" in name else 0.0)
            parameter.copy_(value.to(torch.bfloat16).float())
    return model


def greedy(model, embeddings):
    """Twelve steps without a cache: ids, and the normalised state whose logits chose each."""
    ids, hidden, chances = [], [], []
    rows = embeddings
    for _ in range(STEPS):
        state = model.model(inputs_embeds=rows).last_hidden_state[:, -1]
        logits = model.lm_head(state)
        ids.append(int(logits.argmax()))
        hidden.append(state[0])
        chances.append(torch.softmax(logits[0].float(), 0)[ids[-1]])
        rows = torch.cat([rows, model.model.embed_tokens(torch.tensor([[ids[-1]]]))], 1)
    return torch.tensor(ids), torch.stack(hidden), torch.stack(chances)


def parts(model, embeddings, q, k):
    layer = model.model.layers[0]
    count = embeddings.shape[1]
    positions = torch.arange(count)[None]
    cos, sin = layer.self_attn.rotary_emb(q, seq_len=count)
    mask = torch.full((count, count), torch.finfo(embeddings.dtype).min).triu(1)[None, None].to(embeddings.dtype)
    turned = apply_rotary_pos_emb(q, k, cos, sin, positions)
    states = model.model(inputs_embeds=embeddings).last_hidden_state
    return {
        "rms_norm": layer.input_layernorm(embeddings),
        "rotary_q": turned[0], "rotary_k": turned[1],
        "attention": layer.self_attn(embeddings, attention_mask=mask, position_ids=positions)[0],
        "hidden": states, "logits": model.lm_head(states)}


def case(name, seed, **sizes):
    torch.manual_seed(seed)
    config = LlamaConfig(max_position_embeddings=128, pad_token_id=None, bos_token_id=1, eos_token_id=2, **sizes)
    model = build(config)
    weights = {key: value.to(torch.bfloat16).contiguous() for key, value in model.state_dict().items()
               if "rotary" not in key}
    ids = torch.tensor([5, 7, 11])
    picture = (torch.randn(16, config.hidden_size) * 0.6).to(torch.bfloat16).float()
    rows = model.model.embed_tokens(ids)
    embeddings = torch.cat([rows[:2], picture, rows[2:]])[None]
    heads, size = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    q = torch.randn(1, heads, 19, size).to(torch.bfloat16).float()
    k = torch.randn(1, config.num_key_value_heads, 19, size).to(torch.bfloat16).float()
    found = {"ids": ids, "picture": picture, "q": q, "k": k}
    found.update(parts(model, embeddings, q, k))
    found["greedy_ids"], found["greedy_hidden"], found["greedy_probability"] = greedy(model, embeddings)
    model = model.to(torch.bfloat16)
    short = lambda x: x.to(torch.bfloat16)
    for key, value in parts(model, short(embeddings), short(q), short(k)).items():
        found["bf16." + key] = value
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(weights, OUT / f"{name}.safetensors")
    save_file({key: value.contiguous() for key, value in found.items()}, OUT / f"{name}_expected.safetensors")
    print(name, found["greedy_ids"].tolist())


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    with torch.no_grad():
        case("tiny", 1, vocab_size=97, hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=4, intermediate_size=96, rms_norm_eps=1e-5)
        case("grouped", 2, vocab_size=61, hidden_size=48, num_hidden_layers=3, num_attention_heads=6,
             num_key_value_heads=2, intermediate_size=80, rms_norm_eps=1e-6)


if __name__ == "__main__":
    main()
