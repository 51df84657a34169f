"""Writes data/tokenizer: small SentencePiece models and what the slow Llama tokenizer of transformers 4.31 makes of them.

Needs transformers==4.31 and sentencepiece; run from anywhere. With --llama FILE (a tokenizer.model of Llama-2) it
only prints whether the ids of METHOD.md section 2.3 come out of the same reference.
"""
import argparse
import json
import shutil
import tempfile
from pathlib import Path

import sentencepiece
from transformers import LlamaTokenizer

OUT = Path(__file__).parent / "data" / "tokenizer"
SYSTEM = ("A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
          "detailed, and polite answers to the human's questions.")
BODY = "Which body parts are in contact with the {}? Segment these contact areas."
OBJECT = ('"What type of affordance does the human-object interaction suggest? Then, segment the area on the {} where '
          'the human is making contact.",')
FLAT = "Segment the area on the human's body that is in direct contact with the {} in this image."


def prompt(question):
    return f"{SYSTEM} USER: <im_start><image><im_end>\n{question} ASSISTANT:"


PROMPTS = [prompt(BODY.format("bottle")), prompt(OBJECT.format("tennis_racket")), prompt(FLAT.format("skateboard"))]


def corpus():
    """Text enough for a few hundred merges, with digits and a second script."""
    lines = [SYSTEM] + [q.format(n) for q in (BODY, OBJECT, FLAT)
                        for n in ("bottle", "tennis_racket", "skateboard", "cup", "chair", "bicycle", "laptop")]
    lines += ["The contact region is [SEG].", "Sure, it is [SEG] .", "0 1 2 3 4 5 6 7 8 9 10 23 456 7890",
              "Größe und Straße, déjà vu, naïve café", "Привет мир, как дела", "def main(argc, argv):\n    return 0"]
    return lines * 20


def strings():
    pieces = [
        "", " ", "  ", "   ", "\n", "\n\n", "\t", "\t\t", "\r\n", " \n ", "a", " a", "a ", "  a  b  ", "hello world",
        "Hello, World!", "bottle", ".", " .", "..", "Which", " Which", "\nWhich", "0", "12", "3.14159", "1e-5",
        "2024-06-10", "1,234,567", "x = y + z;", "tabs\tin\tbetween", "line\nbreaks\nhere", "trailing\n", "\nleading",
        "café", "cafe\u0301", "naïve", "Straße", "Привет", "你好，世界", "日本語テキスト", "한국어", "العربية", "עברית",
        "हिन्दी", "ไทย", "😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "a😀b", "😀 😀", "€100", "½ ² ³", "ﬁ ligature", "Å Å", "①②③",
        "\u00a0", "a\u00a0b", "\u3000全角", "\u200b", "a\u200bb", "\ufeffbom", "▁", "▁a", "a▁b", " ▁ ", "▁▁", "a\x00b", "\x07",
        "<0x41>", "<0x0A>", "<s>", "</s>", "<unk>", "<pad>", "<s>a", "a<s>", "a <s> b", "a  </s>  b", "<unk> x", "x <unk>",
        "<s><s>", "</s></s>a", "<s> </s>", "[SEG]", " [SEG]", "[SEG] ", " [SEG] ", "[SEG].", "[SEG] .", "is [SEG].",
        "is  [SEG]  .", "[SEG][SEG]", "[SEG] [SEG]", "[SEG]\n[SEG]", "[SEG]a[SEG]", "[SEG] a [SEG]", "[HSEG]", "[OSEG]",
        "[HSEG] and [OSEG].", "[ISEG]", "[SEG", "SEG]", "[seg]", "[[SEG]]", "<im_start>", "<im_end>", "<im_start><im_end>",
        "USER: <im_start>", "<im_end>\nWhich", "<im_end>Which", "<im_end> Which", "<im_end>\t\tWhich", "<im_patch>", "<image>",
        "x\u3000[SEG]\u2003y", "x\x1c[SEG]\x1fy", "x\u200b[SEG]\u200by", "x\u0085[SEG]\u2028y", "a▁[SEG]▁b", "▁[SEG]", "[SEG]▁",
        "<s>[SEG]", "[SEG]<s>", "[SEG] <s> [SEG]", "<s> [SEG] </s>", "The contact region is [SEG].",
        "Sure, it is [SEG] .", "Sure, [SEG] .", "Body parts: left hand, right hand. [SEG].", "ASSISTANT:", "ASSISTANT: [SEG].</s>",
        "http://example.org/a?b=c&d=e#f", "C:\\path\\file.txt", "user@example.org", "#include <vector>", "if (a<b && b>c) {}",
        "    indented", "\t indented", "a" * 50, "ab" * 40, " " * 20, "-" * 30, "." * 17, "1" * 25, "😀" * 5,
        "ALL CAPS TEXT", "MiXeD cAsE", "snake_case_name", "kebab-case-name", "camelCaseName", "don't", "it's", "the human's",
        "“quoted”", "‘single’", "—dash—", "…", "a/b/c", "50%", "$5.00", "&amp;", "~", "`code`", "**bold**", "| a | b |",
        "\u202eright to left", "e\u0301\u0302", "\U0001F9D1\u200d\U0001F680", "𝔘𝔫𝔦", "𐍈", "\u007f", "\x1b[0m", "tab\t", "\tTab",
    ]
    for name in ("bottle", "tennis_racket", "skateboard", "scene", "cup", "chair", "bicycle"):
        pieces += [BODY.format(name), OBJECT.format(name), FLAT.format(name)]
    for i in range(8):
        pieces.append(f"{i} apples, {i * 37} pears and {i * 1009} plums\n" * (i % 3 + 1))
    pieces += [p.replace("<image>", "") for p in PROMPTS]
    assert len(pieces) >= 200, len(pieces)
    return pieces


ANSWERS = ["The contacting body parts are {}, and the contact region is {}.",
           "The involved body parts are {}, with the contact mask at {}.",
           "Contact occurs at {}, with the contact points shown at {}.",
           "The body parts in contact are {}, with contact mask at {}.", "Body parts: {}, contact mask: {}."]


def conversations(token):
    """The bottle's question with each of the five answers (METHOD.md section 5.9), one that is the token alone, and two
    rounds with an unfinished third."""
    parts = "left hand, right hand"
    rounds = [PROMPTS[0] + " " + answer.format(parts, token) + "</s>" for answer in ANSWERS]
    rounds.append(PROMPTS[0] + " " + token + "</s>")
    more = "USER: " + BODY.format("cup") + " ASSISTANT: It is " + token + ".</s>"
    return rounds + [rounds[0] + more + "USER: And now? ASSISTANT: Well"]


def labels(tokenizer, text):
    """Section 5.6: every round between two </s> is counted by itself; what was counted, and whether it adds up."""
    ids = with_image(tokenizer, text)
    result, at = [-100] * len(ids), 1
    for part in text.split("</s>")[:-1]:
        question = part.split(" ASSISTANT: ")[0] + " ASSISTANT: "
        begin, end = at + len(with_image(tokenizer, question)) - 2, at + len(with_image(tokenizer, part))
        result[begin:end] = ids[begin:end]
        at = end
    rest = text.split("</s>")[-1]
    left = len(tokenizer(rest).input_ids) - 1 if rest else 0
    return ids, result, at + left == len(ids)


def described(token):
    return {"content": token, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}


def write_folder(folder, model, extra, legacy, plain):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(model, folder / "tokenizer.model")
    count = sentencepiece.SentencePieceProcessor(model_file=str(model)).get_piece_size()
    added = {token: count + i for i, token in enumerate(["[SEG]", "<im_start>", "<im_end>", *extra])}
    (folder / "added_tokens.json").write_text(json.dumps(added) + "\n")
    config = {"tokenizer_class": "LlamaTokenizer"}
    if legacy is not None:
        config["legacy"] = legacy
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    specials = names if plain else {key: described(token) for key, token in names.items()}
    (folder / "special_tokens_map.json").write_text(json.dumps({**specials, "pad_token": "<unk>"}) + "\n")
    return LlamaTokenizer.from_pretrained(str(folder))


def with_image(tokenizer, text):
    chunks = [tokenizer(part).input_ids for part in text.split("<image>")]
    ids = list(chunks[0])
    for chunk in chunks[1:]:
        ids += [-200] + chunk[1:]
    return ids


def reference(tokenizer, token):
    cases = []
    for text in strings():
        ids = tokenizer(text).input_ids
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
    images = [{"text": text, "ids": with_image(tokenizer, text)} for text in PROMPTS]
    talks = []
    for text in conversations(token):
        ids, answer, sound = labels(tokenizer, text)
        assert sound or not tokenizer.legacy, text
        if sound:
            talks.append({"text": text, "ids": ids, "labels": answer})
    return {"cases": cases, "prompts": images, "conversations": talks}


def train(folder, size, **more):
    text = folder / "corpus.txt"
    text.write_text("\n".join(corpus()))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / f"m{size}"), vocab_size=size, model_type="bpe", byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=True,
        character_coverage=1.0, split_digits=True, allow_whitespace_only_pieces=True, minloglevel=2, num_threads=1, **more)
    return folder / f"m{size}.model"


def check_llama(file):
    for legacy in (True, False):
        with tempfile.TemporaryDirectory() as temporary:
            tokenizer = write_folder(Path(temporary) / "t", file, [], legacy, False)
            for text in PROMPTS:
                ids = with_image(tokenizer, text)
                print(legacy, len(ids), ids)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--llama")
    arguments = parser.parse_args()
    if arguments.llama:
        check_llama(arguments.llama)
        return
    shutil.rmtree(OUT, ignore_errors=True)
    expected = {}
    with tempfile.TemporaryDirectory() as temporary:
        small, large = (train(Path(temporary), size) for size in (420, 600))
        for name, model, extra, legacy, plain in (
                ("small_legacy", small, ["[ISEG]"], True, False),
                ("large_new", large, ["[HSEG]", "[OSEG]"], False, False),
                ("large_plain", large, [], None, True)):
            folder = write_folder(OUT / name, model, extra, legacy, plain)
            expected[name] = reference(folder, extra[0] if extra else "[SEG]")
            print(name, len(expected[name]["conversations"]), "conversations")
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
