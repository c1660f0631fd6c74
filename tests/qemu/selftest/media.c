// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must the image hold?  Reads the guest's log, passes its results on, and
 * answers its "media" lines with results of its own.
 *
 *	media TWEAK-OFFSET IMAGE ADDRESS [IMAGE ADDRESS] < log
 *
 * AES-XTS is done here from its definition (IEEE 1619), on OpenSSL's AES, so
 * that it shares nothing with the emulator and refuses no key.
 */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64
#define BLOCK 16
#define DIMM1 (256ull << 20)	/* as in guest.h */

struct dimm {
	const char *image;
	uint64_t address;
};

struct question {
	unsigned long long offset;
	char alg[16];
	unsigned int key1, key2, fill;
	char name[256];
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void aes(const uint8_t *key, int bits, const uint8_t *in, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	if (!c || !EVP_EncryptInit_ex(c, bits == 128 ? EVP_aes_128_ecb() : EVP_aes_256_ecb(),
				      NULL, key, NULL) ||
	    !EVP_CIPHER_CTX_set_padding(c, 0) || !EVP_EncryptUpdate(c, out, &n, in, BLOCK)) {
		fprintf(stderr, "media: AES failed\n");
		exit(2);
	}
	EVP_CIPHER_CTX_free(c);
}

/* One data unit; @unit is the tweak, little-endian */
static void xts(int bits, const uint8_t *data_key, const uint8_t *tweak_key, uint64_t unit,
		const uint8_t *in, uint8_t *out, int len)
{
	uint8_t t[BLOCK] = { 0 }, x[BLOCK];
	int i, j, carry;

	for (i = 0; i < 8; i++)
		t[i] = unit >> 8 * i;
	aes(tweak_key, bits, t, t);
	for (i = 0; i < len; i += BLOCK) {
		for (j = 0; j < BLOCK; j++)
			x[j] = in[i + j] ^ t[j];
		aes(data_key, bits, x, x);
		for (j = 0; j < BLOCK; j++)
			out[i + j] = x[j] ^ t[j];
		carry = t[BLOCK - 1] >> 7;
		for (j = BLOCK - 1; j > 0; j--)
			t[j] = t[j] << 1 | t[j - 1] >> 7;
		t[0] = t[0] << 1 ^ (carry ? 0x87 : 0);
	}
}

/* IEEE 1619-2007, appendix B, vectors 1 and 2 */
static void check_vectors(void)
{
	static const uint8_t first[BLOCK] = {
		0x91, 0x7c, 0xf6, 0x9e, 0xbd, 0x68, 0xb2, 0xec,
		0x9b, 0x9f, 0xe9, 0xa3, 0xea, 0xdd, 0xa6, 0x92,
	}, second[BLOCK] = {
		0xc4, 0x54, 0x18, 0x5e, 0x6a, 0x16, 0x93, 0x6e,
		0x39, 0x33, 0x40, 0x38, 0xac, 0xef, 0x83, 0x8b,
	};
	uint8_t key1[BLOCK] = { 0 }, key2[BLOCK] = { 0 }, in[32] = { 0 }, out[32];

	xts(128, key1, key2, 0, in, out, 32);
	if (memcmp(out, first, BLOCK))
		goto bad;
	memset(key1, 0x11, BLOCK);
	memset(key2, 0x22, BLOCK);
	memset(in, 0x44, sizeof(in));
	xts(128, key1, key2, 0x3333333333, in, out, 32);
	if (!memcmp(out, second, BLOCK))
		return;
bad:
	fprintf(stderr, "media: AES-XTS here does not match IEEE 1619\n");
	exit(2);
}

static void read_line(const struct dimm *d, uint64_t offset, uint8_t *line)
{
	FILE *f = fopen(d->image, "rb");

	if (!f || fseek(f, offset, SEEK_SET) || fread(line, LINE, 1, f) != 1)
		die(d->image);
	fclose(f);
}

static void make_key(unsigned int key, uint8_t *out)
{
	int i;

	for (i = 0; i < 32; i++)
		out[i] = key + 7 * i;
}

static int answer(const struct dimm *dimm, uint64_t tweak_offset, const struct question *q)
{
	const struct dimm *d = &dimm[q->offset >= DIMM1];
	uint64_t offset = q->offset % DIMM1;
	uint8_t key1[32], key2[32], plain[LINE], wanted[LINE], line[LINE];
	static const uint8_t zero[LINE];
	int i;

	for (i = 0; i < LINE; i++)
		plain[i] = q->fill + i;
	make_key(q->key1, key1);
	make_key(q->key2, key2);
	read_line(d, offset, line);
	xts(!strcmp(q->alg, "xts256") ? 256 : 128, key1, key2, d->address + offset + tweak_offset,
	    plain, wanted, LINE);
	if (!strcmp(q->alg, "plain"))
		return !memcmp(line, plain, LINE);
	if (!strcmp(q->alg, "untouched"))
		return !memcmp(line, zero, LINE);
	if (!strcmp(q->alg, "garbage"))
		return memcmp(line, zero, LINE) && memcmp(line, plain, LINE) &&
		       memcmp(line, wanted, LINE);
	return !memcmp(line, wanted, LINE);
}

int main(int argc, char **argv)
{
	struct dimm dimm[2] = { { NULL, 0 }, { NULL, 0 } };
	char text[512];
	uint64_t tweak_offset;
	struct question q;
	int i;

	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: media TWEAK-OFFSET IMAGE ADDRESS [IMAGE ADDRESS]\n");
		return 2;
	}
	check_vectors();
	tweak_offset = strtoull(argv[1], NULL, 0);
	for (i = 2; i < argc; i += 2) {
		dimm[i / 2 - 1].image = argv[i];
		dimm[i / 2 - 1].address = strtoull(argv[i + 1], NULL, 0);
	}
	while (fgets(text, sizeof(text), stdin)) {
		if (sscanf(text, "media %llx %15s %x %x %x %255[^\n]", &q.offset, q.alg, &q.key1,
			   &q.key2, &q.fill, q.name) == 6)
			printf("%s - %s\n", answer(dimm, tweak_offset, &q) ? "ok" : "not ok", q.name);
		else if (!strncmp(text, "ok - ", 5) || !strncmp(text, "not ok - ", 9) ||
			 text[0] == '#')
			fputs(text, stdout);
	}
	return 0;
}
