"""`wsproto` through the gateway, over HTTP/1.1, and its frames over an extended CONNECT of `h2` (RFC 8441)."""

import socket as sockets
import sys

import h2.config
import h2.connection
import h2.events
import wsproto
import wsproto.connection
from terminal import COOKIE, HOST, PORT, tls
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage

TALK = "/notes/people/P-0001/talk"


class One:
    """Over HTTP/1.1."""

    def __init__(self):
        raw = sockets.create_connection(("127.0.0.1", PORT))
        self.tls = tls("http/1.1").wrap_socket(raw, server_hostname=HOST)
        self.ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        asked = Request(host=HOST, target=TALK, subprotocols=["notes.v1"], extra_headers=[(b"cookie", COOKIE.encode())])
        self.send(asked)
        answer = self.next()
        assert isinstance(answer, AcceptConnection), answer
        print("agreed", answer.subprotocol, answer.extensions)

    def send(self, event):
        self.tls.sendall(self.ws.send(event))

    def receive(self):
        data = self.tls.recv(65536)
        self.ws.receive_data(data or None)

    def next(self):
        while True:
            for event in self.ws.events():
                return event
            self.receive()


class Two(One):
    """Over HTTP/2."""

    def __init__(self):
        raw = sockets.create_connection(("127.0.0.1", PORT))
        self.tls = tls("h2").wrap_socket(raw, server_hostname=HOST)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.http.initiate_connection()
        self.tls.sendall(self.http.data_to_send())
        self.data, self.head = b"", None
        while self.http.remote_settings.enable_connect_protocol != 1:
            self.pump()
        self.stream = self.http.get_next_available_stream_id()
        fields = {
            ":method": "CONNECT",
            ":protocol": "websocket",
            ":scheme": "https",
            ":path": TALK,
            ":authority": HOST,
            "sec-websocket-version": "13",
            "sec-websocket-protocol": "notes.v1",
            "cookie": COOKIE,
        }
        self.http.send_headers(self.stream, list(fields.items()))
        self.tls.sendall(self.http.data_to_send())
        while self.head is None:
            self.pump()
        head = dict(self.head)
        print("agreed", head[":status"], head.get("sec-websocket-protocol"), head.get("sec-websocket-accept"))
        self.ws = wsproto.connection.Connection(wsproto.ConnectionType.CLIENT)

    def pump(self):
        data = self.tls.recv(65536)
        if not data:
            sys.exit("the connection ended")
        for event in self.http.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.head = event.headers
            elif isinstance(event, h2.events.DataReceived):
                self.data += event.data
                self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, (h2.events.StreamReset, h2.events.StreamEnded)):
                self.data = self.data or None
        self.tls.sendall(self.http.data_to_send())

    def send(self, event):
        octets = self.ws.send(event)
        while octets:
            window = min(self.http.local_flow_control_window(self.stream), self.http.max_outbound_frame_size)
            if window == 0:
                self.pump()
                continue
            piece, octets = octets[:window], octets[window:]
            self.http.send_data(self.stream, piece)
            self.tls.sendall(self.http.data_to_send())

    def receive(self):
        while self.data == b"":
            self.pump()
        data, self.data = self.data, b""
        self.ws.receive_data(data)


def message(line):
    """A whole message, and whatever came before it."""
    whole = None
    while True:
        event = line.next()
        if isinstance(event, Ping):
            line.send(event.response())
            print("pinged", bytes(event.payload))
        elif isinstance(event, (TextMessage, BytesMessage)):
            whole = event.data if whole is None else whole + event.data
            if event.message_finished:
                return whole
        else:
            return event


for kind in (One, Two):
    print(kind.__doc__)
    line = kind()
    line.send(TextMessage("体温 36.5"))
    print("text", message(line))
    for number, piece in enumerate(("one ", "two ", "three")):
        line.send(TextMessage(piece, message_finished=number == 2))
        if number == 1:
            line.send(Ping(b"between"))
            pong = line.next()
            assert isinstance(pong, Pong), pong
            print("pong", bytes(pong.payload))
    print("pieces", message(line))
    long = bytes(1_000_000)
    line.send(BytesMessage(long))
    print("1 MB", message(line) == long)
    line.send(TextMessage("ping"))
    line.send(TextMessage("after"))
    print("text", message(line))
    line.send(CloseConnection(4003, "enough"))
    closed = message(line)
    print("closed", int(closed.code), closed.reason)
