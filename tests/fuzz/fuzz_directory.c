/*
 * Directories of both formats, plain or gzip, with every signature taken for good.
 * link: -Wl,--wrap=rsakey_verify
 */
#include "anysig.h"
#include "directory.h"
#include "fuzz.h"

#define NOW 1796000000 /* when what is in the vectors is valid */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t trusted[1][HASH_LEN];
	struct errmsg e;
	struct directory *d = directory_parse_any(data, len, NOW, &e);

	if (d == NULL)
		return 0;
	(void)directory_check(d, trusted, 1, NOW, 1, &e);
	(void)directory_recommends(d, "MixOpen1");
	(void)directory_check_vote(d, d->voters, d->nvoters, d->valid_after, &e);
	directory_free(d);
	return 0;
}
