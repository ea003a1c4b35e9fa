#!/usr/bin/python3
"""Ports of this machine that nothing else has, below those that the kernel gives to outgoing connections. (A port that was
bound to see that it is free, and let go, may be somebody's a moment later.) Tests that run side by side take them one
after the other, by a counter in the file $PORTS. As a program: prints as many as it is told."""
import fcntl
import os
import random
import socket
import sys

FIRST, LAST = 10000, 32000


def unused(port):
    with socket.socket() as s:
        try:
            s.bind(("", port))
        except OSError:
            return False
    return True


def pick(n, at):
    ports = []
    while len(ports) < n:
        at = at + 1 if at < LAST else FIRST
        if unused(at):
            ports.append(at)
    return ports


def free_ports(n):
    anywhere = random.randrange(FIRST, LAST)
    try:
        fd = os.open(os.environ["PORTS"], os.O_RDWR)
    except (KeyError, OSError):
        return pick(n, anywhere)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        ports = pick(n, int(os.pread(fd, 16, 0) or anywhere))
        os.pwrite(fd, b"%-15d\n" % ports[-1], 0)
        return ports
    finally:
        os.close(fd)


def free_port():
    return free_ports(1)[0]


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
