/*
 * What another directory server says it signed, with every signature taken for good.
 * link: -Wl,--wrap=rsakey_verify
 */
#include "../../dird/signed.c"

#include "anysig.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct signed_doc d, again;
	struct dir_voter *all;
	struct buf out = { 0 };
	struct errmsg e;

	if (signed_parse(&d, (const char *)data, len, &e) == -1)
		return 0;
	signed_format(&out, &d);
	/* What is written is read, all of it. */
	HOLDS(signed_parse(&again, (const char *)out.p, out.len, &e) == 0);
	HOLDS(again.nsigs == d.nsigs && memcmp(again.digest, d.digest, HASH_LEN) == 0);
	if ((all = calloc(d.nsigs + 1, sizeof(*all))) == NULL)
		abort();
	for (size_t i = 0; i < d.nsigs; i++)
		memcpy(all[i].fingerprint, d.sigs[i].fingerprint, HASH_LEN);
	HOLDS(signed_merge(&d, &again, all, d.nsigs) == 0);
	free(all);
	signed_free(&d);
	signed_free(&again);
	buf_free(&out);
	return 0;
}
