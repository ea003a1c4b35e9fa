"""For live tests of deliverd: the directories of a node with deliverd on them, and a mail sink to look into."""
import email
import email.policy
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import sys
import tempfile
import threading

from onedaemon import ROOT, Daemon, until

sys.path.insert(0, os.path.join(ROOT, "tests", "peer"))
from type3 import payload as P  # noqa: E402
from type3.sink import Sink  # noqa: E402

SMTP, MBOX, NEWS, FRAGMENT = 0x100, 0x101, 0x104, 0x103
TAG = b"\x01" * 20

CONF = """\
[Server]
BaseDir: {base}
Nickname: Exit
Mode: relay
Contact-Email: op@exit.example
LogLevel: INFO
{server_more}
[Incoming/MMTP]
Enabled: yes
Hostname: exit.example
[Outgoing/MMTP]
Enabled: yes
[Delivery/SMTP]
Enabled: yes
ReturnAddress: nobody@exit.example
SMTPServer: {smtp_server}:{port}
{smtp_more}
MaximumSize: 300K
Retry: {retry}
BlacklistFile: {base}/conf/blocked
X-Abuse: abuse@exit.example
Comments: This message was sent anonymously.
Message: Do not answer.
[Delivery/MBOX]
Enabled: yes
ReturnAddress: nobody@exit.example
RemoveContact: op@exit.example
SMTPServer: {server}:{port}
Retry: every 1 second for 5 minutes
AddressFile: {base}/conf/addresses
AllowFromAddress: no
[Delivery/Fragmented]
Enabled: yes
MaximumSize: 300K
"""


class Node(Daemon):
    """The directories of a node, and deliverd on them."""

    def __init__(self, port, **options):
        """options: those of write_conf."""
        base = tempfile.mkdtemp(prefix="mixmail.")
        super().__init__("deliverd", base, os.path.join(base, "conf", "mixminiond.conf"), ())
        self.q = os.path.join(self.base, "work", "queues")
        for d in ("deliver/own", "fragments"):
            os.makedirs(os.path.join(self.q, d), 0o700)
        os.makedirs(os.path.join(self.base, "conf"))
        self.addresses("bob: bob@home.example\n")
        self.blocked("# nobody\n")
        self.write_conf(port, **options)

    def replace(self, name, text):
        tmp = os.path.join(self.base, "conf", "new")
        with open(tmp, "w") as f:
            f.write(text)
        os.rename(tmp, os.path.join(self.base, "conf", name))

    def addresses(self, text):
        self.replace("addresses", text)

    def blocked(self, text):
        self.replace("blocked", text)

    def write_conf(self, port, server="localhost", smtp_server="127.0.0.1", smtp_more="",
                   server_more="", retry="every 1 second for 5 minutes"):
        """Hosts of the mail servers of MBOX and SMTP; further lines of [Delivery/SMTP] and [Server]."""
        with open(self.conf, "w") as f:
            f.write(CONF.format(base=self.base, port=port, server=server, smtp_server=smtp_server,
                                smtp_more=smtp_more, server_more=server_more, retry=retry))

    def put(self, rt, ri, payload):
        """As mixer does: written elsewhere, moved in."""
        name = hashlib.sha256(os.urandom(16)).hexdigest()[:16]
        rec = b"DEL1" + struct.pack("!HH", rt, len(ri)) + bytes(16) + ri
        tmp = os.path.join(self.q, "inp_" + name)
        with open(tmp, "wb") as f:
            f.write(rec.ljust(4096, b"\0") + payload)
        os.rename(tmp, os.path.join(self.q, "deliver", "msg_" + name))

    def remove(self):
        if self.running():
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.base)

    def left(self):
        return [p for p in glob.glob(self.q + "/**", recursive=True)
                if os.path.isfile(p) and os.path.basename(p) != "finished"]


class Mails:
    """A sink on a thread, and what lies in it."""

    def __init__(self, port=0, tempfail=0):
        self.dir = tempfile.mkdtemp(prefix="mixsink.")
        self.sink = Sink("127.0.0.1", port, self.dir, lambda *a, **k: None, tempfail=tempfail,
                         refuse="refused", keep_crlf=True)
        self.port = self.sink.server_address[1]
        threading.Thread(target=self.sink.serve_forever, daemon=True).start()

    def close(self):
        self.sink.shutdown()
        self.sink.server_close()
        shutil.rmtree(self.dir)

    def all(self):
        out = []
        for p in sorted(glob.glob(self.dir + "/*.json")):
            envelope = json.load(open(p))
            raw = open(p[:-5] + ".eml", "rb").read()
            out.append((envelope, raw, email.message_from_bytes(raw, policy=email.policy.strict)))
        return out

    def wait(self, n):
        until(lambda: len(glob.glob(self.dir + "/*.json")) >= n, "%d mails" % n)
        return self.all()


def single(message):
    return P.encode_message(message)[0]


def put_text(node, body, to=b"a@one.example", headers=b""):
    node.put(SMTP, TAG + to, single(headers + b"\n" + body))


def one_node(run):
    mails = Mails()
    node = Node(mails.port)
    try:
        node.start()
        run(node, mails)
        assert node.stop() == 0, "exit status"
    except BaseException:
        sys.stderr.write(node.said())
        raise
    finally:
        if node.running():
            node.stop(signal.SIGKILL)
        mails.close()
        shutil.rmtree(node.base)


def content(msg):
    return msg.get_content().replace("\r\n", "\n")


def armored(msg):
    return P.parse_messages(content(msg).encode())


def message_ids(node):
    found = set()
    for p in glob.glob(node.q + "/deliver/own/mail/msg_*"):
        found.add(re.search(rb"Message-ID: (<.*?>)", open(p, "rb").read()).group(1).decode())
    return found
