/* Routing info and mailboxes. */
#include <ctype.h>

#include "fuzz.h"
#include "routing.h"

/* The host form packs to itself, but for case. */
static void
check_host(const struct mix_addr *a, const uint8_t *ri, size_t len)
{
	struct buf b = { 0 };

	routing_pack_host(&b, a);
	HOLDS(b.len == len);
	for (size_t i = 0; i < len; i++)
		HOLDS(b.p[i] == ri[i] || (i >= 22 && b.p[i] == tolower(ri[i])));
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mix_addr a;
	struct errmsg e;

	if (len == 0)
		return 0;
	if (routing_parse(&a, data[0], data + 1, len - 1, &e) == 0) {
		HOLDS(host_plausible(a.host, strlen(a.host)));
		if (data[0] >= RT_FWD_HOST)
			check_host(&a, data + 1, len - 1);
	}
	if (mailbox_valid((const char *)data, len))
		HOLDS(memchr(data, '@', len) != NULL && mailboxes_valid(data, len));
	(void)mailboxes_valid(data, len);
	return 0;
}
