"""Runs a keyd on a home of its own and speaks to its sockets: for the tests of keyd."""
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
ROLES = ("keyd-mixer", "keyd-mmtpd", "keyd-dirsync", "keyd-control")
DECRYPT, COMMIT, WHOAMI, CERTIFY, KEYSETS, SIGN, RESOLVE, RELOAD, STATS, QUEUE, LOGREOPEN, STOP = \
    range(1, 13)
OK, FAIL, LATER = 0, 1, 2

CONF = """[Host]
[Server]
BaseDir: %s
Nickname: Alice
Contact-Email: alice@example.org
Mode: relay
PublicKeyLifetime: %d days
IdentityKeyBits: 2048
LogLevel: INFO
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: localhost
[Outgoing/MMTP]
Enabled: yes
"""


class Conn:
    """One connection to a role socket."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(20)
        self.s.connect(path)
        self.id = 0

    def send(self, verb, body=b"", flags=0):
        self.id += 1
        self.s.send(struct.pack("=HHI", verb, flags, self.id) + body)
        return self.id

    def recv(self):
        """(verb, id, body), or None where keyd has closed."""
        try:
            r = self.s.recv(65536)
        except ConnectionResetError:
            return None
        if not r:
            return None
        verb, _, ident = struct.unpack("=HHI", r[:8])
        return verb, ident, r[8:]

    def call(self, verb, body=b""):
        ident = self.send(verb, body)
        r = self.recv()
        assert r is not None, "keyd closed the connection"
        assert r[:2] == (verb, ident), r[:2]
        return r[2]

    def closed(self):
        """True once keyd has closed its end."""
        while True:
            if self.recv() is None:
                return True

    def close(self):
        self.s.close()


class Keyd:
    def __init__(self, base=None, lifetime=30, env=None):
        self.own = base is None
        self.base = base or tempfile.mkdtemp(prefix="keyd")
        self.lifetime, self.env, self.proc = lifetime, env or {}, None
        for d in ("keys", "work/replay", "run"):
            os.makedirs(os.path.join(self.base, d), mode=0o700, exist_ok=True)
        self.conf = os.path.join(self.base, "mixminiond.conf")
        self.log = os.path.join(self.base, "log")
        if not os.path.exists(self.conf):
            with open(self.conf, "w") as f:
                f.write(CONF % (self.base, lifetime))
        self.listeners = []
        for r in ROLES:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.bind(self.path(r))
            s.listen(16)
            self.listeners.append(s)

    def path(self, role):
        return os.path.join(self.base, "run", role + ".sock")

    def command(self):
        """LISTEN_PID has to be the pid of the program itself: a shell that becomes it knows it."""
        return ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", BUILD + "/bin/keyd", "-1U",
                "-f", self.conf]

    def start(self):
        fds = [s.fileno() for s in self.listeners]

        def child():
            high = [os.dup(fd) for fd in fds]       # out of the way of 3, 4, ...
            high = [fd if fd > 40 else os.dup2(fd, 40 + i) for i, fd in enumerate(high)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            os.environ["LISTEN_PID"] = str(os.getpid())

        env = dict(os.environ, LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=":".join(ROLES), **self.env)
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen(self.command(), env=env, stderr=log, preexec_fn=child,
                                         close_fds=False)
        return self

    def connect(self, role):
        return Conn(self.path(role))

    def text(self):
        with open(self.log) as f:
            return f.read()

    def stats(self):
        c = self.connect("keyd-control")
        text = c.call(STATS).decode()
        c.close()
        return {k: int(v) for k, v in (l.split() for l in text.splitlines())}

    def children(self):
        out = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.proc.pid)],
                             capture_output=True, text=True, check=False).stdout
        return [int(p) for p in out.split()]

    def stop(self, sig=signal.SIGTERM):
        self.proc.send_signal(sig)
        return self.proc.wait(timeout=20)

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            if self.proc is not None and self.proc.poll() is None:
                self.proc.kill()
                self.proc.wait()
        for s in self.listeners:
            s.close()
        if self.own:
            shutil.rmtree(self.base, ignore_errors=True)


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False
