/*
 * Descriptors, with the digest made right and every signature taken for good: else nothing
 * behind them would be reached.
 * link: -Wl,--wrap=rsakey_verify
 */
#include "anysig.h"
#include "desc.h"
#include "fuzz.h"

#define NOW 1796000000 /* when what is in the vectors is valid */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t sig[256];
	const char *text = (const char *)data;
	uint8_t md[HASH_LEN];
	struct errmsg e;
	struct mix_addr a;
	struct desc *d, *again;
	struct buf filled = { 0 };

	desc_digest(md, text, len);
	if (desc_fill(&filled, text, len, md, sig, sizeof(sig), &e) == -1)
		buf_put(&filled, data, len);
	d = desc_parse((const char *)filled.p, filled.len, NOW, &e);
	if (d != NULL) {
		const struct desc *others[1] = { d };

		(void)desc_addr(d, &a);
		(void)desc_valid_at(d, NOW);
		HOLDS(!desc_superseded(d, others, 1));
		again = desc_parse(d->text, d->textlen, NOW, &e);
		HOLDS(again != NULL && memcmp(again->digest, d->digest, HASH_LEN) == 0);
		desc_free(again);
		desc_free(d);
	}
	buf_free(&filled);
	return 0;
}
