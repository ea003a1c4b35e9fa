/* OAEP with SHA-1, MGF1 and the label of minion-spec 3.1.1.4, as pure functions; see rsakey.h. */
#include <string.h>

#include "rsakey.h"

static const char oaep_label[] = OAEP_LABEL;

/* XORs MGF1(seed) over p. */
static void
mgf1_xor(uint8_t *p, size_t len, const uint8_t *seed, size_t slen)
{
	uint8_t counter[4], md[HASH_LEN];
	struct chunk c[] = { { seed, slen }, { counter, sizeof(counter) } };

	for (uint32_t i = 0; len > 0; i++) {
		size_t n = len < HASH_LEN ? len : HASH_LEN;

		put_be32(counter, i);
		sha1_parts(md, c, 2);
		for (size_t j = 0; j < n; j++)
			p[j] ^= md[j];
		p += n;
		len -= n;
	}
	wipe(md, sizeof(md));
}

int
oaep_encode(
    uint8_t *block, size_t klen, const uint8_t seed[HASH_LEN], const void *msg, size_t mlen)
{
	uint8_t *db = block + 1 + HASH_LEN;
	size_t dblen = klen - 1 - HASH_LEN;

	if (klen < PK_OVERHEAD_LEN || mlen > klen - PK_OVERHEAD_LEN)
		return -1;
	block[0] = 0;
	memcpy(block + 1, seed, HASH_LEN);
	sha1(db, oaep_label, strlen(oaep_label));
	memset(db + HASH_LEN, 0, dblen - HASH_LEN - mlen - 1);
	db[dblen - mlen - 1] = 1;
	if (mlen != 0)
		memcpy(db + dblen - mlen, msg, mlen);
	mgf1_xor(db, dblen, block + 1, HASH_LEN);
	mgf1_xor(block + 1, HASH_LEN, db, dblen);
	return 0;
}

int
oaep_decode(uint8_t *msg, size_t *mlen, const uint8_t *block, size_t klen)
{
	uint8_t b[RSA_MAX_LEN], label[HASH_LEN];
	uint8_t *db = b + 1 + HASH_LEN;
	size_t i;

	if (klen < PK_OVERHEAD_LEN || klen > sizeof(b) || block[0] != 0)
		return -1;
	memcpy(b, block, klen);
	mgf1_xor(b + 1, HASH_LEN, db, klen - 1 - HASH_LEN);
	mgf1_xor(db, klen - 1 - HASH_LEN, b + 1, HASH_LEN);
	sha1(label, oaep_label, strlen(oaep_label));
	if (memcmp(db, label, HASH_LEN) != 0)
		return -1;
	for (i = 1 + 2 * HASH_LEN; i < klen && b[i] == 0;)
		i++;
	if (i == klen || b[i] != 1)
		return -1;
	*mlen = klen - i - 1;
	memcpy(msg, b + i + 1, *mlen);
	return 0;
}
