"""`websockets` through the gateway: what it is answered, a line each."""

import asyncio

import websockets
from terminal import COOKIE, HOST, PORT, tls


def connect(path, **more):
    return websockets.connect(
        f"wss://{HOST}:{PORT}{path}",
        host="127.0.0.1",
        ssl=tls("http/1.1"),
        additional_headers={"Cookie": COOKIE},
        max_size=None,
        **more,
    )


async def refused(path, **more):
    try:
        async with connect(path, **more):
            return "opened"
    except websockets.InvalidStatus as error:
        return error.response.status_code


async def main():
    talk = "/notes/people/P-0001/talk"
    async with connect(talk, subprotocols=["other", "notes.v1"]) as socket:
        # It offers compression, which is not taken.
        print("agreed", socket.subprotocol, socket.protocol.extensions)
        await socket.send("体温 36.5")
        print("text", await socket.recv())
        await socket.send(b"\x00\xff")
        print("binary", (await socket.recv()).hex())
        await socket.send(["in ", "three ", "pieces"])
        print("pieces", await socket.recv())
        long = bytes(range(256)) * (64 * 1024 * 1024 // 256)
        await socket.send(long)
        print("64 MB", await socket.recv() == long)
        await socket.send("x" * 1_000_000 + "é")
        print("long text", len(await socket.recv()))
        await (await socket.ping(b"there?"))
        print("pong")
        await socket.close(4001, "enough")
        print("closed", socket.close_code, socket.close_reason)
    async with connect(talk, subprotocols=["notes.v1"]) as socket:
        await socket.send("close 4002 too-much")
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            print("closed by the store", closed.rcvd.code, closed.rcvd.reason)
    async with connect("/notes/people/P-0001/listen") as socket:
        print("told", await socket.recv())
        await socket.send("write this")
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as closed:
            print("listening only", closed.rcvd.code)
    print("another site", await refused(talk, subprotocols=["notes.v1"], origin="https://evil.example"))
    print("another's", await refused("/notes/people/P-0008/talk", subprotocols=["notes.v1"]))
    print("nobody's", await refused("/notes/people/P-9999/talk", subprotocols=["notes.v1"]))
    print("another protocol", await refused(talk, subprotocols=["chat"]))
    print("no protocol", await refused(talk))


asyncio.run(main())
