"""For tests of deliverd with a real mail server next to it, started by a script of tests/testbed."""
import email
import email.policy
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "live"))

from maillib import Node, message_ids  # noqa: E402
from onedaemon import NOT_RUN, until  # noqa: E402


class Unable(Exception):
    """The mail server cannot be had on this machine."""


class Server:
    """One of the scripts: its server, and the mails that it keeps."""

    def __init__(self, script, port, maildir, tls):
        self.script = os.path.join(ROOT, "tests", "testbed", script)
        self.dir = tempfile.mkdtemp(prefix="mixmta.")
        os.chmod(self.dir, 0o755)
        self.port, self.maildir = port, os.path.join(self.dir, maildir)
        self.cert = None
        env = dict(os.environ, PORT=str(port), TLS=tls, TTL="900")
        run = subprocess.run([self.script, "start", self.dir], env=env, text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if run.returncode != 0:
            self.stop()
            raise Unable(" ".join(run.stderr.split())[-200:])
        for word in run.stdout.split():
            if word.startswith("CERT="):
                self.cert = word[5:]

    def stop(self):
        subprocess.run([self.script, "stop", self.dir], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def mails(self):
        paths = sorted(glob.glob(self.maildir + "/new/*"), key=os.path.getmtime)
        return [open(p, "rb").read() for p in paths]


class Place:
    """A server and a node that delivers to it."""

    def __init__(self, server, **options):
        self.server = server
        options.setdefault("smtp_server", "localhost")
        self.node = Node(server.port, **options)
        self.node.start()
        until(lambda: "is ready" in self.node.said(), "readiness")
        self.seen = len(server.mails())

    def again(self, **options):
        options.setdefault("smtp_server", "localhost")
        self.node.write_conf(self.server.port, **options)
        assert self.node.reload() is None

    def ids(self):
        return message_ids(self.node)

    def arrived(self, n=1):
        """The n mails that came since; nothing waits any more."""
        until(lambda: len(self.server.mails()) >= self.seen + n, "%d mails" % n)
        until(lambda: not self.node.left(), "an empty queue")
        raw = self.server.mails()
        assert len(raw) == self.seen + n, "%d mails" % (len(raw) - self.seen)
        return [email.message_from_bytes(r, policy=email.policy.strict) for r in raw[self.seen:]]

    def waits(self, why):
        before = self.node.stats()["deferred"]
        until(lambda: self.node.stats()["deferred"] >= before + 2, "vain attempts")
        assert len(self.server.mails()) == self.seen
        assert why in self.node.said(), why

    def end(self):
        self.node.remove()


def in_place(server, check, **options):
    place = None
    try:
        place = Place(server, **options)
        check(place)
        assert "sink.test" not in place.node.said(), "the log says too much"
        assert place.node.stop() == 0, "exit status"
    except BaseException:
        if place:
            sys.stderr.write(place.node.said())
        raise
    finally:
        if place:
            place.end()


def not_run(name, why):
    print("not run - %s: %s" % (name, why))
    return NOT_RUN
