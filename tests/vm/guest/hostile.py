# SPDX-License-Identifier: GPL-2.0-only
"""Damage a line of words, at random from a seed; one damaged line per line."""
import random
import sys

NUMBERS = ["0", "1", "-1", "+1", "8", "4095", "4097", "2147483648", "4294967295",
           "4294967296", "9223372036854775807", "9223372036854775808",
           "18446744073709551615", "18446744073709551616", "0x1000", "1e3", " 1", "1\t",
           "٣", ""]
TEXTS = ["", " ", ":", "::", ":::", "%s%n", "../..", "/dev/null", "/dev/mem", "\\ ", "\\",
         "\x01", "\x7f", "\xff", "aes-xts-256", "aes-xts-512", "random", "plaintext",
         "no_verifier", "discard_key", "x" * 300, ":64:logon:" + "k" * 250,
         ":99999999999:logon:a", ":-1:user:a", ":64:keyring:a", ":64:encrypted:"]


def damage_word(word):
    """A word that is nearly the same, or another one."""
    kind = random.randrange(6)
    if kind == 0:
        return random.choice(NUMBERS)
    if kind == 1:
        return random.choice(TEXTS)
    if kind == 2 and word.isdigit():
        return str(int(word) + random.choice([-4096, -8, -1, 1, 8, 512, 4096, 1 << 40]))
    position = random.randrange(len(word) + 1)
    if kind == 3:
        return word[:position]
    if kind == 4:
        return word[:position] + random.choice(":x0/ \x00\xfe") + word[position:]
    return word[:position] + word[position + 1:]


def damage(words, pool):
    """One to three changes, some of them to which words there are."""
    words = list(words)
    for _ in range(random.randrange(1, 4)):
        kind = random.randrange(8)
        position = random.randrange(len(words)) if words else 0
        if kind == 0 and words:
            del words[position]
        elif kind == 1:
            words.insert(position, random.choice(pool + TEXTS + NUMBERS))
        elif kind == 2 and words:
            words.insert(position, words[position])
        elif kind == 3 and words:
            random.shuffle(words)
        elif words:
            words[position] = damage_word(words[position])
    return " ".join(words).replace("\x00", "").replace("\n", " ")


if __name__ == "__main__":
    seed, count, line, options = sys.argv[1:5]
    random.seed(int(seed))
    for _ in range(int(count)):
        sys.stdout.buffer.write(
            damage(line.split(), options.split()).encode("latin-1", "replace") + b"\n")
