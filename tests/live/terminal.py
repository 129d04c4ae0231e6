"""A terminal: where the gateway is, and what is shown to it. Said in the environment."""

import os
import ssl

HOST = os.environ["SEKISHO_HOST"]
PORT = int(os.environ["SEKISHO_PORT"])
COOKIE = os.environ["SEKISHO_COOKIE"]
ROOT = os.environ["SEKISHO_ROOT"]
CERTIFICATE = os.environ["SEKISHO_CERTIFICATE"]
KEY = os.environ["SEKISHO_KEY"]


def tls(*protocols):
    context = ssl.create_default_context(cafile=ROOT)
    context.load_cert_chain(CERTIFICATE, KEY)
    context.set_alpn_protocols(list(protocols))
    return context
