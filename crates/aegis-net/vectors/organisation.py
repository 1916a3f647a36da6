"""Makes organisation.json: what organisations sign, by an implementation that shares nothing with ours.

Run once with Python 3 and `cryptography` 48: python3 organisation.py > organisation.json
Signatures of Ed25519 (RFC 8032) are the same whoever makes them, so that the bytes can be compared.
"""

import base64
import json
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data):
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


class Key:
    def __init__(self, byte):
        self.secret = bytes([byte]) * 32
        self.key = Ed25519PrivateKey.from_private_bytes(self.secret)
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def peer_id(self):
        # identity multihash (0x00) of 36 bytes: protobuf PublicKey { type: 1, data: 32 bytes }
        return base58(b"\x00\x24\x08\x01\x12\x20" + self.public)

    def file(self):
        # protobuf PrivateKey { type: 1, data: 64 bytes: secret, then public }
        return b"\x08\x01\x12\x40" + self.secret + self.public

    def sign(self, data):
        return self.key.sign(data)


def signed(key, domain, body):
    return body + key.sign(domain + b"\0" + body)


def membership(key, member, role, start, end, serial):
    body = key.public + member.public + struct.pack(">BQQQ", role, start, end, serial)
    return signed(key, b"aegis-membership/1", body)


def revocations(key, serial, issued, entries):
    body = key.public + struct.pack(">QQH", serial, issued, len(entries))
    for member, last, until in sorted(entries, key=lambda it: it[0].public):
        body += member.public + struct.pack(">QQ", last, until)
    return signed(key, b"aegis-revocations/1", body)


organisation, member, other = Key(1), Key(2), Key(3)
print(json.dumps({
    "organisation": organisation.peer_id(),
    "organisation_secret": organisation.secret.hex(),
    "organisation_key_file": organisation.file().hex(),
    "member": member.peer_id(),
    "other": other.peer_id(),
    "iris_signature": base64.b64encode(organisation.sign(member.public)).decode(),
    "membership": membership(organisation, member, 0, 1763640000, 1771416000, 7).hex(),
    "publisher": membership(organisation, other, 1, 1763640000, 1771416000, 8).hex(),
    "revocations": revocations(
        organisation, 9, 1763640001, [(member, 7, 1771416000), (other, 8, 1771416000)]
    ).hex(),
    "no_revocations": revocations(organisation, 10, 1763640002, []).hex(),
}, indent=1))
