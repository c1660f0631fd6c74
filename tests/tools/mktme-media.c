// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is on the media?  An AES-XTS of its own (OpenSSL's), to compare an NVDIMM's
 * backing file with what ought to be there.  Shares no code with the driver,
 * the tool or the emulator.
 *
 * The model's encryption: units of one cache line (64 bytes); the tweak is the
 * line's physical address without KeyID bits, little-endian, in the low eight
 * bytes; the key is data key, then tweak key (2 x 16 or 2 x 32 bytes).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <err.h>
#include <openssl/evp.h>

#define LINE 64

static const uint8_t zero_line[LINE];

struct options {
	const char *image, *key, *plain, *extents;
	uint64_t spa;
	int decrypt;		/* -1: not said */
};

/* ---- AES-XTS --------------------------------------------------------- */

static EVP_CIPHER_CTX *xts_new(const uint8_t *key, size_t len, bool encrypt)
{
	const EVP_CIPHER *cipher = len == 64 ? EVP_aes_256_xts() : EVP_aes_128_xts();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!ctx || !EVP_CipherInit_ex(ctx, cipher, NULL, key, NULL, encrypt))
		errx(2, "OpenSSL refuses the key");
	return ctx;
}

/* One data unit; @unit is its number, here the physical address of the line. */
static void xts_unit(EVP_CIPHER_CTX *ctx, uint64_t unit, const uint8_t *in,
		     uint8_t *out, size_t len)
{
	uint8_t tweak[16] = { 0 };
	int i, n;

	for (i = 0; i < 8; i++)
		tweak[i] = unit >> (8 * i);
	if (!EVP_CipherInit_ex(ctx, NULL, NULL, NULL, tweak, -1) ||
	    !EVP_CipherUpdate(ctx, out, &n, in, len) || n != (int)len)
		errx(2, "OpenSSL cannot process a unit");
}

/* ---- files ----------------------------------------------------------- */

struct mapping {
	const uint8_t *data;
	size_t size;
	int fd;
};

static struct mapping map_file(const char *path)
{
	struct mapping m = { 0 };
	struct stat st;

	m.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (m.fd < 0 || fstat(m.fd, &st))
		err(2, "cannot open '%s'", path);
	m.size = st.st_size;
	if (!m.size)
		return m;
	m.data = mmap(NULL, m.size, PROT_READ, MAP_SHARED, m.fd, 0);
	if (m.data == MAP_FAILED)
		err(2, "cannot map '%s'", path);
	return m;
}

static EVP_CIPHER_CTX *cipher_from_file(const char *path, bool encrypt)
{
	struct mapping key = map_file(path);

	if (key.size != 32 && key.size != 64)
		errx(2, "'%s': a key has 32 or 64 bytes, not %zu", path, key.size);
	return xts_new(key.data, key.size, encrypt);
}

/* ---- verify ---------------------------------------------------------- */

struct counts {
	uint64_t lines, ciphertext, plaintext, zero, other;
};

static void judge_line(EVP_CIPHER_CTX *ctx, uint64_t spa, const uint8_t *media,
		       const uint8_t *plain, struct counts *n)
{
	uint8_t decrypted[LINE];

	n->lines++;
	xts_unit(ctx, spa, media, decrypted, LINE);
	if (!memcmp(decrypted, plain, LINE))
		n->ciphertext++;
	else if (!memcmp(media, zero_line, LINE))
		n->zero++;
	else if (!memcmp(media, plain, LINE))
		n->plaintext++;
	else
		n->other++;
}

static void judge_extent(const struct options *o, EVP_CIPHER_CTX *ctx,
			 const struct mapping *image, const struct mapping *plain,
			 uint64_t file_at, uint64_t image_at, uint64_t len,
			 struct counts *n)
{
	uint64_t end = file_at + len;

	if (image_at % LINE || file_at % LINE)
		errx(2, "extent is not aligned to %d bytes", LINE);
	if (image_at > image->size || len > image->size - image_at)
		errx(2, "extent ends beyond the image");
	/* A file system's last block goes on behind the end of the file. */
	if (end > plain->size)
		end = plain->size;
	for (; file_at < end; file_at += LINE, image_at += LINE) {
		uint8_t want[LINE] = { 0 };
		uint64_t left = end - file_at;

		memcpy(want, plain->data + file_at, left < LINE ? left : LINE);
		judge_line(ctx, o->spa + image_at, image->data + image_at, want, n);
	}
}

static int verify(const struct options *o)
{
	EVP_CIPHER_CTX *ctx = cipher_from_file(o->key, false);
	struct mapping image = map_file(o->image), plain = map_file(o->plain);
	uint64_t file_at, image_at, len;
	struct counts n = { 0 };
	FILE *f = fopen(o->extents, "r");
	int fields;

	if (!f)
		err(2, "cannot open '%s'", o->extents);
	while ((fields = fscanf(f, "%" SCNu64 " %" SCNu64 " %" SCNu64,
				&file_at, &image_at, &len)) == 3)
		judge_extent(o, ctx, &image, &plain, file_at, image_at, len, &n);
	if (fields != EOF)
		errx(2, "'%s': not three numbers in a line", o->extents);
	fclose(f);
	EVP_CIPHER_CTX_free(ctx);
	printf("%" PRIu64 " lines: %" PRIu64 " ciphertext, %" PRIu64 " plaintext, %"
	       PRIu64 " zero, %" PRIu64 " other\n",
	       n.lines, n.ciphertext, n.plaintext, n.zero, n.other);
	/* Nothing looked at proves nothing. */
	return !(n.lines && n.ciphertext == n.lines);
}

/* ---- scan ------------------------------------------------------------ */

static uint64_t hash_line(const uint8_t *line)
{
	uint64_t words[LINE / 8], h = 0;
	int i;

	memcpy(words, line, LINE);
	for (i = 0; i < LINE / 8; i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* Open addressing; entries are line numbers + 1. */
struct table {
	uint64_t *entry, mask;
	const uint8_t *data;
};

static void table_fill(struct table *t, const struct mapping *plain)
{
	uint64_t i, at, lines = plain->size / LINE;

	for (t->mask = 1023; t->mask < 2 * lines; t->mask = t->mask * 2 + 1)
		;
	t->entry = calloc(t->mask + 1, sizeof(*t->entry));
	if (!t->entry)
		err(2, "no memory");
	t->data = plain->data;
	for (i = 0; i < lines; i++) {
		if (!memcmp(t->data + i * LINE, zero_line, LINE))
			continue;
		for (at = hash_line(t->data + i * LINE) & t->mask; t->entry[at];
		     at = (at + 1) & t->mask)
			;
		t->entry[at] = i + 1;
	}
}

static bool table_has(const struct table *t, const uint8_t *line)
{
	uint64_t at;

	for (at = hash_line(line) & t->mask; t->entry[at]; at = (at + 1) & t->mask)
		if (!memcmp(t->data + (t->entry[at] - 1) * LINE, line, LINE))
			return true;
	return false;
}

static int scan(const struct options *o)
{
	struct mapping image = map_file(o->image), plain = map_file(o->plain);
	uint64_t found = 0, at;
	struct table t = { 0 };
	off_t start = 0, end = 0;

	table_fill(&t, &plain);
	/* Holes of the sparse image are zero and are not read. */
	while ((start = lseek(image.fd, end, SEEK_DATA)) >= 0) {
		end = lseek(image.fd, start, SEEK_HOLE);
		for (at = start; at + LINE <= (uint64_t)end; at += LINE)
			found += table_has(&t, image.data + at);
	}
	if (errno != ENXIO)
		err(2, "cannot read '%s'", o->image);
	free(t.entry);
	printf("%" PRIu64 "\n", found);
	return 0;
}

/* ---- crypt ----------------------------------------------------------- */

static int crypt_filter(const struct options *o)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t in[LINE], out[LINE];
	uint64_t spa = o->spa;
	size_t n;

	if (o->decrypt < 0)
		errx(2, "crypt: --encrypt or --decrypt?");
	ctx = cipher_from_file(o->key, !o->decrypt);
	while ((n = fread(in, 1, LINE, stdin)) == LINE) {
		xts_unit(ctx, spa, in, out, LINE);
		if (fwrite(out, 1, LINE, stdout) != LINE)
			err(2, "cannot write");
		spa += LINE;
	}
	EVP_CIPHER_CTX_free(ctx);
	if (n)
		errx(2, "input is not a multiple of %d bytes", LINE);
	return fflush(stdout) ? 2 : 0;
}

/* ---- self-test: IEEE 1619-2007, annex B --------------------------------- */

static const struct vector {
	const char *name, *key, *plain, *cipher;
	uint64_t unit;
} vectors[] = {
	{
		.name = "vector 1",
		.key = "0000000000000000000000000000000000000000000000000000000000000000",
		.plain = "0000000000000000000000000000000000000000000000000000000000000000",
		.cipher = "917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e",
	}, {
		.name = "vector 2",
		.key = "1111111111111111111111111111111122222222222222222222222222222222",
		.unit = 0x3333333333,
		.plain = "4444444444444444444444444444444444444444444444444444444444444444",
		.cipher = "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0",
	}, {
		.name = "vector 3",
		.key = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f022222222222222222222222222222222",
		.unit = 0x3333333333,
		.plain = "4444444444444444444444444444444444444444444444444444444444444444",
		.cipher = "af85336b597afc1a900b2eb21ec949d292df4c047e0b21532186a5971a227a89",
	}, {
		.name = "vector 4, first 64 bytes",
		.key = "2718281828459045235360287471352631415926535897932384626433832795",
		.plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
			 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
		.cipher = "27a7479befa1d476489f308cd4cfa6e2a96e4bbe3208ff25287dd3819616e89c"
			  "c78cf7f5e543445f8333d8fa7f56000005279fa5d8b5e4ad40e736ddb4d35412",
	}, {
		.name = "vector 10 (XTS-AES-256), first 64 bytes",
		.key = "2718281828459045235360287471352662497757247093699959574966967627"
		       "3141592653589793238462643383279502884197169399375105820974944592",
		.unit = 0xff,
		.plain = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
			 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
		.cipher = "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b"
			  "5d31e276f8fe4a8d66b317f9ac683f44680a86ac35adfc3345befecb4bb188fd",
	},
};

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t i, n = strlen(hex) / 2;

	for (i = 0; i < n; i++)
		sscanf(hex + 2 * i, "%2hhx", &out[i]);
	return n;
}

static bool vector_holds(const struct vector *v, bool encrypt)
{
	uint8_t key[64], plain[LINE], cipher[LINE], out[LINE];
	size_t key_len = unhex(v->key, key), len = unhex(v->plain, plain);
	EVP_CIPHER_CTX *ctx = xts_new(key, key_len, encrypt);

	unhex(v->cipher, cipher);
	xts_unit(ctx, v->unit, encrypt ? plain : cipher, out, len);
	EVP_CIPHER_CTX_free(ctx);
	return !memcmp(out, encrypt ? cipher : plain, len);
}

static int selftest(void)
{
	size_t i, n = 0, count = sizeof(vectors) / sizeof(vectors[0]);
	int failed = 0;

	printf("1..%zu\n", 2 * count - 1);
	for (i = 0; i < 2 * count; i++) {
		const struct vector *v = &vectors[i / 2];
		bool encrypt = i % 2, good;

		/* OpenSSL does not encrypt with two equal keys. */
		if (encrypt && v == &vectors[0])
			continue;
		good = vector_holds(v, encrypt);
		failed |= !good;
		printf("%sok %zu %s %s\n", good ? "" : "not ", ++n, v->name,
		       encrypt ? "encrypted" : "decrypted");
	}
	return failed;
}

/* ---- command line ---------------------------------------------------- */

static int usage(void)
{
	fputs("mktme-media verify --image I --spa ADDRESS --key FILE --plain FILE --extents FILE\n"
	      "    ADDRESS: physical address of byte 0 of the image; lines of the extents\n"
	      "    file: <file offset> <image offset> <length>.  Status 0: all ciphertext\n"
	      "mktme-media scan --image I --plain FILE\n"
	      "    number of 64-byte lines of the image that occur in FILE\n"
	      "mktme-media crypt --encrypt|--decrypt --key FILE --spa ADDRESS\n"
	      "    standard input to standard output\n"
	      "mktme-media selftest\n", stderr);
	return 2;
}

static void parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "image", required_argument, NULL, 'i' },
		{ "spa", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' },
		{ "plain", required_argument, NULL, 'p' },
		{ "extents", required_argument, NULL, 'x' },
		{ "encrypt", no_argument, NULL, 'e' },
		{ "decrypt", no_argument, NULL, 'd' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'i': o->image = optarg; break;
		case 's': o->spa = strtoull(optarg, NULL, 0); break;
		case 'k': o->key = optarg; break;
		case 'p': o->plain = optarg; break;
		case 'x': o->extents = optarg; break;
		case 'e': o->decrypt = 0; break;
		case 'd': o->decrypt = 1; break;
		default: exit(usage());
		}
	}
}

int main(int argc, char **argv)
{
	struct options o = { .decrypt = -1 };

	if (argc < 2)
		return usage();
	parse(argc - 1, argv + 1, &o);
	if (!strcmp(argv[1], "verify") && o.image && o.key && o.plain && o.extents)
		return verify(&o);
	if (!strcmp(argv[1], "scan") && o.image && o.plain)
		return scan(&o);
	if (!strcmp(argv[1], "crypt") && o.key)
		return crypt_filter(&o);
	if (!strcmp(argv[1], "selftest"))
		return selftest();
	return usage();
}
