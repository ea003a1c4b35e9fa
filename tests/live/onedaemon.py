"""For live tests of single daemons: starts one with its sockets passed in, asks it on them, runs a list of tests."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
WAIT = 60  # seconds until something that has to come is given up


def verb(name):
    """The number of a verb of common/proto.h."""
    text = open(os.path.join(ROOT, "common", "proto.h")).read()
    body = re.search(r"enum verb \{(.*?)\};", text, re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    return [v.split("=")[0].strip() for v in body.split(",")].index(name) + 1


def until(cond, what):
    end = time.time() + WAIT
    while not cond():
        if time.time() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


def remove(base):
    """A daemon's children may write for a moment after it was killed."""
    def gone():
        shutil.rmtree(base, ignore_errors=True)
        return not os.path.exists(base)
    until(gone, "the end of " + base)


class Peer:
    """A connection to a role or control socket."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(WAIT)
        self.s.connect(path)

    def send(self, name, body=b"", ident=1):
        self.s.send(struct.pack("=HHI", verb(name), 0, ident) + body)

    def recv(self):
        """(id, body), or None when the daemon hung up."""
        try:
            answer = self.s.recv(65536)
        except ConnectionResetError:
            return None
        return (struct.unpack("=HHI", answer[:8])[2], answer[8:]) if answer else None

    def ask(self, name, body=b""):
        self.send(name, body)
        return self.recv()[1]

    def close(self):
        self.s.close()


class Daemon:
    """One of the programs below base, in the one-uid mode; sockets by name in base/run."""

    def __init__(self, name, base, conf, sockets, options=()):
        self.name, self.base, self.conf = name, base, conf
        self.sockets, self.options = list(sockets) + [name + "-control"], list(options)
        self.proc = None
        os.makedirs(os.path.join(base, "run"), exist_ok=True)

    def path(self, sock):
        return os.path.join(self.base, "run", sock + ".sock")

    def listen(self, sock):
        if os.path.exists(self.path(sock)):
            os.unlink(self.path(sock))
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        s.bind(self.path(sock))
        s.listen(8)
        return s

    def start(self):
        made = [self.listen(s) for s in self.sockets]

        def pass_sockets():
            high = [os.dup(s.fileno()) for s in made]
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i, True)

        env = dict(os.environ, LISTEN_FDS=str(len(made)), LISTEN_FDNAMES=":".join(self.sockets))
        self.log = open(os.path.join(self.base, self.name + ".log"), "ab")
        self.proc = subprocess.Popen(
            ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', os.path.join(BUILD, "bin", self.name),
             "-f", self.conf, "-s", os.path.join(self.base, "run"), "-1", "-U"] + self.options,
            env=env, stderr=self.log, preexec_fn=pass_sockets, close_fds=False)
        for s in made:
            s.close()

    def wait(self):
        rc = self.proc.wait(WAIT)
        self.log.close()
        return rc

    def stop(self, sig=signal.SIGTERM):
        self.proc.send_signal(sig)
        return self.wait()

    def running(self):
        return self.proc is not None and self.proc.poll() is None

    def ask(self, name, body=b""):
        p = Peer(self.path(self.name + "-control"))
        try:
            return p.ask(name, body)
        finally:
            p.close()

    def reload(self):
        """None, or why the configuration was refused."""
        answer = self.ask("V_RELOAD", open(self.conf, "rb").read())
        return None if answer[:4] == bytes(4) else answer[4:].decode()

    def stats(self):
        text = self.ask("V_STATS").decode()
        return {k: int(v) for k, v in (line.split() for line in text.splitlines())}

    def said(self):
        return open(os.path.join(self.base, self.name + ".log")).read()


NOT_RUN = object()  # what a test returns that has printed a "not run" line


def run_one(prefix, name, run):
    """1 if it failed."""
    try:
        if run() is not NOT_RUN:
            print("ok - %s_%s" % (prefix, name), flush=True)
        return 0
    except Exception as e:
        traceback.print_exc()
        print("not ok - %s_%s: %s: %s" % (prefix, name, type(e).__name__, str(e).split("\n")[0]), flush=True)
        return 1


def picked(tests):
    return [t for t in tests if len(sys.argv) < 2 or t[0] in sys.argv[1:]]


def run_list(prefix, tests):
    """tests: (name, function); arguments pick some of them. 1 if any failed."""
    return max([run_one(prefix, *t) for t in picked(tests)], default=0)


def run_tests(prefix, tests):
    sys.exit(run_list(prefix, tests))


def run_side_by_side(prefix, tests, jobs=6):
    """The same for tests that wait more than they work and share nothing: so many at a time, in processes. The first
    of the list begin first."""
    running, failed = set(), 0

    def reap():
        pid, how = os.wait()
        running.remove(pid)
        return how != 0

    for name, run in picked(tests):
        if len(running) == jobs:
            failed |= reap()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os._exit(run_one(prefix, name, run))
        running.add(pid)
    while running:
        failed |= reap()
    return int(failed)
