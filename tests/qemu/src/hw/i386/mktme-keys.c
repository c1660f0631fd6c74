/*
 * Intel TME-MK: key tables, PCONFIG leaf 0, and the cryptography
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "crypto/random.h"
#include "mktme-internal.h"
#include "trace.h"

#define KEY_FIELD_SIZE      64
#define KEY_FIELDS_OFFSET   64
#define RESERVED_OFFSET     6
#define XTS_256_KEY_SIZE    32

/* MKTME_KEY_PROGRAM_STRUCT, decoded */
typedef struct KeyProgram {
    unsigned keyid;
    unsigned command;
    unsigned alg_mask;
    unsigned ctrl_reserved;
    const uint8_t *reserved;
    const uint8_t *field[2];    /* data key, tweak key */
} KeyProgram;

enum {
    SET_KEY_DIRECT = 0,
    SET_KEY_RANDOM = 1,
    CLEAR_KEY = 2,
    NO_ENCRYPT = 3,
};

/* Bytes of each of the two keys; 0 if @alg is not one that we know */
static size_t alg_key_size(unsigned alg)
{
    switch (alg) {
    case TME_ALG_XTS_128:
        return 16;
    case TME_ALG_XTS_256:
        return XTS_256_KEY_SIZE;
    default:
        return 0;
    }
}

void mktme_random(MktmeState *s, void *buf, size_t len)
{
    uint8_t *p = buf;

    if (!s->seed) {
        qcrypto_random_bytes(buf, len, &error_abort);
        return;
    }
    while (len--) {
        *p++ = g_rand_int(s->rand) >> 24;
    }
}

static void key_drop(MktmeKey *key)
{
    qcrypto_cipher_free(key->cipher);
    *key = (MktmeKey) { .state = MKTME_KEY_CLEARED };
}

static void key_set(MktmeKey *key, MktmeKeyState state, unsigned alg,
                    const uint8_t *data_key, const uint8_t *tweak_key)
{
    uint8_t both[2 * XTS_256_KEY_SIZE];
    size_t len = alg_key_size(alg);

    key_drop(key);
    memcpy(both, data_key, len);
    memcpy(both + len, tweak_key, len);
    /* mktme_keys_check() has made sure at start that no key is refused */
    key->cipher = qcrypto_cipher_new(alg == TME_ALG_XTS_128 ?
                                     QCRYPTO_CIPHER_ALG_AES_128 :
                                     QCRYPTO_CIPHER_ALG_AES_256,
                                     QCRYPTO_CIPHER_MODE_XTS,
                                     both, 2 * len, &error_abort);
    key->state = state;
    key->alg = alg;
    memset(both, 0, sizeof(both));
}

/*
 * Hardware does not look for weak keys (SDM PCONFIG), so a library that does
 * (libgcrypt in FIPS mode refuses key 1 == key 2) cannot be used.
 */
bool mktme_keys_check(Error **errp)
{
    static const QCryptoCipherAlgorithm algs[] = {
        QCRYPTO_CIPHER_ALG_AES_128, QCRYPTO_CIPHER_ALG_AES_256
    };
    static const uint8_t zero[2 * XTS_256_KEY_SIZE];
    int i;

    for (i = 0; i < ARRAY_SIZE(algs); i++) {
        QCryptoCipher *c = qcrypto_cipher_new(algs[i], QCRYPTO_CIPHER_MODE_XTS,
                                              zero, (i + 1) * 32, errp);
        if (!c) {
            error_prepend(errp, "mktme needs AES-XTS that accepts every key: ");
            return false;
        }
        qcrypto_cipher_free(c);
    }
    return true;
}

void mktme_keys_init(MktmeState *s, unsigned num_packages)
{
    unsigned i;

    s->num_packages = s->shared_table ? 1 : num_packages;
    s->package = g_new0(MktmePackage, s->num_packages);
    for (i = 0; i < s->num_packages; i++) {
        s->package[i].key = g_new0(MktmeKey, s->num_places);
    }
}

/*
 * RANDOM keys are discarded on reset (TME spec).  What becomes of the others
 * is not documented, so it is a property.
 */
void mktme_keys_reset(MktmeState *s)
{
    unsigned i, j;

    for (i = 0; i < s->num_packages; i++) {
        for (j = 0; j < s->num_places; j++) {
            MktmeKey *key = &s->package[i].key[j];

            if (!s->reset_keeps || key->state == MKTME_KEY_RANDOM) {
                key_drop(key);
            }
        }
    }
}

void mktme_keys_clear(MktmeState *s)
{
    unsigned i, j;

    for (i = 0; i < s->num_packages; i++) {
        for (j = 0; j < s->num_places; j++) {
            key_drop(&s->package[i].key[j]);
        }
    }
}

static void boot_key_set(MktmeState *s, MktmePackage *p)
{
    unsigned alg = s->algs_mask == (1u << TME_ALG_XTS_256) ? TME_ALG_XTS_256 :
                                                             TME_ALG_XTS_128;

    key_set(&p->boot, MKTME_KEY_RANDOM, alg,
            p->boot_raw, p->boot_raw + XTS_256_KEY_SIZE);
}

static void new_boot_key(MktmeState *s, MktmePackage *p, bool save)
{
    mktme_random(s, p->boot_raw, sizeof(p->boot_raw));
    boot_key_set(s, p);
    if (save) {
        memcpy(p->saved_raw, p->boot_raw, sizeof(p->saved_raw));
    }
}

void mktme_keys_new_boot_key(MktmeState *s, bool save)
{
    unsigned i;

    for (i = 0; i < s->num_packages; i++) {
        new_boot_key(s, &s->package[i], save);
    }
    s->boot_key_saved = s->boot_key_saved || save;
}

bool mktme_keys_restore_boot_key(MktmeState *s)
{
    unsigned i;

    if (!s->boot_key_saved) {
        return false;
    }
    for (i = 0; i < s->num_packages; i++) {
        MktmePackage *p = &s->package[i];

        memcpy(p->boot_raw, p->saved_raw, sizeof(p->boot_raw));
        boot_key_set(s, p);
    }
    return true;
}

/*
 * Its last CPU has been unplugged.  The keys were in the package, so the one
 * that comes next has none of them, and another TME key.
 */
void mktme_keys_remove_package(MktmeState *s, unsigned package)
{
    MktmePackage *p;
    unsigned i;

    s->stats.removed_packages++;
    if (s->shared_table) {
        return;
    }
    p = &s->package[package];
    for (i = 0; i < s->num_places; i++) {
        key_drop(&p->key[i]);
    }
    new_boot_key(s, p, s->boot_key_saved);
}

static MktmePackage *package_of(MktmeState *s, unsigned package)
{
    return &s->package[s->shared_table ? 0 : MIN(package, s->num_packages - 1)];
}

static bool is_excluded(MktmeState *s, hwaddr spa)
{
    uint64_t mask = s->exclude_mask & ~(uint64_t)0xfff;

    return (s->exclude_mask & TME_EXCLUDE_ENABLE) &&
           (spa & mask) == (s->exclude_base & mask);
}

QCryptoCipher *mktme_cipher(MktmeState *s, MktmeDimm *d, unsigned keyid,
                            hwaddr spa)
{
    MktmePackage *p = package_of(s, d->package);
    MktmeKey *key = &p->key[keyid];

    if (!s->encrypt || !mktme_enabled(s)) {
        return NULL;
    }
    switch (key->state) {
    case MKTME_KEY_DIRECT:
    case MKTME_KEY_RANDOM:
        return key->cipher;
    case MKTME_KEY_NO_ENCRYPT:
        return NULL;
    case MKTME_KEY_CLEARED:
        if (s->activate & TME_ACTIVATE_BYPASS) {
            return NULL;
        }
        /* 983H, 984H: the excluded range is one for KeyID 0 only */
        if (keyid == 0 && is_excluded(s, spa)) {
            return NULL;
        }
        return p->boot.cipher;
    }
    g_assert_not_reached();
}

void mktme_crypt_line(MktmeState *s, QCryptoCipher *cipher, hwaddr spa,
                      const void *in, void *out, bool encrypt)
{
    uint8_t tweak[16] = { 0 };

    if (!cipher) {
        memcpy(out, in, MKTME_LINE_SIZE);
        return;
    }
    stq_le_p(tweak, spa + s->tweak_offset);
    /* Neither call can fail: sizes are right, the key was taken at key_set() */
    qcrypto_cipher_setiv(cipher, tweak, sizeof(tweak), &error_abort);
    if (encrypt) {
        qcrypto_cipher_encrypt(cipher, in, out, MKTME_LINE_SIZE, &error_abort);
    } else {
        qcrypto_cipher_decrypt(cipher, in, out, MKTME_LINE_SIZE, &error_abort);
    }
}

static KeyProgram decode(const uint8_t *raw)
{
    uint32_t ctrl = ldl_le_p(raw + 2);

    return (KeyProgram) {
        .keyid = lduw_le_p(raw),
        .command = extract32(ctrl, 0, 8),
        .alg_mask = extract32(ctrl, 8, 16),
        .ctrl_reserved = extract32(ctrl, 24, 8),
        .reserved = raw + RESERVED_OFFSET,
        .field = {
            raw + KEY_FIELDS_OFFSET,
            raw + KEY_FIELDS_OFFSET + KEY_FIELD_SIZE,
        },
    };
}

/* The bytes that TME spec 1.3 wants to be zero, and the current SDM ignores */
static bool reserved_bytes_clear(const KeyProgram *kp)
{
    size_t len = XTS_256_KEY_SIZE;
    int i;

    if (!buffer_is_zero(kp->reserved, KEY_FIELDS_OFFSET - RESERVED_OFFSET)) {
        return false;
    }
    if (kp->command != SET_KEY_DIRECT && kp->command != SET_KEY_RANDOM) {
        return true;
    }
    if (kp->alg_mask == 1u << TME_ALG_XTS_128) {
        len = alg_key_size(TME_ALG_XTS_128);
    }
    for (i = 0; i < 2; i++) {
        if (!buffer_is_zero(kp->field[i] + len, KEY_FIELD_SIZE - len)) {
            return false;
        }
    }
    return true;
}

/* Points 5 to 8 of the order of checks in SDM PCONFIG */
static int check_program(MktmeState *s, const KeyProgram *kp)
{
    int status;

    if (kp->ctrl_reserved ||
        (s->strict_reserved && !reserved_bytes_clear(kp))) {
        return MKTME_PCONFIG_GP;
    }
    if (kp->command > NO_ENCRYPT) {
        status = PCONFIG_INVALID_PROG_CMD;
    } else if (kp->keyid == 0 || kp->keyid > mktme_max_keyid(s)) {
        /* Outside SEAM a TDX-private KeyID is a bad one */
        status = PCONFIG_INVALID_KEYID;
    } else if (!is_power_of_2(kp->alg_mask) ||
               !(kp->alg_mask & TME_ACTIVATE_ALGS(s->activate))) {
        /* An activated algorithm is wanted for CLEAR and NO_ENCRYPT too */
        status = PCONFIG_INVALID_CRYPTO_ALG;
    } else {
        return PCONFIG_SUCCESS;
    }
    return s->errors_gp ? MKTME_PCONFIG_GP : status;
}

/* Consumes one of the failures asked for by property, if it is for @package */
static bool inject(uint32_t *count, int32_t only_package, unsigned package)
{
    if (!*count || (only_package != MKTME_NO_PACKAGE &&
                    only_package != package)) {
        return false;
    }
    (*count)--;
    return true;
}

static int execute(MktmeState *s, MktmeKey *key, const KeyProgram *kp)
{
    unsigned alg = ctz32(kp->alg_mask);
    size_t len = alg_key_size(alg);
    uint8_t raw[2][XTS_256_KEY_SIZE];
    int i, j;

    switch (kp->command) {
    case SET_KEY_DIRECT:
        key_set(key, MKTME_KEY_DIRECT, alg, kp->field[0], kp->field[1]);
        break;
    case SET_KEY_RANDOM:
        for (i = 0; i < 2; i++) {
            mktme_random(s, raw[i], len);
            for (j = 0; j < len; j++) {
                raw[i][j] ^= kp->field[i][j];
            }
        }
        key_set(key, MKTME_KEY_RANDOM, alg, raw[0], raw[1]);
        memset(raw, 0, sizeof(raw));
        break;
    case CLEAR_KEY:
        key_drop(key);
        break;
    case NO_ENCRYPT:
        key_drop(key);
        key->state = MKTME_KEY_NO_ENCRYPT;
        break;
    }
    return PCONFIG_SUCCESS;
}

/*
 * Changes the key table and nothing else: caches keep what they hold, as the
 * manual says, and a dirty line written back later meets the new key.
 */
static int program(MktmeState *s, unsigned package, const KeyProgram *kp)
{
    MktmePackage *p = package_of(s, package);
    bool sets_key = kp->command == SET_KEY_DIRECT ||
                    kp->command == SET_KEY_RANDOM;
    int status = check_program(s, kp);

    if (status != PCONFIG_SUCCESS) {
        return status;
    }
    /* One of several at the same time wins, the others must try again */
    if (qatomic_cmpxchg(&p->in_pconfig, 0, 1)) {
        return PCONFIG_DEVICE_BUSY;
    }
    qemu_mutex_lock(&s->lock);
    if (inject(&s->busy, s->busy_package, package)) {
        status = PCONFIG_DEVICE_BUSY;
    } else if (sets_key && inject(&s->entropy, s->entropy_package, package)) {
        status = PCONFIG_ENTROPY_ERROR;
    } else {
        status = execute(s, &p->key[kp->keyid], kp);
    }
    qemu_mutex_unlock(&s->lock);
    qatomic_set(&p->in_pconfig, 0);
    return status;
}

int mktme_keys_pconfig(MktmeState *s, unsigned package, const uint8_t *raw)
{
    KeyProgram kp = decode(raw);
    int status = program(s, package, &kp);

    trace_mktme_pconfig(package, kp.keyid, kp.command, kp.alg_mask, status);
    if (status == MKTME_PCONFIG_GP) {
        qatomic_inc(&s->stats.pconfig_gp);
    } else {
        qatomic_inc(&s->stats.pconfig[status]);
    }
    if (status != PCONFIG_SUCCESS && status != PCONFIG_DEVICE_BUSY &&
        status != PCONFIG_ENTROPY_ERROR) {
        qemu_log_mask(LOG_GUEST_ERROR, "mktme: bad PCONFIG: command %u, "
                      "KeyID %u, algorithms 0x%x: %s %d\n", kp.command,
                      kp.keyid, kp.alg_mask,
                      status == MKTME_PCONFIG_GP ? "#GP" : "status", status);
    }
    return status;
}

/* KeyIDs not listed are cleared */
char *mktme_keys_json(MktmeState *s)
{
    static const char *const state_name[] = {
        [MKTME_KEY_CLEARED] = "cleared",
        [MKTME_KEY_DIRECT] = "key",
        [MKTME_KEY_RANDOM] = "random",
        [MKTME_KEY_NO_ENCRYPT] = "noencrypt",
    };
    GString *out = g_string_new("{\"packages\": [");
    unsigned i, j;

    qemu_mutex_lock(&s->lock);
    for (i = 0; i < s->num_packages; i++) {
        const char *sep = "";

        g_string_append_printf(out, "%s{\"package\": %u, \"present\": %s, "
                               "\"keyids\": %u, \"keys\": [", i ? ", " : "",
                               i, mktme_package_present(i) ? "true" : "false",
                               s->num_places - 1);
        for (j = 1; j < s->num_places; j++) {
            MktmeKey *key = &s->package[i].key[j];

            if (key->state == MKTME_KEY_CLEARED) {
                continue;
            }
            g_string_append_printf(out, "%s{\"keyid\": %u, \"state\": \"%s\"",
                                   sep, j, state_name[key->state]);
            if (key->cipher) {
                g_string_append_printf(out, ", \"alg\": \"aes-xts-%d\"",
                                       key->alg == TME_ALG_XTS_128 ? 128 : 256);
            }
            g_string_append(out, "}");
            sep = ", ";
        }
        g_string_append(out, "]}");
    }
    qemu_mutex_unlock(&s->lock);
    g_string_append(out, "]}");
    return g_string_free(out, false);
}
