"""Writes weak-moduli.txt: moduli that badkeys (PyPI) finds weak, each with the check that found it, and good ones.

Run with an interpreter that has badkeys 0.0.18: python3 ca/testdata/weak.py > ca/testdata/weak-moduli.txt
"""
import random
import gmpy2
from badkeys.rsakeys import fermat, pattern, roca, rsabias, rsapoly, smallfactors, xzbackdoor

random.seed(20261127)
rnd = lambda bits: random.getrandbits(bits) | (3 << (bits - 2)) | 1
prime = lambda bits: int(gmpy2.next_prime(rnd(bits)))
CHECKS = dict(fermat=fermat, pattern=pattern, roca=roca, rsabias=rsabias, rsapoly=rsapoly, smallfactors=smallfactors,
              xzbackdoor=xzbackdoor)


def found(n):
    return [name for name, check in CHECKS.items() if check(n)]


def show(kind, n, wanted):
    names = found(n)
    assert (wanted in names) if wanted else not names, (kind, names)
    print(kind, ','.join(names) or '-', f'{n:x}')


for bits in (2048, 3072, 4096):
    half = bits // 2
    show('good', prime(half) * prime(half), None)
    p = prime(half)
    show('square', p * p, 'fermat')
    show('neighbours', p * int(gmpy2.next_prime(p)), 'fermat')
    # Not the very next one, but near enough for some rounds.
    show('near', p * int(gmpy2.next_prime(p + (1 << (half // 2 + 3)))), 'fermat')
    for small in (3, 257, 65537):
        show('small', small * prime(bits - small.bit_length()), 'smallfactors')
# ROCA: p = k * M + (65537^a mod M), as the chips make them (M: product of the first 39 primes for 1024 bits; here 71).
M = 1
for q in [n for n in range(2, 360) if gmpy2.is_prime(n)][:71]:
    M *= q
for _ in range(2):
    def chip():
        while True:
            p = random.getrandbits(1024 - M.bit_length()) * M + pow(65537, random.getrandbits(60), M)
            if p.bit_length() == 1024 and gmpy2.is_prime(p):
                return p
    show('roca', chip() * chip(), 'roca')
# Sixteen octets alike in the middle: q is chosen so that the product has them.
while True:
    p = prime(1024)
    want = (rnd(2048) >> 1700 << 1700) | (int('ab' * 20, 16) << 1500) | random.getrandbits(1500)
    q = int(gmpy2.next_prime(want // p))
    n = p * q
    if pattern(n) and n.bit_length() == 2048 and not smallfactors(n):
        show('pattern', n, 'pattern')
        break
# Few bits: every other 16 bits nothing, as from a generator that gives half of what is asked.
def thin(bits):
    while True:
        n = sum(random.getrandbits(10) << (32 * at) for at in range(bits // 32)) | 1 | 3 << (bits - 2)
        if not smallfactors(n):
            return n
show('thin', thin(2048), 'rsapoly')
