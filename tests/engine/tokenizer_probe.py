"""Runs under transformers: renders and counts what the suite renders and counts itself.

Standard input: ``{"model": directory, "templates": [...], "prompts": [...]}``. Standard output: for each
template the rendered chats and their token counts, and the counts of the plain prompts.
"""

import json
import sys

from transformers import AutoTokenizer


def main():
    asked = json.load(sys.stdin)
    tokenizer = AutoTokenizer.from_pretrained(asked["model"])
    chats = [[{"role": "user", "content": prompt}] for prompt in asked["prompts"]]
    rendered, counts = [], []
    for template in [None, *asked["templates"]]:
        options = {"add_generation_prompt": True, "chat_template": template}
        if template and "enable_thinking" in template:
            # As requests have it: what a template can switch off is off.
            options["enable_thinking"] = False
        rendered.append(
            [tokenizer.apply_chat_template(chat, tokenize=False, **options) for chat in chats]
        )
        encoded = [
            tokenizer.apply_chat_template(chat, return_dict=True, **options) for chat in chats
        ]
        counts.append([len(one["input_ids"]) for one in encoded])
    plain = [len(tokenizer(prompt)["input_ids"]) for prompt in asked["prompts"]]
    json.dump({"rendered": rendered, "counts": counts, "plain": plain}, sys.stdout)


if __name__ == "__main__":
    main()
