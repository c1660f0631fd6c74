# SPDX-License-Identifier: GPL-2.0-only
"""Damage a LUKS2 header in many ways; a file with the metadata, 32 KiB, for each.

    hostile-headers.py METADATA CORPUS SEED COUNT DIRECTORY

METADATA is that of a good volume, CORPUS that of the fuzz targets.  In DIRECTORY
there are then

    field/NAME.WHERE    a field of the binary header or the JSON area as a whole
                        changed, in the copies that WHERE names
    binding/NAME        a member of the binding changed
    corpus/NAME         inputs of the fuzz targets
    random/N            COUNT headers that were changed at random
    import/NAME         texts that may be imported as a token

All have right checksums but those whose name begins with "checksum" or "noise".
"""
import copy
import hashlib
import json
import os
import random
import sys

COPY = 16384
JSON = 4096
CHECKSUM = slice(448, 512)
ALIGN = 2 << 20
PARTS = {"b": ("tokens", "0"), "t": ("tokens", "1"), "k": ("keyslots", "0"),
         "s": ("segments", "0"), "d": ("digests", "0"), "c": ("config",)}


def be64(value):
    """As LUKS2 has its numbers."""
    return value.to_bytes(8, "big")


def text(value, size):
    """A text in a field of that size."""
    return value.encode().ljust(size, b"\0")


# name, offset, new value
FIELDS = [
    ("magic-none", 0, bytes(6)),
    ("magic-of-luks1", 0, b"LUKS\xba\xbf"),
    ("version-0", 6, b"\0\0"),
    ("version-1", 6, b"\0\1"),
    ("version-3", 6, b"\0\3"),
    ("size-0", 8, be64(0)),
    ("size-4096", 8, be64(4096)),
    ("size-odd", 8, be64(COPY + 1)),
    ("size-doubled", 8, be64(2 * COPY)),
    ("size-largest", 8, be64(2**64 - 1)),
    ("label-endless", 24, b"x" * 48),
    ("algorithm-unknown", 72, text("none", 32)),
    ("algorithm-endless", 72, b"s" * 32),
    ("uuid-none", 168, bytes(40)),
    ("uuid-endless", 168, b"u" * 40),
    ("uuid-path", 168, text("../../../dev/mem", 40)),
    ("uuid-blanks", 168, text("a 259:0 8192 1 discard_key", 40)),
    ("uuid-format", 168, text("%s%n%s%n", 40)),
    ("subsystem-other", 208, text("other", 48)),
    ("subsystem-endless", 208, b"m" * 48),
    ("offset-0", 256, be64(4096)),
    ("offset-largest", 256, be64(2**64 - 1)),
]

AREAS = [
    ("json-zeros", b""),
    ("json-empty", b"{}"),
    ("json-array", b"[]"),
    ("json-no-end", b"{" + b" " * (COPY - JSON - 1)),
    ("json-deep", b'{"a":' * 2000),
    ("json-noise", bytes(range(1, 256)) * 40),
]


def seal(part):
    """The checksum of one copy."""
    part[CHECKSUM] = bytes(64)
    part[CHECKSUM] = hashlib.sha256(part).digest().ljust(64, b"\0")


def with_json(parts, area):
    """Both copies with this JSON area."""
    parts = [bytearray(part) for part in parts]
    for part in parts:
        part[JSON:] = area[:COPY - JSON].ljust(COPY - JSON, b"\0")
        seal(part)
    return parts


def pack(value):
    """JSON as libcryptsetup writes it, or a text as it is."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value, separators=(",", ":")).encode()


def fields(parts):
    """Damage to one copy leaves the other one, and damage to both none."""
    def write(part, where, value):
        part[where:where + len(value)] = value
        seal(part)

    def fill(part, area):
        part[JSON:] = area.ljust(COPY - JSON, b"\0")
        seal(part)

    ways = [(name, write, args) for name, *args in FIELDS]
    ways += [(name, fill, args) for name, *args in AREAS]
    ways += [("checksum", lambda part: part.__setitem__(448, part[448] ^ 1), []),
             ("noise", lambda part: part.__setitem__(
                 slice(0, COPY), random.randbytes(COPY)), [])]
    for name, change, args in ways:
        for where, which in ("both", (0, 1)), ("first", (0,)), ("second", (1,)):
            damaged = [bytearray(part) for part in parts]
            for i in which:
                change(damaged[i], *args)
            yield f"{name}.{where}", damaged


def bindings(parts, good):
    """The members of the binding that say where the volume is."""
    def add(name, value):
        def change(token):
            token[name] = str(int(token[name]) + value)
        return change

    def put(name, value):
        return lambda token: token.__setitem__(name, value)

    def move(token):
        for name in "verifier_offset", "data_offset":
            add(name, ALIGN)(token)
        add("data_size", -ALIGN)(token)

    ways = {
        "longer": add("data_size", ALIGN),
        "shorter": add("data_size", -ALIGN),
        "elsewhere": move,
        "misaligned": add("data_offset", 512),
        "physical-base": add("physical_base", ALIGN),
        "interleave-set": add("interleave_set", 1),
        "other-algorithm": put("algorithm", "aes-xts-128"),
        "other-namespace": put("namespace_uuid", "5eb1d1d0-0000-4000-8000-000000000000"),
        "other-label": put("label_uuid", "5eb1d1d0-0000-4000-8000-000000000000"),
        "newer": put("version", 2),
        "largest": put("data_size", str(2**64 - ALIGN)),
        "no-type": lambda token: token.pop("type"),
    }
    for name, change in ways.items():
        header = copy.deepcopy(good)
        change(header["tokens"]["0"])
        yield name, with_json(parts, pack(header))


def replaced(good, letter, value):
    """The good header with a part of it replaced, as JSON can hardly be written
    by a parser that reads less than the one under test: the part goes in as text."""
    path = PARTS[letter]
    header = copy.deepcopy(good)
    section = header
    for name in path[:-1]:
        section = section[name]
    section[path[-1]] = "@PART@"
    return pack(header).replace(b'"@PART@"', value)


def corpus(parts, good, directory):
    """Inputs of fuzz_header.c, and those of fuzz_binding.c as the binding."""
    for kind in "header", "binding":
        for name in sorted(os.listdir(f"{directory}/{kind}")):
            with open(f"{directory}/{kind}/{name}", "rb") as file:
                data = file.read()
            letter = chr(data[0]) if data else ""
            if kind == "binding":
                yield f"{kind}-{name}", with_json(parts, replaced(good, "b", data))
            elif letter in PARTS:
                yield f"{kind}-{name}", with_json(parts, replaced(good, letter, data[1:]))
            elif letter != "i":
                yield f"{kind}-{name}", with_json(parts, data)


def imports(directory):
    """Texts for "token import"."""
    for kind in "header", "binding":
        for name in sorted(os.listdir(f"{directory}/{kind}")):
            with open(f"{directory}/{kind}/{name}", "rb") as file:
                data = file.read()
            if kind == "binding" or data[:1] == b"i":
                yield f"{kind}-{name}", data[kind == "header":]


def places(value, path=()):
    """Every place in JSON, as a path of names and indices."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, path + (key,))


def damage_json(good):
    """One to three places deleted, repeated, exchanged or given another value.
    What the work of a PBKDF depends on does not get bigger: that is a matter of
    patience, here as in cryptsetup."""
    header = copy.deepcopy(good)
    for _ in range(random.randrange(1, 4)):
        path = random.choice(list(places(header)))
        section = header
        for key in path[:-1]:
            section = section[key]
        key, kind = path[-1], random.randrange(5)
        value = section[key]
        if kind == 0:
            del section[key]
        elif kind == 1 and isinstance(section, dict):
            section[str(random.choice(["1", "31", "32", "-1", key + "x"]))] = value
        elif kind == 2 and isinstance(value, str) and value:
            place = random.randrange(len(value))
            section[key] = value[:place] + random.choice("\\\"/%0Zx ") + value[place + 1:]
        elif key in ("iterations", "time", "memory", "cpus", "stripes"):
            section[key] = random.choice([0, 1, -1, "1", None])
        else:
            section[key] = random.choice([
                0, 1, -1, 2**31, 2**63, 2**64, 1e300, "", "0", "-1", "18446744073709551615",
                "9223372036854775808", "x" * 5000, None, True, [], {}, ["0"], [[[]]],
                {"0": {}}, value])
    return pack(header)


def damage_bits(parts):
    """One to eight bits of the first bytes of the header or of the JSON in use."""
    end = parts[0].index(b"\0", JSON)
    damaged = [bytearray(part) for part in parts]
    for _ in range(random.randrange(1, 9)):
        place = random.randrange(448) if random.randrange(2) else random.randrange(JSON, end)
        for part in damaged:
            part[place] ^= 1 << random.randrange(8)
    for part in damaged:
        seal(part)
    return damaged


def randoms(parts, good, count):
    """Headers that nobody thought of."""
    for i in range(count):
        if i % 3:
            yield f"{i:03}", with_json(parts, damage_json(good))
        else:
            yield f"{i:03}", damage_bits(parts)


def main():
    """See above."""
    metadata, corpus_dir, seed, count, out = sys.argv[1:6]
    random.seed(int(seed))
    with open(metadata, "rb") as file:
        parts = [file.read(COPY), file.read(COPY)]
    good = json.loads(parts[0][JSON:].rstrip(b"\0"))
    kinds = {
        "field": fields(parts),
        "binding": bindings(parts, good),
        "corpus": corpus(parts, good, corpus_dir),
        "random": randoms(parts, good, int(count)),
        "import": ((name, [data]) for name, data in imports(corpus_dir)),
    }
    for kind, cases in kinds.items():
        os.makedirs(f"{out}/{kind}")
        for name, damaged in cases:
            with open(f"{out}/{kind}/{name}", "wb") as file:
                file.write(b"".join(damaged))


if __name__ == "__main__":
    main()
