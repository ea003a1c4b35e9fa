"""A small DNS server on loopback for live tests."""
import os
import socket
import struct
import threading

ZONE = {  # name: (addresses of A, addresses of AAAA)
    "v4.example": (["10.1.2.3"], []),
    "v6.example": ([], ["fd00::7"]),
    "both.example": (["10.9.9.9", "10.9.9.8"], ["fd00::1"]),
    "many.example": (["10.0.0.%d" % i for i in range(1, 13)], []),
    "exit.example": (["10.4.4.4"], []),
    "loop.example": (["127.0.0.1"], []),
    "long.example": (["10.5.5.%d" % i for i in range(1, 6)], ["fd00::5"]),
}


class Dns:
    """A, AAAA from ZONE; silent.* is not answered, junk.* with nonsense, long.* over TCP alone,
    all else does not exist."""

    def __init__(self):
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            try:
                self.s.bind(self.tcp.getsockname())
                break
            except OSError:  # somebody else's over UDP
                self.tcp.close()
                self.tcp = socket.create_server(("127.0.0.1", 0))
        self.at = "%s:%d" % self.s.getsockname()
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve(self):
        while True:
            try:
                q, who = self.s.recvfrom(4096)
            except OSError:
                return
            answer = self.answer(q)
            if answer and self.asked[-1].startswith("long."):
                answer = answer[:2] + b"\x83\x80" + answer[4:6] + bytes(6) + q[12:]  # truncated
            if answer:
                self.s.sendto(answer, who)

    def serve_tcp(self):
        while True:
            try:
                conn = self.tcp.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(conn,), daemon=True).start()

    def serve_one(self, conn):
        with conn, conn.makefile("rb") as f:
            while head := f.read(2):
                answer = self.answer(f.read(struct.unpack("!H", head)[0]))
                conn.sendall(struct.pack("!H", len(answer)) + answer)

    def answer(self, q):
        labels, at = [], 12
        while q[at]:
            labels.append(q[at + 1:at + 1 + q[at]].decode())
            at += 1 + q[at]
        name, qtype = ".".join(labels).lower(), struct.unpack("!H", q[at + 1:at + 3])[0]
        self.asked.append(name)
        if name.startswith("silent."):
            return None
        if name.startswith("junk."):
            return q[:2] + b"\x81\x80" + os.urandom(40)
        addrs = ZONE.get(name)
        rrs = [] if addrs is None else \
            [socket.inet_pton(socket.AF_INET, a) for a in addrs[0]] if qtype == 1 else \
            [socket.inet_pton(socket.AF_INET6, a) for a in addrs[1]] if qtype == 28 else []
        out = q[:2] + struct.pack("!HHHHH", 0x8183 if addrs is None else 0x8180, 1, len(rrs), 0, 0)
        out += q[12:at + 5]
        for r in rrs:
            out += b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, 600, len(r)) + r
        return out

    def close(self):
        self.s.close()
        self.tcp.close()
