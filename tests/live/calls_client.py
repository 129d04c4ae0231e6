"""`grpcio` through the gateway: what it is answered, a line each. With the word `hold` it opens a call and waits for its end."""

import sys
import time

import grpc
from terminal import CERTIFICATE, COOKIE, HOST, KEY, PORT, ROOT


def octets(path):
    with open(path, "rb") as file:
        return file.read()


OPTIONS = [("grpc.ssl_target_name_override", HOST), ("grpc.default_authority", HOST), ("grpc.enable_retries", 0)]
CREDENTIALS = grpc.ssl_channel_credentials(octets(ROOT), octets(KEY), octets(CERTIFICATE))
CHANNEL = grpc.secure_channel(f"127.0.0.1:{PORT}", CREDENTIALS, OPTIONS)
SERVICE = "/notes.v1.Notes/"

get = CHANNEL.unary_unary(SERVICE + "Get")
list_ = CHANNEL.unary_stream(SERVICE + "List")
write = CHANNEL.stream_unary(SERVICE + "Write")
talk = CHANNEL.stream_stream(SERVICE + "Talk")


def of(person, cookie=COOKIE):
    return (("cookie", cookie), ("x-person", person), ("x-other", "stays behind"))


def failed(call):
    try:
        return "answered", call()
    except grpc.RpcError as error:
        return error.code().name, error.details()


class Said:
    """What is said, one by one, when it is time to."""

    def __init__(self):
        self.waiting, self.over = [], False

    def __iter__(self):
        return self

    def __next__(self):
        while not self.waiting:
            if self.over:
                raise StopIteration
            time.sleep(0.005)
        return self.waiting.pop(0)


def hold():
    said = Said()
    call = talk(said, metadata=of("P-0001"))
    said.waiting.append(b"hello")
    print("open", next(call), flush=True)
    try:
        next(call)
    except grpc.RpcError as error:
        print("ended", error.code().name, flush=True)
    said.over = True


def main():
    person = of("P-0001")
    answer, call = get.with_call(b"hello", metadata=person)
    print("unary", answer, sorted(name for name, _ in call.initial_metadata()), call.code().name)
    print("unary trailers", [name for name, _ in call.trailing_metadata()])
    print("server streams", list(list_(b"n", metadata=person)))
    print("client streams", write(iter([b"x" * 1000] * 50), metadata=person))
    said = Said()
    both = talk(said, metadata=person)
    for word in (b"one", b"two", b"three"):
        said.waiting.append(word)
        print("both stream", next(both))
    said.over = True
    print("both stream", list(both), both.code().name)
    print("3 MB", len(get(b"x" * 3_000_000, metadata=person)))
    print("compressed", get(b"y" * 10_000, metadata=person, compression=grpc.Compression.Gzip) == b"y" * 10_000)
    print("fails", *failed(lambda: get(b"fail", metadata=person)))
    print("fails at once", *failed(lambda: get(b"fail-at-once", metadata=person)))
    print("fails in the middle", *failed(lambda: list(talk(iter([b"fine", b"fail"]), metadata=person))))
    print("deadline", failed(lambda: get(b"slow", metadata=person, timeout=0.5))[0])
    slow = get.future(b"slow", metadata=person)
    time.sleep(0.3)
    slow.cancel()
    print("cancelled", failed(slow.result)[0] if not slow.cancelled() else "CANCELLED")
    print("another's", *failed(lambda: get(b"hello", metadata=of("P-0008"))))
    print("nobody's", *failed(lambda: get(b"hello", metadata=of("P-9999"))))
    print("answered as another's", *failed(lambda: get(b"another", metadata=person)))
    print("answered as nobody's", *failed(lambda: get(b"nobody", metadata=person)))
    print("no person", failed(lambda: get(b"hello", metadata=person[:1]))[0])
    print("two persons", failed(lambda: get(b"hello", metadata=person + (("x-person", "P-0008"),)))[0])
    print("not signed in", *failed(lambda: get(b"hello", metadata=of("P-0001", "none=1"))))
    print("no such method", *failed(lambda: CHANNEL.unary_unary(SERVICE + "Remove")(b"", metadata=person)))
    print("no such service", *failed(lambda: CHANNEL.unary_unary("/other.Service/Get")(b"", metadata=person)))


hold() if sys.argv[1:] == ["hold"] else main()
