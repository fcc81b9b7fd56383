#!/usr/bin/env python3
"""Side by side in one run: tokens/s of a training step of a small transformer, here and in PyTorch.

usage: transformer.py --example target/release/examples/transformer --torch PYTHON [--threads 2] [--seconds 4] [--rounds 3]

4 blocks, 4 heads, 128 wide, context 64, vocabulary 65, batch 32, AdamW. PyTorch fuses queries, keys and values into one product, takes
F.scaled_dot_product_attention and its fused AdamW. Every round runs both programs in turn, each keeps its best. Prints both and the ratio.
"""
import argparse, json, os, subprocess, sys, time

BLOCKS, HEADS, WIDTH, CONTEXT, VOCABULARY, SAMPLES = 4, 4, 128, 64, 65, 32
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "8589934592", "MALLOC_TOP_PAD_": "67108864"}


def run_torch(threads, seconds):
    import torch, torch.nn as nn, torch.nn.functional as F
    torch.set_num_threads(threads)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.projection, self.output = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

        def forward(self, x):
            q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in self.projection(x).chunk(3, -1))
            return self.output(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.attention = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH), Attention()
            self.dense = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x):
            x = x + self.attention(self.first(x))
            return x + self.dense(self.second(x))

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

        def forward(self, tokens):
            return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions.weight)))

    net = Transformer()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, fused=True)
    text = (torch.arange(SAMPLES * CONTEXT) ** 2 % VOCABULARY).reshape(SAMPLES, CONTEXT)
    following = (7 * text + 3) % VOCABULARY
    best, began = 0.0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        part = time.perf_counter()
        for _ in range(5):
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(net(text).flatten(0, 1), following.flatten())
            loss.backward()
            optimizer.step()
        best = max(best, 5 * SAMPLES * CONTEXT / (time.perf_counter() - part))
    print(json.dumps({"tokens_per_s": round(best), "loss": loss.item(), "params": sum(p.numel() for p in net.parameters())}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example")
    parser.add_argument("--torch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    if not a.example or not a.torch:
        return run_torch(a.threads, a.seconds)
    seconds, peer = ["--seconds", str(a.seconds)], [a.torch, __file__, "--threads", str(a.threads)]
    programs = {"backprop": ([a.example, *seconds], {"RAYON_NUM_THREADS": str(a.threads)}),
                "torch": ([*peer, *seconds], {}), "torch+malloc": ([*peer, *seconds], KEEP_MEMORY)}
    best = dict.fromkeys(programs, 0)
    for _ in range(a.rounds):
        for name, (command, extra) in programs.items():
            done = subprocess.run(command, capture_output=True, text=True, env=os.environ | extra)
            if done.returncode:
                sys.exit(f"{name}: {done.stderr.strip()}")
            best[name] = max(best[name], json.loads(done.stdout.splitlines()[-1])["tokens_per_s"])
    fastest = max(best["torch"], best["torch+malloc"])
    print(", ".join(f"{name} {rate} tokens/s" for name, rate in best.items()) + f"; ours over the fastest peer {best['backprop'] / fastest:.2f}")


if __name__ == "__main__":
    main()
