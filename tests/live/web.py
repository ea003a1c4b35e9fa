#!/usr/bin/python3
"""What tests ask of an HTTP server, in one line each: see COMMANDS."""
import http.client
import http.server
import itertools
import os
import socket
import socketserver
import sys
import threading
import time
import urllib.parse


def host_port(url):
    u = urllib.parse.urlsplit(url)
    return u.hostname, u.port, u.path


def request(url, method="GET", body=None, headers=None, source=None, timeout=10):
    host, port, path = host_port(url)
    c = http.client.HTTPConnection(host, port, timeout=timeout, source_address=source and (source, 0))
    c.putrequest(method, path, skip_accept_encoding=True)
    for k, v in (headers or {}).items():
        c.putheader(k, v)
    if body is not None:
        c.putheader("Content-Length", str(len(body)))
    c.endheaders()
    if body is not None:
        c.send(body)
    r = c.getresponse()
    return r.status, dict(r.getheaders()), r.read()


def form(data):
    return urllib.parse.urlencode({"desc": data}).encode(), {"Content-Type": "application/x-www-form-urlencoded"}


def post(url, name, source=None):
    """URL FILE [SOURCE]: uploads the file's text, prints the answer"""
    with open(name, "rb") as f:
        body, headers = form(f.read())
    sys.stdout.write(request(url, "POST", body, headers, source)[2].decode("latin-1"))


def multipart(url, name):
    """URL FILE: the same, as the other kind of form"""
    with open(name, "rb") as f:
        data = f.read()
    body = b"--xx\r\nContent-Disposition: form-data; name=\"desc\"\r\n\r\n" + data + b"\r\n--xx--\r\n"
    sys.stdout.write(request(url, "POST", body, {"Content-Type": "multipart/form-data; boundary=xx"})[2].decode())


def nameless(url):
    """URL: a form of which a part has no name; prints the answer"""
    body = b"--xx\r\nContent-Type: text/plain\r\n\r\ndata\r\n--xx--\r\n"
    print(request(url, "POST", body, {"Content-Type": "multipart/form-data; boundary=xx"})[2].decode())


def no_form(url):
    """URL: a POST that is no form; prints the answer"""
    print(request(url, "POST", b"x", {"Content-Type": "text/plain"})[2].decode())


def status(url, method="GET"):
    """URL [METHOD]: prints the status"""
    print(request(url, method)[0])


def get(url, source=None):
    """URL [SOURCE]: prints the document"""
    s, _, body = request(url, source=source)
    sys.stdout.buffer.write(body)
    sys.exit(0 if s == 200 else 1)


def unmodified(url):
    """URL: whether a second request with the date of the first is answered 304"""
    date = request(url)[1]["Last-Modified"]
    print(request(url, headers={"If-Modified-Since": date})[0])


def endless(url):
    """URL: a POST whose body does not end; prints how many octets were taken"""
    host, port, path = host_port(url)
    s = socket.create_connection((host, port), timeout=20)
    s.sendall(("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
               "Content-Length: 1000000000\r\n\r\ndesc=" % path).encode())
    sent = 0
    try:
        while sent < 200 << 20:
            sent += s.send(b"a" * 65536)
    except OSError:
        pass
    print(sent)


def flood(url, seconds, source):
    """URL SECONDS SOURCE: small uploads as fast as it goes; prints how many, and the answers"""
    answers, until = {}, time.monotonic() + float(seconds)
    lock = threading.Lock()

    def run():
        while time.monotonic() < until:
            try:
                body, headers = form(b"[Server]\nrubbish\n")
                text = request(url, "POST", body, headers, source)[2].decode().split("\n")[1]
            except (OSError, http.client.HTTPException):
                text = "none"
            with lock:
                answers[text[:40]] = answers.get(text[:40], 0) + 1
    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(sum(answers.values()), answers)


def hold(url, count, source):
    """URL COUNT SOURCE: opens connections and says half a request on each; waits for its end"""
    host, port, _ = host_port(url)
    held = []
    for _ in range(int(count)):
        s = socket.create_connection((host, port), timeout=5, source_address=(source, 0))
        s.sendall(b"GET / HTTP/1.1\r\nHost: ")
        held.append(s)
    print("held", flush=True)
    sys.stdin.read()


class Nonsense(http.server.BaseHTTPRequestHandler):
    """By turns random octets, and an answer that takes for ever."""
    turn = itertools.count()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if next(self.turn) % 2 == 0:
            self.wfile.write(os.urandom(2000))
            return
        try:
            while True:
                self.wfile.write(b"\x1f")
                time.sleep(0.3)
        except OSError:
            pass

    def log_message(self, *args):
        pass


def nonsense(port):
    """PORT: serves nonsense there"""
    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Nonsense).serve_forever()


class Socks(socketserver.ThreadingTCPServer):
    """A SOCKS5 proxy in whose world every host is this machine; keeps the names that it was asked for."""
    daemon_threads = allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), SocksHandler)
        self.port, self.asked = self.server_address[1], []

    def handle_error(self, request, client_address):
        pass


class SocksHandler(socketserver.StreamRequestHandler):
    def handle(self):
        version, n = self.rfile.read(2)
        assert version == 5 and 0 in self.rfile.read(n)
        self.wfile.write(b"\x05\x00")
        version, connect, _, kind = self.rfile.read(4)
        assert (version, connect) == (5, 1)
        # A host by name (kind 3), as the h of socks5h wants it, or its address.
        host = self.rfile.read(self.rfile.read(1)[0]).decode() if kind == 3 else "address %d" % kind
        port = int.from_bytes(self.rfile.read(2) if kind == 3 else self.rfile.read(6)[4:], "big")
        self.server.asked.append(host)
        print(host, flush=True)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as to:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=self.relay, args=(to, self.connection))
            back.start()
            self.relay(self.connection, to)
            back.join()

    @staticmethod
    def relay(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def socks(port):
    """PORT: a SOCKS5 proxy there; prints the names that it is asked for"""
    Socks(int(port)).serve_forever()


COMMANDS = {f.__name__: f for f in (post, multipart, nameless, no_form, status, get, unmodified, endless, flood, hold,
                                   nonsense, socks)}
if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
