#!/usr/bin/python3
"""Makes a first corpus for each harness from the vectors: seeds.py VECTORS OUTDIR.

Each harness reads its input in a form of its own (see its opening comment); what is put in front
of a vector's octets here says so."""
import base64
import gzip
import json
import os
import sys
import urllib.parse

B = base64.b64decode
H = bytes.fromhex


def L1(s):
    return s.encode("latin-1")


class Seeds:
    def __init__(self, vectors, out):
        self.vectors, self.out, self.count = vectors, out, 0

    def load(self, name):
        with open(os.path.join(self.vectors, name + ".json"), encoding="utf-8") as f:
            return json.load(f)

    def put(self, harness, data):
        d = os.path.join(self.out, harness)
        os.makedirs(d, exist_ok=True)
        with open(os.path.join(d, "%04d" % self.count), "wb") as f:
            f.write(data)
        self.count += 1


CONF = b"""[Host]
FileParanoia: yes
[Server]
BaseDir: /var/lib/mixminion
Nickname: Some
Contact-Email: a@b
Mode: relay
LogLevel: WARN
StatsInterval: 1 day
MixAlgorithm: DynamicPool
MixInterval: 30 min
MixPoolRate: 60%
MixPoolMinSize: 5
PublicKeyLifetime: 30 days
MaxBandwidth: 100K
[DirectoryServers]
Publish: no
[Incoming/MMTP]
Enabled: yes
IP: 127.0.0.1
Hostname: a.example
Port: 48099
ListenIP6: ::1
Allow: *
Deny: 10.0.0.0/8 1-2
[Outgoing/MMTP]
Enabled: yes
Retry: every 1 hour for 1 day, 7 hours for 5 days
MaxConnections: 16
LegacyTLS: no
[Delivery/MBOX]
Enabled: yes
AddressFile: /etc/addresses
ReturnAddress: a@b
RemoveContact: a@b
SMTPServer: localhost
MaximumSize: 100K
[Delivery/SMTP]
Enabled: yes
ReturnAddress: a@b
SubjectLine: a
   b c
FromTag: [Anon]
[Delivery/Fragmented]
Enabled: yes
MaximumSize: 1 MB
MaximumInterval: 2 days
"""


def uploads(s, text):
    s.put("fuzz_dird_http", b"\0" + urllib.parse.urlencode({"desc": text}).encode())
    s.put("fuzz_dird_http", b"\1--xx\r\nContent-Disposition: form-data; name=\"desc\"\r\n\r\n" + text + b"\r\n--xx--\r\n")
    s.put("fuzz_dird_http", b"\2GET /dir/current.gz HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: never\r\n\r\n")


def texts(s):
    f = s.load("f_descriptors")
    for x in f["descriptors"]:
        t = L1(x["descriptor"])
        s.put("fuzz_desc", t)
        s.put("fuzz_infofmt", b"\0" + t)
        uploads(s, t)
    g = s.load("g_directory")
    for x in g["directories"][:12] + g["old_format"][:6]:
        t = L1(x["directory"])
        if len(t) < 39000:
            s.put("fuzz_directory", t)
            s.put("fuzz_dird_signed", t)
            s.put("fuzz_dird_server", t)
        s.put("fuzz_directory", gzip.compress(t, mtime=0))
        s.put("fuzz_infofmt", b"\0" + t[:8000])
    s.put("fuzz_conf", CONF)
    s.put("fuzz_upload_reply", b"Status: 1\nMessage: Accepted.\n")
    s.put("fuzz_upload_reply", b"Status: 0\r\nMessage: Superseded.\r\n")
    s.put("fuzz_infofmt", b"\1" + CONF)


def primitives(s):
    a = s.load("a_primitives")
    for x in a["mmtp_host_info_parse"]:
        s.put("fuzz_routing", b"\3" + H(x["hex"]))
        s.put("fuzz_routing", b"\1" + H(x["hex"]))
    for x in a["smtp_mailbox"]:
        s.put("fuzz_routing", L1(x["address"]))
    for x in a["uncompress"]:
        for limit in (b"\5\0", b"\xff\xff"):
            s.put("fuzz_uncompress", limit + B(x["data_b64"])[:4000])
    for x in a["compress"]:
        s.put("fuzz_uncompress", b"\xff\xff" + B(x["compressed_b64"])[:4000])


def packets(s):
    for c in s.load("b_packets")["cases"]:
        packet = B(c["packet_b64"])
        for h in c["hops"]:
            block = H(h["subheader"]["rsa_plaintext_hex"])
            # the payload is left out: nothing in it is parsed here
            s.put("fuzz_unwrap", block + packet[256:4096 + 200])
            if h["result"] == "relay":
                if "packet_b64" in h:
                    packet = B(h["packet_b64"])
                host = H(h["subheader"]["routing_info_hex"])
                s.put("fuzz_routing", bytes([h["subheader"]["routing_type"]]) + host)
                if "next_host" in h and len(h["next_host"]) < 200:
                    name = L1(h["next_host"])
                    head = (b"OUT1" + h["next_port"].to_bytes(2, "big") + H(h["next_keyid_hex"]) +
                            len(name).to_bytes(2, "big") + name)
                    s.put("fuzz_poolrec", b"\1" + head)
            elif h["result"] == "deliver":
                ri = H(h["routing_info_hex"])
                s.put("fuzz_poolrec", b"\0DEL1" + h["exit_type"].to_bytes(2, "big") +
                      len(ri).to_bytes(2, "big") + bytes(16) + ri)


def surbs(s):
    c = s.load("c_surb")
    for x in c["cases"][:4]:
        s.put("fuzz_surb", B(x["surb_b64"]))
        s.put("fuzz_surb", L1(x["surb_armored"]))
    for k in ("binary_concatenated_b64", "binary_with_whitespace_b64"):
        s.put("fuzz_surb", B(c["batch"][k]))
    s.put("fuzz_surb", L1(c["batch"]["armored_concatenated"]))
    for x in c["parse"]:
        s.put("fuzz_surb", B(x["surb_b64"]) if x["format"] == "binary" else L1(x["surb_armored"]))
    for x in c["keyrings"]:
        s.put("fuzz_keyring", b"\0" + H(x["plain_data_hex"]))
        s.put("fuzz_keyring", b"\1" + L1(x["keyring_armored"]))


def payloads(s):
    for x in s.load("e_fragments")["payload_parse"]:
        for how in (0, 1, 3, 5):
            s.put("fuzz_e2e", bytes([how]) + bytes(20) + B(x["payload_b64"]))
    j = s.load("j_delivered")
    for x in j["deliveries"]:
        p = B(x["payload_b64"])
        s.put("fuzz_e2e", b"\0" + H(x["tag_hex"]) + p)
        if "message_b64" in x:
            m = B(x["message_b64"])
            s.put("fuzz_msghdr", m)
            s.put("fuzz_compose", m)
            # the zeros of the harness in the place of the padding
            size = int.from_bytes(p[:2], "big")
            for how in (1, 3):
                s.put("fuzz_e2e", bytes([how]) + H(x["tag_hex"]) + p[:22 + size])
        if "text" in x and len(x["text"]) < 3000:
            s.put("fuzz_armor", L1(x["text"]))
    for x in j["text_parse"]:
        s.put("fuzz_armor", L1(x["text"]))
    for x in j["encode_headers"]:
        if "encoded" in x:
            s.put("fuzz_msghdr", L1(x["encoded"]))
            s.put("fuzz_compose", L1(x["encoded"]))


def scripts(s):
    hello = b"MMTP 0.3\r\n"
    for piece in (b"\0\0", b"\0\x10", b"\x20\0"):
        s.put("fuzz_mmtp_server", piece + b"\0\1\x41\2\x42\1\x43")
        s.put("fuzz_mmtp_server", piece + b"\0\3\x41\0\7\1\4\x42\x80\0\1")
        s.put("fuzz_mmtp_server", piece + bytes([len(hello)]) + hello + b"\x06SEND\r\n")
        s.put("fuzz_mmtp_server", piece + b"\x12MMTP 0.1,0.3,1.0\r\n\1\x41")
    for piece in (b"\0", b"\7", b"\xff"):
        s.put("fuzz_mmtp_client", piece + b"\0\1\x41\2\x42\3\x41\0\3\x42\2")
        s.put("fuzz_mmtp_client", piece + b"\0\2\x41\3\x41\2\2\x42\4\x42\1")
        s.put("fuzz_mmtp_client", piece + b"\0" + b"".join(b"\2" + bytes([i]) for i in range(17)))
    greeted = b"220 x\r\n250-x\r\n250 8BITMIME\r\n"
    for answers in (b"250 \r\n250 \r\n250 \r\n250 \r\n354 \r\n250 \r\n",
                    b"250 \r\n550 \r\n450 \r\n552 \r\n250 \r\n", b"451 \r\n250 \r\n421 \r\n",
                    b"250 \r\n" * 4 + b"354 \r\n451-a\r\n451 b\r\n250 \r\n"):
        s.put("fuzz_smtp", b"\0" + greeted + answers)
    s.put("fuzz_smtp", bytes(1) + b"220 x\n502 x\n250 x\n500 x\n250 x\n")
    for how in range(16):
        s.put("fuzz_smtp", bytes([how]) + b"220 x\n250-x\n250-SIZE 99\n250-PIPELINING\n250-SMTPUTF8\n"
              b"250-AUTH LOGIN PLAIN\n250 STARTTLS\n235 x\n" + b"250 x\n" * 4 + b"354 x\n250 x\n")
        s.put("fuzz_smtp", bytes([how]) + b"220 x\n250-x\n250 STARTTLS\n220 x\n250-x\n250 AUTH LOGIN\n"
              b"334 x\n334 x\n235 x\n250 x\n250 x\n354 x\n250 x\n")
    part = b"Content-Type: %s; boundary=\"b\"\n\n--b\nContent-Transfer-Encoding: %s\n\n=41YQ==\n--b--\n"
    for kind, encoding in ((b"multipart/mixed", b"quoted-printable"), (b"multipart/x", b"base64"),
                           (b"message/rfc822", b"8bit"), (b"text/html", b"7bit")):
        s.put("fuzz_mailtext", part % (kind, encoding))
        s.put("fuzz_mailtext", b"From a b\nTo: x\n" + part % (kind, encoding) + b"\nFrom c\n>From d\n\n>From e\n")
    for overhead, size in ((0, 40000), (1, 40000), (0, 90000), (0, 200000), (1, 700000)):
        head = bytes([overhead]) + size.to_bytes(4, "big")
        for step in (1, 2, 3):
            body = b"".join(bytes([0, i % 44, i]) for i in range(0, 44 * step, step))
            s.put("fuzz_fragment", head + body)
        s.put("fuzz_fragment", head + b"\0\0\1\0\0\1\0\0\2")
        for odd in (253, 254, 255):
            s.put("fuzz_fragment", head + b"\0\0\1" + bytes([odd, 1, 1]))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: seeds.py VECTORS OUTDIR")
    s = Seeds(sys.argv[1], sys.argv[2])
    for part in (texts, primitives, packets, surbs, payloads, scripts):
        part(s)


main()
