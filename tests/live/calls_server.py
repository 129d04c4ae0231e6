"""A store that speaks gRPC, as `grpcio` serves it: says again what it is told. Tells its port, and then what it sees, a line each.

A call that says `fail` fails, `slow` takes ten seconds, `another` is answered as if it were another person's, and `nobody` as if it
were nobody's.
"""

import sys
import threading
import time
from concurrent import futures

import grpc

PERSON = "x-person"


def tell(*words):
    print(*words, flush=True)


def begin(method, context):
    """Answers with the head; whose it is stands there."""
    fields = {}
    for name, value in context.invocation_metadata():
        fields.setdefault(name, []).append(value)
    person = fields.get(PERSON, ["?"])[0]
    known = sorted(name for name in fields if name not in ("user-agent",))
    tell("call", method, person, " ".join(known))
    context.add_callback(lambda: tell("over", method))
    return person


def head(context, person, said=b""):
    if said == b"nobody":
        context.send_initial_metadata((("x-secret", "stays behind"),))
    else:
        person = "P-0008" if said == b"another" else person
        context.send_initial_metadata(((PERSON, person), ("x-secret", "stays behind")))


def answer(said, context):
    context.set_trailing_metadata((("x-secret", "stays behind"), ("grpc-status-details-bin", b"details")))
    if said == b"fail":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: 体温")
    if said == b"slow":
        for _ in range(100):
            if not context.is_active():
                break
            time.sleep(0.1)
    return said


def get(said, context):
    person = begin("Get", context)
    if said == b"fail-at-once":
        context.abort(grpc.StatusCode.NOT_FOUND, "none such")
    head(context, person, said)
    return answer(said, context)


def list_(said, context):
    head(context, begin("List", context), said)
    for number in range(3):
        yield answer(said, context) + str(number).encode()


def write(all_said, context):
    person = begin("Write", context)
    octets = sum(len(said) for said in all_said)
    head(context, person)
    return str(octets).encode()


def talk(all_said, context):
    head(context, begin("Talk", context))
    for said in all_said:
        yield answer(said, context)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), compression=grpc.Compression.Gzip)
    handlers = {
        "Get": grpc.unary_unary_rpc_method_handler(get),
        "List": grpc.unary_stream_rpc_method_handler(list_),
        "Write": grpc.stream_unary_rpc_method_handler(write),
        "Talk": grpc.stream_stream_rpc_method_handler(talk),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("notes.v1.Notes", handlers),))
    tell(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    # Until whoever started it lets go.
    threading.Thread(target=lambda: (sys.stdin.read(), server.stop(0)), daemon=True).start()
    server.wait_for_termination()


main()
