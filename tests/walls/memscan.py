"""Searches the memory of all processes of a supervisor for private keys, as root, while they work.
usage: memscan.py SUPERVISOR ROUNDS PROCESS,PROCESS... NAME:FILE:HOLDER,HOLDER...; the processes that there have to
be, and the keys with those that may have each. Prints "ok"/"not ok" lines."""
import base64
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peer"))

from type3 import primitives as P  # noqa: E402

PIECE = 16  # octets of a number: enough to be no chance, few enough to find what is left of one


def orders(octets):
    """A number as it may lie in memory: octets and limbs of either size in either order."""
    octets = octets.rjust(-(-len(octets) // 8) * 8, b"\0")
    yield octets
    yield octets[::-1]
    for size in (4, 8):
        limbs = [octets[i:i + size] for i in range(0, len(octets), size)]
        yield b"".join(limbs[::-1])
        yield b"".join(limb[::-1] for limb in limbs)


def secrets(path):
    """name -> pieces of the private numbers of a key file, and of its text."""
    k = P.RSAKey.load(path)
    numbers = {"p": k.p, "q": k.q, "d": k.d, "dp": k.d % (k.p - 1), "dq": k.d % (k.q - 1),
               "qinv": pow(k.q, -1, k.p)}
    found = {}
    for name, x in numbers.items():
        octets = x.to_bytes((x.bit_length() + 7) // 8, "big")
        found[name] = {o[at:at + PIECE] for o in orders(octets)
                       for at in (8, len(o) // 2, len(o) - 8 - PIECE)}
    with open(path, "rb") as f:
        lines = [line.strip() for line in f if not line.startswith(b"-")]
    der = base64.b64decode(b"".join(lines))
    first = der.index(octets_of(k.d)) * 4 // 3
    text = b"".join(lines)
    found["text"] = {text[at:at + 2 * PIECE] for at in range(first + 4, len(text) - 64, 64)}
    return found


def octets_of(x):
    return x.to_bytes((x.bit_length() + 7) // 8, "big")


def memory(pid):
    """What a process can read and did not get from a file as it is."""
    with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            span, rights, _, _, inode = line.split()[:5]
            if "r" not in rights or (inode != "0" and "w" not in rights) or "[v" in line:
                continue
            at, end = (int(x, 16) for x in span.split("-"))
            while at < end:
                try:
                    mem.seek(at)
                    piece = mem.read(min(end - at, 1 << 24))
                except OSError:
                    break
                if not piece:
                    break
                yield piece
                at += len(piece)


def found_in(pid, key):
    """Names of the numbers of which something lies there."""
    return {name for piece in memory(pid) for name, pieces in key.items()
            if any(p in piece for p in pieces)}


def comm(pid):
    with open("/proc/%d/comm" % pid) as f:
        return f.read().strip()


def kids(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]


def check(name, ok, why=""):
    print("ok - " + name if ok else "not ok - %s: %s" % (name, why), flush=True)
    return ok


def main(supervisor, rounds, processes, named):
    keys, holders = {}, {}
    for word in named:
        name, path, who = word.split(":")
        keys[name], holders[name] = secrets(path), set(who.split(","))
    pids = [supervisor] + [p for kid in kids(supervisor) for p in [kid] + kids(kid)]
    names = {pid: comm(pid) for pid in pids}
    seen = {}
    for _ in range(rounds):
        for pid in pids:
            for which, key in keys.items():
                seen.setdefault((names[pid], which), set()).update(found_in(pid, key))
    good = True
    for (name, which), numbers in sorted(seen.items()):
        what = "%s key in %s" % (which, name)
        if name in holders[which]:
            good &= check(what + ": there", {"p", "q"} <= numbers, sorted(numbers))
        else:
            good &= check(what + ": not there", not numbers, sorted(numbers))
    good &= check("all processes were searched", set(names.values()) == set(processes), names)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(","), sys.argv[4:]))
