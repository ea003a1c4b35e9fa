"""A mail server that does what a test wants: extensions, TLS, logins, and giving up at any step."""
import base64
import datetime
import email
import email.policy
import hashlib
import ipaddress
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onedaemon import WAIT


class Certs:
    """An authority, and certificates of it or of nobody, as files."""

    def __init__(self, where):
        self.where = where
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.ca = self.make("ca", "CA", self.key, None, ca=True)

    def make(self, name, host, key=None, issuer=True, ca=False, days=(-1, 30)):
        """PATH of certificate and key; issuer: True (the authority) or None (itself)."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]) if issuer else subject
        try:
            alt = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            alt = x509.DNSName(host)
        cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(by)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now + datetime.timedelta(days[0]))
                .not_valid_after(now + datetime.timedelta(days[1]))
                .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
                .add_extension(x509.SubjectAlternativeName([alt]), critical=False)
                .sign(self.key if issuer else key, hashes.SHA256()))
        path = "%s/%s.pem" % (self.where, name)
        with open(path, "wb") as f:
            f.write(cert.public_bytes(serialization.Encoding.PEM))
            f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
        return path


def pin(path):
    """What SMTPPin says of this certificate."""
    cert = x509.load_pem_x509_certificate(open(path, "rb").read())
    der = cert.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


class Cut(Exception):
    """This conversation ends here."""


class Mta:
    """
    One connection a thread. steps are where the next connections end, one each: "cut NAME" hangs
    up before the answer to NAME, "stall NAME" never answers, "trickle NAME" never ends its answer,
    "break handshake" is no TLS. answers are given when their turn comes, on whatever connection:
    "NAME LINE". on_text is called with a mail in hand, before the answer.
    """

    def __init__(self, caps=(), cert=None, implicit=False, login=None, accept=None, delay=0):
        self.caps, self.implicit, self.login = list(caps), implicit, login
        self.accept = accept or (lambda rcpt: "250 2.1.5 ok")
        self.delay = delay
        self.ctx = None
        if cert:
            self.certify(cert)
        self.steps, self.answers, self.on_text = [], [], None
        self.mails, self.clear, self.secret, self.sni = [], [], [], []
        self.connections, self.open, self.most = 0, 0, 0
        self.lock = threading.Lock()
        self.s = socket.create_server(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]
        self.gone = threading.Event()
        self.dead = False
        threading.Thread(target=self.serve, daemon=True).start()

    def certify(self, cert, **options):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(cert)
        for k, v in options.items():
            setattr(ctx, k, v)
        ctx.sni_callback = lambda sock, name, c: self.sni.append(name)
        self.ctx = ctx

    def close(self):
        self.gone.set()
        try:
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.s.close()

    def serve(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open += 1
                self.most = max(self.most, self.open)
                step = self.steps.pop(0) if self.steps else None
            threading.Thread(target=self.talk, args=(Talk(self, c, step),), daemon=True).start()

    def talk(self, t):
        try:
            t.run()
        except (Cut, OSError, ValueError):
            pass
        finally:
            t.hang_up()
            with self.lock:
                self.open -= 1

    def messages(self):
        return [email.message_from_bytes(raw, policy=email.policy.strict) for _, _, raw in self.mails]


class Talk:
    def __init__(self, mta, c, step):
        self.m, self.c, self.tls = mta, c, False
        self.how, self.where = (step or "no where").split()
        self.buffer = b""
        c.settimeout(WAIT)

    def hang_up(self):
        try:
            self.c.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.c.close()

    def at(self, name, answer):
        """Answers, unless this is where the conversation ends."""
        if self.where == name:
            if self.how == "stall":
                self.m.gone.wait(WAIT)
            elif self.how == "trickle":
                self.trickle()
            raise Cut
        if self.next_answer(name):
            answer = self.m.answers.pop(0).split(" ", 1)[1]
        self.c.sendall(answer.encode() + b"\r\n")
        return answer[:1] in "23"

    def next_answer(self, name):
        return self.m.answers and self.m.answers[0].startswith(name + " ")

    def trickle(self):
        """An octet now and then, for as long as anybody listens."""
        end = time.time() + WAIT
        self.c.sendall(b"2")
        while time.time() < end and not self.m.gone.wait(0.2):
            self.c.sendall(b"5")
        raise Cut

    def line(self):
        while b"\n" not in self.buffer:
            more = self.c.recv(65536)
            if not more:
                raise Cut
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def handshake(self, name):
        if self.where == name or self.m.ctx is None:
            if self.how == "break":
                self.c.recv(65536)
                self.c.sendall(b"no TLS here\r\n" * 10)
            elif self.how == "stall":
                self.m.gone.wait(WAIT)
            raise Cut
        self.c = self.m.ctx.wrap_socket(self.c, server_side=True)
        self.tls = True
        self.buffer = b""

    def run(self):
        if self.m.implicit:
            self.handshake("handshake")
        if not self.at("greeting", "220 mail.example ESMTP"):
            return
        while True:
            text = self.line().decode()
            (self.m.secret if self.tls else self.m.clear).append(text)
            getattr(self, text[:4].lower())(text)

    def ehlo(self, _):
        caps = [c for c in self.m.caps if c != "STARTTLS" or not self.tls]
        if self.m.login and self.tls:
            caps.append("AUTH " + self.m.login[0])
        lines = ["250-mail.example"] + ["250-" + c for c in caps] + ["250 HELP"]
        self.at("ehlo2" if self.tls else "ehlo", "\r\n".join(lines))

    def star(self, _):
        if self.at("starttls", "220 2.0.0 go ahead"):
            self.handshake("handshake")

    def auth(self, text):
        _, user, password = self.m.login
        if text.startswith("AUTH PLAIN "):
            got = base64.b64decode(text[11:]).split(b"\0")[1:]
        else:
            self.at("login", "334 VXNlcm5hbWU6")
            got = [base64.b64decode(self.line())]
            self.at("login2", "334 UGFzc3dvcmQ6")
            got.append(base64.b64decode(self.line()))
        good = got == [user.encode(), password.encode()]
        self.at("auth", "235 2.7.0 welcome" if good else "535 5.7.8 authentication failed")

    def mail(self, text):
        self.sender, self.rcpts = text[11:text.index(">")], []
        self.at("mail", "250 2.1.0 ok")

    def rcpt(self, text):
        to = text[9:text.index(">")]
        answer = self.m.accept(to)
        if self.at("rcpt", answer) and answer[0] == "2":
            self.rcpts.append(to)

    def data(self, _):
        if not self.rcpts:
            self.at("data", "554 5.5.1 no valid recipients")
            return
        if not self.at("data", "354 go on"):
            return
        lines = []
        while True:
            line = self.line()
            if line == b".":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        time.sleep(self.m.delay)
        # Before the answer: what happens to that is the other side's doubt.
        if not self.next_answer("final"):
            with self.m.lock:
                self.m.mails.append((self.sender, self.rcpts, b"\r\n".join(lines) + b"\r\n"))
        if self.m.on_text:
            self.m.on_text()
        self.at("final", "250 2.0.0 stored")

    def rset(self, _):
        self.at("rset", "250 2.0.0 ok")

    def quit(self, _):
        self.at("quit", "221 2.0.0 bye")
        raise Cut
