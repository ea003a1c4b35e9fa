"""A node under load whose every packet is told apart at the far end: packets that it forwards to a receiver of ours, and mail
that it delivers to a sink. What the senders were told is compared with what came out."""
import collections
import os
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "peer"), os.path.join(ROOT, "tests")]
warnings.simplefilter("ignore")
from ports import free_ports  # noqa: E402
from type3 import desc as D  # noqa: E402
from type3 import load  # noqa: E402

PROCESSES = ("mmtpd", "mixer", "keyd", "deliverd", "dirsync")
WAIT = 120  # seconds until something that has to come is given up
BLOCK = 400  # packets that are built together
WINDOW = 16  # packets that mmtpd may have sent without an answer
failed = []


def ok(name, good, why=""):
    print("ok - " + name if good else "not ok - %s: %s" % (name, why), flush=True)
    if not good:
        failed.append(name)
    return good


def until(cond, what, seconds=WAIT):
    end = time.time() + seconds
    while not cond():
        if time.time() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


class Sink(socketserver.ThreadingTCPServer):
    """Keeps identity -> Message-IDs of the mails that came, on disk only in our memory."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port):
        self.mails = collections.defaultdict(list)
        super().__init__(("127.0.0.1", port), Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def message(self):
        self.say("354 go on")
        lines = []
        while True:
            line = self.rfile.readline()
            if not line:
                return
            if line == b".\r\n":
                break
            lines.append(line)
        text = b"".join(lines)
        ident = re.search(rb"identity ([^\r\n]+)", text)
        mid = re.search(rb"(?im)^message-id:\s*(\S+)", text)
        self.server.mails[ident and ident.group(1)].append(mid and mid.group(1))
        self.say("250 stored")

    def handle(self):
        try:
            self.say("220 sink ESMTP")
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.message()
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")
        except OSError:
            pass


CONF = """\
[Host]
FileParanoia: no
[Server]
BaseDir: {base}
Mode: relay
Nickname: node
Contact-Email: node@live.example
LogLevel: INFO
MixAlgorithm: Timed
MixInterval: 1 second
[DirectoryServers]
Publish: no
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: 127.0.0.1
ListenIP: 127.0.0.1
Port: {port}
[Outgoing/MMTP]
Enabled: yes
Retry: every 1 second for 30 minutes
[Delivery/SMTP]
Enabled: yes
SMTPServer: 127.0.0.1:{smtp}
ReturnAddress: nobody@node.example
Retry: every 1 second for 30 minutes
{more}"""


class World:
    def __init__(self, build, uid_base, forwards, mails, rate=60, more="", top=None):
        """So many packets at most of either kind are sent; they are built by the block, when it is their turn."""
        self.bin = os.path.join(ROOT, build, "bin")
        self.tools = os.path.join(ROOT, os.environ.get("BUILD", "build"), "tests")
        self.dir = tempfile.mkdtemp(prefix="mixdur.", dir=top)
        os.chmod(self.dir, 0o711)
        self.base, self.steps = self.dir + "/node", self.dir + "/steps"
        self.uid_base, self.rate = uid_base, rate
        for d, mode in ((self.base, 0o755), (self.steps, 0o777)):
            os.mkdir(d)
            os.chmod(d, mode)
        self.port, self.smtp = free_ports(2)
        self.set_clock(0)
        self.conf = self.base + "/mixminiond.conf"
        with open(self.conf, "w") as f:
            f.write(CONF.format(base=self.base, port=self.port, smtp=self.smtp, more=more))
        self.queues = self.base + "/work/queues"
        self.sink = Sink(self.smtp)
        self.deaths = collections.Counter()
        self.most, self.block = {"fwd": forwards, "mail": mails}, min(BLOCK, max(forwards, mails))
        self.sent = {"fwd": 0, "mail": 0}
        self.blocks = {"fwd": [], "mail": []}
        self.loads = []
        self.receiver = self.supervisor = None
        self.start()
        self.exe = load.helper(self.dir)
        self.target = open(self.base + "/current-desc").read().strip()
        self.receiver_home = self.dir + "/receiver"
        D.Home.create(self.receiver_home, "T3Load", "127.0.0.1", free_ports(1)[0], ("mbox",))
        for kind in self.blocks:
            self.build(kind)

    # --- the node ---

    def set_clock(self, ahead, asleep=0):
        """Seconds that the node's clock is ahead of ours, without those that the machine slept."""
        new = not os.path.exists(self.dir + "/clock")
        with open(self.dir + "/clock", "wb" if new else "r+b") as f:
            f.write(struct.pack("=qq", ahead + asleep, asleep))
        os.chmod(self.dir + "/clock", 0o644)

    def start(self):
        env = dict(os.environ, MIXMINION_STEPS=self.steps, MIXMINION_FAKE_CLOCK=self.dir + "/clock")
        self.log = open(self.dir + "/supervisor.log", "a")
        flags = [] if os.getuid() == 0 else ["--unconfined"]
        self.supervisor = subprocess.Popen(
            [self.bin + "/mixminiond", "start", "-f", self.conf, "--nodaemon", "--uid-base",
             str(self.uid_base), *flags], env=env, stdout=self.log, stderr=self.log)
        until(self.is_up, "the node")

    def is_up(self):
        if self.supervisor.poll() is not None:
            raise AssertionError("mixminiond ended: " + open(self.log.name).read()[-400:])
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return os.path.exists(self.base + "/current-desc") and None not in map(self.pid, PROCESSES)

    def stop(self):
        self.supervisor.terminate()
        self.supervisor.wait()
        self.log.close()

    def pid(self, process):
        """The child of the supervisor with that name, or None."""
        try:
            kids = open("/proc/%d/task/%d/children" % (self.supervisor.pid,) * 2).read().split()
        except (OSError, TypeError):
            kids = open("/proc/{0}/task/{0}/children".format(self.supervisor.pid)).read().split()
        for kid in kids:
            try:
                if open("/proc/%s/comm" % kid).read().strip() == process:
                    return int(kid)
            except OSError:
                pass
        return None

    def kill(self, *processes):
        """kill -9, and waits until others are there in their place."""
        old = {}
        for p in processes:
            until(lambda: self.pid(p), p)
            old[p] = self.pid(p)
        for p in processes:
            os.kill(old[p], signal.SIGKILL)
            self.deaths[p] += 1
        for p in processes:
            until(lambda: self.pid(p) not in (None, old[p]), "another " + p)

    def died_at_steps(self, process):
        """How often a process ended as step() ends it: the supervisor says so."""
        return open(self.log.name).read().count(process + " ended with status 137")

    def die_at(self, process, step, passes):
        """The process is started again so that it ends at that step; waits until it did. False: the step was not passed."""
        path = "%s/%s.step" % (self.steps, process)
        until(lambda: self.pid(process), process)
        # One that has just been started must not read what the next one is to read.
        os.kill(self.pid(process), signal.SIGSTOP)
        with open(path + ".new", "w") as f:
            f.write("%s %d\n" % (step, passes))
        os.chmod(path + ".new", 0o666)
        os.rename(path + ".new", path)
        before = self.died_at_steps(process)
        self.kill(process)
        until(lambda: not os.path.exists(path), "an armed " + process)
        self.deaths[process] += 1
        try:
            until(lambda: self.dry or self.died_at_steps(process) > before, "the step", 30)
        except AssertionError:
            return False
        return not self.dry

    # --- the load ---

    def build(self, kind):
        """Another block of packets, by a process without threads of ours."""
        path = "%s/%s.packets%d" % (self.dir, kind, len(self.blocks[kind]))
        subprocess.run([sys.executable, "-W", "ignore", "-m", "type3", "load", "--target", self.target, "--kind", kind,
                        "--count", str(self.block), "--recv-home", self.receiver_home, "--pregenerated", path,
                        "--pregenerate-only"], cwd=os.path.join(ROOT, "tests", "peer"), stderr=subprocess.DEVNULL,
                       check=True)
        self.blocks[kind].append(path)

    def next_packets(self, kind):
        """The file of those that are to be sent next, and how many in it are sent already."""
        n, first = divmod(self.sent[kind], self.block)
        if n == len(self.blocks[kind]):
            self.build(kind)
        return self.blocks[kind][n], first

    def sent_ids(self, kind):
        """Of all that were sent, what the far end sees of them."""
        ids = set()
        for n, path in enumerate(self.blocks[kind]):
            ids.update(load.read_ids(path, 0, max(0, min(self.block, self.sent[kind] - n * self.block))))
        return ids

    def receive(self):
        home = D.Home(self.receiver_home)
        cert, key = home.link_files()
        self.receiver = subprocess.Popen(
            [self.exe, "recv", "-p", str(home.descriptors()[0].port), "-C", cert, "-K", key, "-t",
             "any", "-o", self.dir + "/received"], stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.receiver.stdout.readline().strip() == "ready"

    def feed(self, kind, chunk):
        """Sends a part after the other until told to end, each until all of it is acknowledged."""
        out = "%s/%s.result" % (self.dir, kind)
        while not self.ending and self.sent[kind] + chunk <= self.most[kind]:
            path, first = self.next_packets(kind)
            subprocess.run([self.exe, "send", "-k", "-p", str(self.port), "-f", path, "-n", str(chunk), "-s",
                            str(first), "-c", "2", "-w", "16", "-r", str(self.rate), "-t", "modern", "-o", out],
                           check=True, stdout=subprocess.DEVNULL)
            with open(out, "rb") as f:
                told = [s for _, _, s in struct.iter_unpack("<ddd", f.read())]
            assert told == [1.0] * chunk, "not all acknowledged"
            self.sent[kind] += chunk
        if not self.ending:
            self.dry = True

    def receiver_port(self):
        return D.Home(self.receiver_home).descriptors()[0].port

    def begin(self):
        self.receive()
        self.begin_sending()

    def begin_sending(self):
        self.ending = self.dry = False
        self.loads = [threading.Thread(target=self.feed, args=a) for a in (("fwd", 40), ("mail", 20))]
        for t in self.loads:
            t.start()

    def end(self):
        """No more is sent; what was, comes to rest. False: the packets did not last as long as the test."""
        self.ending = True
        for t in self.loads:
            t.join()
        try:
            until(self.is_empty, "empty pools")
        except AssertionError:
            self.tell()
        time.sleep(0.5)
        self.receiver.send_signal(signal.SIGTERM)
        self.receiver.wait()
        self.receiver.stdout.close()
        return not self.dry

    # --- what came of it ---

    def tell(self):
        """What the node is at, for whoever has to find out why it goes on no more."""
        for p in PROCESSES:
            pid = self.pid(p)
            stats = subprocess.run([self.tools + "/ask", "%s/run/%s-control.sock" % (self.base, p), "stats"],
                                   capture_output=True, text=True).stdout
            state = re.search(r"State:.*", open("/proc/%d/status" % pid).read()).group() if pid else "not there"
            log = [x for x in open("%s/log.%s" % (self.base, p), errors="replace").read().splitlines()
                   if "[INFO]" not in x][-12:]
            print("\n# ".join(["# %s: %s" % (p, state), *stats.split("\n"), *log]), flush=True)
        left = collections.Counter(os.path.dirname(f) + "/" + os.path.basename(f)[:4] for f in self.left())
        print("# " + str(dict(left)), flush=True)

    def left(self):
        out = []
        for where, dirs, files in os.walk(self.queues):
            out += [os.path.relpath(os.path.join(where, f), self.queues) for f in files]
        return [f for f in out if re.search(r"(msg|inp|rmv|crp)_", f)]

    def is_empty(self):
        return not [f for f in self.left() if "msg_" in f]

    def check(self, name):
        ids = self.sent_ids("fwd")
        came = collections.Counter()
        strange = 0
        with open(self.dir + "/received", "rb") as f:
            for _, ident in struct.iter_unpack("<d16s", f.read()):
                if ident in ids:
                    came[ident] += 1
                else:
                    strange += 1
        again = sum(came.values()) - len(came)
        ok("%s: every acknowledged packet was sent on (%d)" % (name, len(ids)),
           len(came) == len(ids), "%d of %d are missing" % (len(ids) - len(came), len(ids)))
        ok(name + ": nothing else was sent on", strange == 0, "%d" % strange)
        most = WINDOW * self.deaths["mmtpd"]
        ok("%s: repetitions on the link (%d) are what lay between RECEIVED and the record" %
           (name, again), again <= most, "%d for %d deaths of mmtpd" % (again, self.deaths["mmtpd"]))
        mail_ids = self.sent_ids("mail")
        mails = self.sink.mails
        missing = [i for i in mail_ids if i not in mails]
        ok("%s: every acknowledged mail was delivered (%d)" % (name, len(mail_ids)), not missing,
           "%d are missing" % len(missing))
        twice = [i for i in mails if len(mails[i]) > 1]
        ok("%s: mails that came again (%d) have the same Message-ID" % (name, len(twice)),
           all(len(set(mails[i])) == 1 for i in twice) and len(twice) <= self.deaths["deliverd"],
           "%s" % twice[:3])
        log = self.base + "/work/replay/replay_0001"
        digests = os.path.getsize(log) // 20 - 1
        want = len(ids) + 2 * len(mail_ids)
        ok("%s: each packet has one digest in the replay log (%d)" % (name, digests), digests == want,
           "%d for %d" % (digests, want))

    def check_leftovers(self, name):
        """Files of a producer that died are older than a minute before anybody may call them left over."""
        until(lambda: all(time.time() - os.lstat(os.path.join(self.queues, f)).st_ctime > 62
                          for f in self.left()), "leftovers to be old")
        self.stop()
        self.start()
        try:
            until(lambda: not self.left(), "clean pools", 30)
        except AssertionError:
            pass
        ok(name + ": start-up clears everything away", not self.left(), " ".join(self.left()[:5]))

    def check_logs(self, name):
        """A start that met a keyd which had just been killed is tried again: no fault."""
        bad = []
        for f in os.listdir(self.base):
            if f.startswith("log"):
                bad += [line for line in open(os.path.join(self.base, f), errors="replace")
                        if "keyd does not" not in line and re.search(r"FATAL|signal 31|Sanitizer|runtime error", line)]
        ok(name + ": the logs tell of no fault", not bad, " ".join(bad[:3]))

    def close(self):
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.stop()
        if self.receiver is not None and self.receiver.poll() is None:
            self.receiver.kill()
        self.sink.shutdown()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
