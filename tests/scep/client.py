"""A SCEP client (RFC 8894) of other people's parts: envelopes by `openssl cms`, messages by asn1crypto, keys by cryptography.

client.py URL ROOT FOLDER NAME CHALLENGE [CERTIFICATE KEY] [--cipher des3] [--again] [--corrupt N] [--older]

Writes FOLDER/NAME.key and, if it is given one, FOLDER/NAME.pem; prints pkiStatus and failInfo. With CERTIFICATE and KEY it is
a renewal, signed by them; older clients send it as a request.
"""
import argparse, datetime, hashlib, os, ssl, subprocess, urllib.request
from asn1crypto import cms, core, x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AttributeOID, NameOID

parser = argparse.ArgumentParser()
for name in ('url', 'root', 'folder', 'name', 'challenge'):
    parser.add_argument(name)
parser.add_argument('old', nargs='*')
parser.add_argument('--cipher', default='aes-256-cbc')
parser.add_argument('--again', action='store_true')
parser.add_argument('--older', action='store_true')
parser.add_argument('--cn', default='D-1')
parser.add_argument('--corrupt', type=int, help='change this octet of the ciphertext, counted from its end')
asked = parser.parse_args()
at = lambda name: os.path.join(asked.folder, f'{asked.name}.{name}')
openssl = lambda *words: subprocess.run(['openssl', *words], check=True, capture_output=True).stdout
trust = ssl.create_default_context(cafile=asked.root)


def fetch(operation, body=None):
    with urllib.request.urlopen(f'{asked.url}?operation={operation}', data=body, context=trust) as answer:
        return answer.read()


assert 'POSTPKIOperation' in fetch('GetCACaps').decode().split()
open(at('ca.p7'), 'wb').write(fetch('GetCACert'))
chain = openssl('pkcs7', '-inform', 'DER', '-in', at('ca.p7'), '-print_certs')
registrar = next(one for one in x509.load_pem_x509_certificates(chain)
                 if not one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
open(at('ra.pem'), 'wb').write(registrar.public_bytes(serialization.Encoding.PEM))

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
clear = lambda key: key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
open(at('key'), 'wb').write(clear(key))
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, asked.cn)])
request = x509.CertificateSigningRequestBuilder().subject_name(name)
if asked.challenge != '-':
    request = request.add_attribute(AttributeOID.CHALLENGE_PASSWORD, asked.challenge.encode())
open(at('csr'), 'wb').write(request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))
if asked.old:
    sender = x509.load_pem_x509_certificate(open(asked.old[0], 'rb').read())
    sender_key = serialization.load_pem_private_key(open(asked.old[1], 'rb').read(), None)
else:
    now = datetime.datetime.now(datetime.timezone.utc)
    sender_key = key
    sender = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
              .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
open(at('sender.pem'), 'wb').write(sender.public_bytes(serialization.Encoding.PEM))
open(at('sender.key'), 'wb').write(clear(sender_key))
openssl('cms', '-encrypt', '-binary', '-in', at('csr'), '-outform', 'DER', f'-{asked.cipher}', '-out', at('env'), at('ra.pem'))
content = bytearray(open(at('env'), 'rb').read())
if asked.corrupt:
    content[-asked.corrupt] ^= 1
content = bytes(content)


def attribute(oid, value):
    values = type('Values', (core.SetOf,), {'_child_spec': type(value)})([value])
    return type('One', (core.Sequence,), {'_fields': [('type', core.ObjectIdentifier), ('values', type(values))]})(
        {'type': oid, 'values': values}).dump()


SCEP = '2.16.840.1.113733.1.9.'
attributes = sorted([
    attribute('1.2.840.113549.1.9.3', core.ObjectIdentifier('1.2.840.113549.1.7.1')),
    attribute('1.2.840.113549.1.9.4', core.OctetString(hashlib.sha256(content).digest())),
    attribute(SCEP + '2', core.PrintableString('17' if asked.old and not asked.older else '19')),
    attribute(SCEP + '7', core.PrintableString(hashlib.sha1(open(at('csr'), 'rb').read()).hexdigest())),
    attribute(SCEP + '5', core.OctetString(os.urandom(16))),
])
def tlv(tag, body):
    size = len(body)
    octets = size.to_bytes((size.bit_length() + 7) // 8 or 1, 'big')
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(octets)]) + octets) + body


whole = b''.join(attributes)
signature = sender_key.sign(tlv(0x31, whole), padding.PKCS1v15(), hashes.SHA256())
der = sender.public_bytes(serialization.Encoding.DER)
parsed = asn1.Certificate.load(der)
sid = cms.IssuerAndSerialNumber({'issuer': parsed.issuer, 'serial_number': parsed.serial_number}).dump()
digest = bytes.fromhex('300d06096086480165030402010500')
info = tlv(0x30, b'\x02\x01\x01' + sid + digest + tlv(0xa0, whole) + bytes.fromhex('300d06092a864886f70d0101010500')
           + tlv(0x04, signature))
inner = tlv(0x30, core.ObjectIdentifier('1.2.840.113549.1.7.1').dump() + tlv(0xa0, tlv(0x04, content)))
signed = tlv(0x30, b'\x02\x01\x01' + tlv(0x31, digest) + inner + tlv(0xa0, der) + tlv(0x31, info))
message = tlv(0x30, core.ObjectIdentifier('1.2.840.113549.1.7.2').dump() + tlv(0xa0, signed))
# For the fuzz targets' seeds.
if os.environ.get('SEKISHO_KEEP_SEEDS'):
    open(os.path.join(os.environ['SEKISHO_KEEP_SEEDS'], f'{asked.name}.der'), 'wb').write(message)
for _ in range(2 if asked.again else 1):
    answer = fetch('PKIOperation', message)
open(at('answer'), 'wb').write(answer)
# Signed by who is in the chain that the root stands behind.
inside = openssl('cms', '-verify', '-inform', 'DER', '-in', at('answer'), '-CAfile', asked.root, '-purpose', 'any', '-binary')
shown = cms.ContentInfo.load(answer)['content']['signer_infos'][0]['signed_attrs']
said = {one['type'].dotted: one['values'] for one in shown}
text = lambda number: said[SCEP + number].contents[2:].decode() if SCEP + number in said else '-'
print('status', text('3'), 'fail', text('4'))
if text('3') == '0':
    open(at('inside'), 'wb').write(inside)
    openssl('cms', '-decrypt', '-inform', 'DER', '-in', at('inside'), '-inkey', at('sender.key'), '-recip', at('sender.pem'),
            '-binary', '-out', at('p7'))
    openssl('pkcs7', '-inform', 'DER', '-in', at('p7'), '-print_certs', '-out', at('pem'))
