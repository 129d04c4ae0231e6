"""Slow clients, kind by kind. Each says how a connection begins and what it does once a second. Each answers pings and takes what is
needed to look alive, as a clever one would."""

import wire
from store import DOCUMENT, UPLOAD
from wire import Frames, Wire, frame, head, settings, window_update

OCTETS = 1 << 20


class Slow:
    """One connection. `within` is the promise: seconds until it is cut; none where it may stay."""

    alpn, within = "http/1.1", None

    def __init__(self, port, root, who, source):
        certificate, self.cookie = who
        self.wire = Wire(port, root, certificate, source, self.alpn, self.receive_buffer())
        self.begin()

    @staticmethod
    def receive_buffer():
        return None

    def begin(self):
        self.wire.open()

    def second(self):
        pass

    def request(self, line, *fields):
        lines = [f"{line} HTTP/1.1", f"host: {wire.CARE}", f"cookie: {self.cookie}", *fields]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


class TlsNever(Slow):
    """Connects and says nothing."""

    within = 6

    def begin(self):
        self.wire.socket.setblocking(False)


class HelloTrickled(Slow):
    """The first message of TLS, one octet a second."""

    within = 6

    def begin(self):
        self.left = self.wire.hello()
        self.wire.socket.setblocking(False)

    def second(self):
        self.wire.out, self.left = self.left[:1], self.left[1:]
        self.wire.send(b"")


class HandshakeStalled(Slow):
    """Takes the server's part of the handshake and never sends its own."""

    within = 6

    def begin(self):
        self.wire.socket.sendall(self.wire.hello())
        self.wire.socket.setblocking(False)


class Idle(Slow):
    """Finishes the handshake and asks for nothing."""

    within = 31


class HeadTrickled(Slow):
    """A head, one octet a second."""

    within = 31

    def begin(self):
        self.wire.open()
        self.wire.send(b"GET / HTTP/1.1\r\nhost: ")

    def second(self):
        self.wire.send(b"a")


class BodyTrickled(Slow):
    """An upload, one octet a second."""

    within = 60

    def begin(self):
        self.wire.open()
        fields = ["content-type: image/jpeg", "x-security-context: Patient/P-0001", f"content-length: {OCTETS}"]
        self.wire.send(self.request(f"POST {UPLOAD}", *fields))

    def second(self):
        self.wire.send(b"a")


class ResourceTrickled(BodyTrickled):
    """A resource that has to be read before it is decided on, one octet a second."""

    within = 31

    def begin(self):
        self.wire.open()
        self.wire.send(self.request("POST /fhir/Observation", "content-type: application/fhir+json", "content-length: 1000"))


class FormTrickled(BodyTrickled):
    """Sign-in, one octet a second: needs no session."""

    within = 31

    def begin(self):
        self.wire.open()
        self.wire.send(self.request("POST /.sekisho/session", "content-type: application/json", "content-length: 1000"))


class AnswerUnread(Slow):
    """Asks for a long document and reads nothing of it."""

    within = 46

    @staticmethod
    def receive_buffer():
        return 4096

    def begin(self):
        self.wire.open()
        self.wire.send(self.request(f"GET {DOCUMENT}", "accept: */*"))


class AnswerTrickled(AnswerUnread):
    """The same, taking one octet a second off the wire."""

    within = 60

    def second(self):
        self.wire.receive(1)


class Two(Slow):
    """Over HTTP/2; pings are answered."""

    alpn, window = "h2", 65535

    def begin(self):
        self.wire.open()
        self.frames = Frames()
        self.wire.send(wire.PREFACE + settings((wire.INITIAL_WINDOW, self.window)) + frame(wire.SETTINGS, wire.ACK))
        self.ask()

    def ask(self):
        pass

    def second(self):
        answers = b""
        for kind, flags, _, payload in self.frames.read(self.wire.receive()):
            if kind == wire.PING and not flags & wire.ACK:
                answers += frame(wire.PING, wire.ACK, 0, payload)
        self.wire.send(answers + self.more())

    def more(self):
        return b""

    def head(self, method, path, *more):
        return head(method, path, self.cookie, *more)


class TwoIdle(Two):
    """Asks for nothing, answers pings."""

    within = 75


class TwoWindowZero(Two):
    """Asks for a document and never takes anything of it."""

    within, window = 60, 0

    def ask(self):
        fields = self.head("GET", DOCUMENT, ("accept", "*/*"))
        self.wire.send(frame(wire.HEADERS, wire.END_HEADERS | wire.END_STREAM, 1, fields))


class TwoWindowOne(TwoWindowZero):
    """Takes one octet of it a second."""

    within, window = 75, 1

    def more(self):
        return window_update(1, 1)


class TwoHeadUnfinished(Two):
    """A header section that never ends."""

    within = 31

    def ask(self):
        self.wire.send(frame(wire.HEADERS, 0, 1, self.head("GET", "/")))

    def second(self):
        # Nothing may come between its pieces, not even the answer to a ping.
        self.wire.receive()


class TwoHeadTrickled(TwoHeadUnfinished):
    """The same, going on with an octet a second."""

    def second(self):
        self.wire.receive()
        self.wire.send(frame(wire.CONTINUATION, 0, 1, b"\x00"))


class TwoBodyTrickled(Two):
    """An upload, one octet a second."""

    within = 60

    def ask(self):
        more = [("content-type", "image/jpeg"), ("x-security-context", "Patient/P-0001"), ("content-length", str(OCTETS))]
        self.wire.send(frame(wire.HEADERS, wire.END_HEADERS, 1, self.head("POST", UPLOAD, *more)))

    def more(self):
        return frame(wire.DATA, 0, 1, b"a")


KINDS = {
    "tls-never": TlsNever,
    "tls-hello-trickled": HelloTrickled,
    "tls-handshake-stalled": HandshakeStalled,
    "idle": Idle,
    "head-trickled": HeadTrickled,
    "body-trickled": BodyTrickled,
    "resource-trickled": ResourceTrickled,
    "form-trickled": FormTrickled,
    "answer-unread": AnswerUnread,
    "answer-trickled": AnswerTrickled,
    "h2-idle": TwoIdle,
    "h2-window-zero": TwoWindowZero,
    "h2-window-one": TwoWindowOne,
    "h2-head-unfinished": TwoHeadUnfinished,
    "h2-head-trickled": TwoHeadTrickled,
    "h2-body-trickled": TwoBodyTrickled,
}
