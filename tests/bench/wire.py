"""A client in the hand: TLS whose every octet on the wire is ours to send or to hold back, and frames of HTTP/2 (RFC 9113) as octets."""

import select
import socket
import ssl
import struct
import time

from city import CARE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_STREAMS, INITIAL_WINDOW = 1, 2, 3, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(*pairs):
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", name, value) for name, value in pairs))


def window_update(stream, octets):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", octets))


def field(name, value):
    """A header field, literal, not indexed (RFC 7541 6.2.2)."""
    return b"\x00" + text(name) + text(value)


def text(octets):
    octets = octets.encode() if isinstance(octets, str) else octets
    return integer(len(octets), 7) + octets


def integer(value, bits, first=0):
    """RFC 7541 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def head(method, path, cookie, *more):
    """A header section."""
    fields = [(":method", method), (":scheme", "https"), (":authority", CARE), (":path", path), ("cookie", cookie), *more]
    return b"".join(field(name, value) for name, value in fields)


class Wire:
    """A connection. Nothing blocks after it is open: what cannot be sent now waits in `out`."""

    def __init__(self, port, root, certificate, source="127.0.0.1", alpn="http/1.1", receive_buffer=None):
        self.begun = time.monotonic()
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((source, 0))
        self.socket.settimeout(3)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = contexts(root, certificate, alpn)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=CARE)
        self.out, self.plain = b"", b""
        self.cut = None

    def hello(self):
        """The first message of TLS, not sent yet."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def open(self):
        """The whole handshake."""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self.outgoing.read())
                piece = self.socket.recv(65536)
                if not piece:
                    raise ConnectionResetError("closed in the handshake") from None
                self.incoming.write(piece)
        self.socket.sendall(self.outgoing.read())
        self.socket.setblocking(False)
        return self

    def send(self, octets):
        """Seals and sends as much as goes; false once nothing goes any more and `out` is long."""
        if octets:
            self.tls.write(octets)
            self.out += self.outgoing.read()
        try:
            while self.out:
                self.out = self.out[self.socket.send(self.out) :]
        except BlockingIOError:
            pass
        except OSError:
            self.is_over()
        return len(self.out) < 1 << 16

    def receive(self, most=65536):
        """What has come, opened; at most so many octets are taken off the wire."""
        try:
            piece = self.socket.recv(most)
            if not piece:
                self.is_over()
            self.incoming.write(piece)
            # Nothing at all is TLS's own goodbye.
            while opened := self.tls.read(65536):
                self.plain += opened
        except (ssl.SSLWantReadError, BlockingIOError):
            pass
        except (ssl.SSLError, OSError):
            self.is_over()
        plain, self.plain = self.plain, b""
        return plain

    def look(self):
        """Whether the other side has ended it, though nothing is read."""
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLRDHUP)
        if poll.poll(0):
            self.is_over()

    def is_over(self):
        if self.cut is None:
            self.cut = time.monotonic()

    def close(self):
        self.socket.close()


class Frames:
    """Frames out of what was received."""

    def __init__(self):
        self.rest = b""

    def read(self, octets):
        self.rest += octets
        while len(self.rest) >= 9:
            length = int.from_bytes(self.rest[:3], "big")
            if len(self.rest) < 9 + length:
                return
            kind, flags, stream = self.rest[3], self.rest[4], int.from_bytes(self.rest[5:9], "big") & 0x7FFFFFFF
            payload, self.rest = self.rest[9 : 9 + length], self.rest[9 + length :]
            yield kind, flags, stream, payload


KEPT = {}


def contexts(root, certificate, alpn):
    key = (root, certificate, alpn)
    if key not in KEPT:
        context = ssl.create_default_context(cafile=root)
        context.load_cert_chain(certificate)
        context.set_alpn_protocols([alpn])
        KEPT[key] = context
    return KEPT[key]


class Watch:
    """Sees when the other side ends a connection, whether or not anything is read of it."""

    def __init__(self):
        self.poll, self.by_number = select.epoll(), {}

    def add(self, wire):
        self.by_number[wire.socket.fileno()] = wire
        self.poll.register(wire.socket.fileno(), select.EPOLLRDHUP | select.EPOLLERR | select.EPOLLHUP)

    def look(self, seconds):
        for number, _ in self.poll.poll(seconds):
            wire = self.by_number.pop(number)
            self.poll.unregister(number)
            wire.is_over()
            yield wire
