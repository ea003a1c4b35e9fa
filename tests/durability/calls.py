"""System calls of a process as strace records them, and what they leave durable."""
import os
import re
import subprocess

TRACED = ("openat,close,write,writev,pwrite64,read,sendmsg,recvmsg,sendto,recvfrom,fdatasync,fsync,renameat,renameat2,"
          "unlinkat")
CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
HEX = r'"((?:\\x[0-9a-f]{2})*)"'
FD = re.compile(r"^(?:AT_FDCWD|\d+)<([^>]*)>")
NAMES = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, " + HEX)
IOV = re.compile(r"iov_base=" + HEX)
STRING = re.compile(r", " + HEX)


def octets(text):
    return bytes.fromhex(text.replace("\\x", ""))


def path_of(text):
    """As -y prints a descriptor: hexadecimal or plain."""
    return octets(text).decode("latin-1") if text.startswith("\\x") else text


class Tracer:
    """strace on one process; the calls are read when it has ended."""

    def __init__(self, pid, out):
        self.out = out
        self.proc = subprocess.Popen(["strace", "-q", "-y", "-xx", "-s", "8192", "-o", out, "-e",
                                      "trace=" + TRACED, "-p", str(pid)], stderr=subprocess.DEVNULL)

    def stop(self):
        self.proc.terminate()
        self.proc.wait()

    def calls(self):
        """(name, arguments as text, result) of what succeeded."""
        with open(self.out) as f:
            for line in f:
                m = CALL.match(line)
                if m and int(m.group(3)) >= 0:
                    yield m.group(1), m.group(2), int(m.group(3))


class Disk:
    """The files that one process makes, and which of them a crash would leave: written, synced, renamed, and the directory
    synced behind that."""

    def __init__(self):
        self.written = {}   # path -> True while there is content that is not synced
        self.named = {}     # path -> True until its directory is synced
        self.durable = {}   # directory -> how many files became durable under a name msg_
        self.faults = []

    def see(self, name, args, result):
        f = getattr(self, "on_" + name, None)
        if f:
            f(args, result)

    def on_openat(self, args, result):
        if "O_CREAT" in args:
            m = NAMES.match(args)
            self.written[os.path.join(path_of(m.group(1)), octets(m.group(2)).decode())] = False

    def on_write(self, args, result):
        p = path_of(FD.match(args).group(1))
        if p in self.written:
            self.written[p] = True

    on_writev = on_pwrite64 = on_write

    def on_fdatasync(self, args, result):
        p = path_of(FD.match(args).group(1))
        if p in self.written:
            self.written[p] = False

    def on_fsync(self, args, result):
        p = path_of(FD.match(args).group(1))
        self.on_fdatasync(args, result)
        for f in [f for f in self.named if os.path.dirname(f) == p]:
            del self.named[f]
            if os.path.basename(f).startswith("msg_"):
                self.durable[p] = self.durable.get(p, 0) + 1

    def on_renameat(self, args, result):
        (d1, n1), (d2, n2) = NAMES.findall(args)
        a = os.path.join(path_of(d1), octets(n1).decode())
        b = os.path.join(path_of(d2), octets(n2).decode())
        if os.path.basename(b).startswith("msg_"):
            if self.written.get(a):
                self.faults.append("renamed before it was synced: " + os.path.basename(b))
            if a in self.written:
                self.named[b] = True
        self.named.pop(a, None)
        if a in self.written:
            self.written[b] = self.written.pop(a)

    on_renameat2 = on_renameat

    def on_unlinkat(self, args, result):
        m = NAMES.match(args)
        p = os.path.join(path_of(m.group(1)), octets(m.group(2)).decode())
        self.written.pop(p, None)
        self.named.pop(p, None)

    def open_in(self, directory):
        """Files that were made there, or renamed there, and are not durable yet."""
        return [f for f in set(self.written) | set(self.named)
                if os.path.dirname(f) == directory and (self.written.get(f) or f in self.named)]


def record(args):
    """The octets of a message between processes."""
    return b"".join(octets(m) for m in IOV.findall(args))
