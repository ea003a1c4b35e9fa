/*
 * The SMTP exit type: the routing info names the recipients (E2E-spec 3.3.1), of whom the block
 * list takes some out.
 */
#include <string.h>

#include "blocklist.h"
#include "deliverd.h"
#include "routing.h"

enum count
smtpexit_recipients(const uint8_t *info, size_t len, struct recipients *to)
{
	const uint8_t *end = info + len, *nul;
	size_t n;

	to->n = 0;
	if (!mailboxes_valid(info, len))
		return C_DROPS_BAD_ADDRESS;
	for (;; info = nul + 1) {
		nul = memchr(info, 0, (size_t)(end - info));
		n = (size_t)((nul == NULL ? end : nul) - info);
		if (n > MAX_MAILBOX || to->n == MAX_RECIPIENTS)
			return C_DROPS_BAD_ADDRESS;
		memcpy(to->addr[to->n], info, n);
		to->addr[to->n++][n] = '\0';
		if (nul == NULL)
			return C_NONE;
	}
}

enum count
smtpexit_leave_out(struct blocklist *b, struct recipients *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < to->n; i++) {
		if (blocklist_blocks(b, to->addr[i]))
			continue;
		if (kept != i)
			memcpy(to->addr[kept], to->addr[i], sizeof(to->addr[kept]));
		kept++;
	}
	if (kept == 0) /* the caller counts the last of them */
		count_n(C_DROPS_BLOCKED, to->n - 1);
	else
		count_n(C_DROPS_BLOCKED, to->n - kept);
	to->n = kept;
	return kept == 0 ? C_DROPS_BLOCKED : C_NONE;
}
