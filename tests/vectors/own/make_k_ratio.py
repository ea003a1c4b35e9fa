#!/usr/bin/python3
"""Makes k_ratio.json: messages that compress between 20 and 30 to one, on both sides of the bound
of E2E-spec 2.3.2 (20 KiB and 20:1), where the reference's vectors have only far larger ratios.

    make_k_ratio.py > k_ratio.json

A message is an empty header block (one LF) and then "runs": text and how often it is repeated, one
after the other. The texts are pseudo-random letters, so that what they compress to is theirs alone.
"""
import base64
import hashlib
import json
import sys
import zlib

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ."
ALWAYS_OK = 20 * 1024
CAPACITY = 28672 - 22


def letters(seed, n):
    out = ""
    block = 0
    while len(out) < n:
        h = hashlib.sha256(f"{seed} {block}".encode()).digest()
        out += "".join(ALPHABET[c % 64] for c in h)
        block += 1
    return out[:n - 1] + "\n"


def expand(runs):
    return b"\n" + b"".join(t.encode() * n for t, n in runs)


def compress(m):
    z = zlib.compressobj(9, zlib.DEFLATED, 15, 8, zlib.Z_DEFAULT_STRATEGY)
    return z.compress(m) + z.flush()


def paragraphs(seed, repeat, size, line=200):
    """About size octets in paragraphs, each a line repeated."""
    count = max(1, size // (line * repeat))
    return [[letters(f"{seed}/{i}", line), repeat] for i in range(count)]


def trimmed(runs, size):
    """The same, cut or filled with dots to exactly size octets."""
    out, have = [], 1
    for t, n in runs:
        fit = min(n, (size - have) // len(t))
        if fit:
            out.append([t, fit])
            have += fit * len(t)
    if have < size:
        out.append([".", size - have])
    return out


def at_bound(seed, repeat, size, more):
    """Filled up until the length is 20 times the compressed length, and more octets."""
    runs = paragraphs(seed, repeat, size)
    n = 1
    while True:
        trial = runs + [[".", n]]
        m = expand(trial)
        missing = 20 * len(compress(m)) + more - len(m)
        if missing == 0:
            return trial
        if missing < 0:
            sys.exit("make_k_ratio: start below the bound")
        n += missing


def case(name, runs):
    m = expand(runs)
    c = compress(m)
    limit = max(ALWAYS_OK, 20 * len(c))
    return {
        "name": name, "message_runs": runs, "message_len": len(m),
        "message_sha1": hashlib.sha1(m).hexdigest(),
        "compressed_b64": base64.b64encode(c).decode(), "compressed_len": len(c),
        "ratio": round(len(m) / len(c), 2), "limit": limit, "fragmented": len(c) > CAPACITY,
        "type": "plaintext" if len(m) <= limit else "overcompressed"}


def main():
    cases = []
    for repeat in (17, 20, 24):
        for size in (ALWAYS_OK - 1, ALWAYS_OK, ALWAYS_OK + 1, 40000, 120000, 500000):
            cases.append(case(f"repeated-{repeat}-size-{size}",
                              trimmed(paragraphs(f"r{repeat}", repeat, size + 8000), size)))
    for size in (30000, 100000, 400000):
        for more in (-1, 0, 1):
            cases.append(case(f"bound-{size}{more:+d}", at_bound("bound", 13, size, more)))
    cases.append(case("fragmented-below", paragraphs("f", 13, 600000)))
    cases.append(case("fragmented-above", paragraphs("f", 20, 900000)))
    print('{"description": "messages compressed about 20 to 30 to one", "cases": [')
    print(",\n".join(json.dumps(c) for c in cases))
    print("]}")


main()
