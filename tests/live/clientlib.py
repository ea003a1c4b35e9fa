"""What the live tests of the client share: four nodes of the independent peer, a mail sink, the client in a directory of
its own, and lines "ok - NAME"."""
import glob
import os
import pty
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "tests"))
from ports import free_ports  # noqa: E402

BIN = os.path.join(ROOT, os.environ.get("BUILD", "build"), "bin", "mixminion")
WAIT = 60  # seconds until something that has to come is given up
NICKS = ["Mix1", "Mix2", "Mix3", "Mix4"]
os.environ["PYTHONPATH"] = os.path.join(ROOT, "tests", "peer")
os.environ["PYTHONWARNINGS"] = "ignore"
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# For what makes a server: the keys of the last one of that name.
SAME_KEYS = dict(os.environ, TYPE3_KEYS=os.environ["TEST_KEYS"]) if "TEST_KEYS" in os.environ else None
failed = 0


def ok(name, cond, detail=""):
    global failed
    if cond:
        print("ok - " + name)
    else:
        failed += 1
        print("not ok - %s: %s" % (name, str(detail)[-600:].replace("\n", " | ")))


def until(cond):
    end = time.time() + WAIT
    while time.time() < end:
        r = cond()
        if r:
            return r
        time.sleep(0.05)
    return cond()


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Network:
    """Four nodes and a mail sink; what they deliver lies in mail/ and NICK.out/."""

    def __init__(self):
        self.ports = free_ports(5)
        makers = [self.peer("make-server", n, "--nick", n, "--port", str(p), "--exit", "smtp,mbox,frag", "--host",
                            "127.0.0.1", "--days", "40", "--max-size", "1000", env=SAME_KEYS)
                  for n, p in zip(NICKS, self.ports)]
        for m in makers:
            m.wait()
        self.procs = []

    @staticmethod
    def peer(*args, env=None):
        return subprocess.Popen([sys.executable, "-m", "type3", *args], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=env)

    def start(self, *options):
        self.procs = [self.peer("sink", "--port", str(self.ports[4]), "--out", "mail")]
        for n in NICKS:
            self.procs.append(self.peer("serve", n, "--out", n + ".out", "--log", n + ".log", "--smtp",
                                        "127.0.0.1:%d" % self.ports[4], *options))
        for p in self.ports:
            until(lambda p=p: listening(p))

    def stop(self):
        for p in self.procs:
            p.kill()
            p.wait()
        self.procs = []


def run(*args, conf="rc", stdin=b"", passphrase=None, timeout=WAIT, options=()):
    """(status, output, what was said)"""
    fds = ()
    cmd = [BIN, args[0], "-f", conf, *options, *args[1:]]
    if passphrase is not None:
        r, w = os.pipe()
        os.write(w, passphrase.encode() + b"\n")
        os.close(w)
        cmd += ["--passphrase-fd", str(r)]
        fds = (r,)
    p = subprocess.run(cmd, input=stdin, capture_output=True, pass_fds=fds, timeout=timeout,
                       start_new_session=True)  # no terminal to be asked on
    for fd in fds:
        os.close(fd)
    return p.returncode, p.stdout, p.stderr.decode()


def terminal(args, answers=(), env=None):
    """The command on a terminal of its own: (status, what was on the screen). answers: pairs of what is waited for and
    what is typed, or called, then, in order."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(env or {})
        os.execvp(args[0], args)
    seen, mark, answers, end = b"", 0, list(answers), time.time() + WAIT
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
        if answers and answers[0][0].encode() in seen[mark:]:
            mark = len(seen)
            answer = answers.pop(0)[1]
            if callable(answer):
                answer()
            else:
                os.write(fd, answer.encode() + b"\n")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return status, seen.decode(errors="replace")


def mails(n):
    """The n-th mail that came, counted from 1."""
    return until(lambda: len(glob.glob("mail/*.json")) >= n and open("mail/%06d.eml" % n, "rb").read())


def count_mails():
    return len(glob.glob("mail/*.json"))


def sent_and_mailed(*args, **kw):
    """As run(), then waits for the mail that comes of it, which is the fourth value."""
    n = count_mails()
    r = run(*args, **kw)
    return (*r, until(lambda: count_mails() > n) and mails(n + 1))


def queued():
    return len(glob.glob("home/queue/msg_*"))


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def mixminion_rc():
    write("msg", b"Hello there\n")
    write("rc", b"[User]\nUserDir: home\n[Network]\nTimeout: 20 seconds\n")
    write("rclegacy", b"[User]\nUserDir: home\n[Network]\nLegacyTLS: yes\nTimeout: 20 seconds\n")
    write("rcquick", b"[User]\nUserDir: home\n[Network]\nTimeout: 3 seconds\n")
    write("rcexpired", b"[User]\nUserDir: nothinghere\n")


def run_all(name, tests):
    """Each test in turn in a temporary directory, with the network started; then exits."""
    top = tempfile.mkdtemp(prefix=name + ".")
    os.chdir(top)
    mixminion_rc()
    net = Network()
    try:
        net.start()
        for t in tests:
            t(net)
    finally:
        net.stop()
        os.chdir(ROOT)
        shutil.rmtree(top)
    sys.exit(failed != 0)
