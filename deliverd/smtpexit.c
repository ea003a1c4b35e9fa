/*
 * The SMTP exit type: the routing info names the recipients (E2E-spec 3.3.1). A block list
 * belongs here: it looks at the recipients that this function gives.
 */
#include <string.h>

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
