/*
 * What a directory server answers to an upload: whatever it is, the message is printable, ends, and
 * only what dir-spec 5.2 says is taken for accepted.
 */
#include <string.h>

#include "../../dirsync/hostcache.c"
#include "../../dirsync/hostlist.c"
#include "../../dirsync/parse.c"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reply_rep rep;

	parse_reply(&rep, (const char *)data, len);
	HOLDS(memchr(rep.message, '\0', sizeof(rep.message)) != NULL);
	for (const char *p = rep.message; *p != '\0'; p++)
		HOLDS(*p >= ' ' && *p <= '~');
	HOLDS(rep.outcome != UPLOAD_ACCEPTED || (len >= 17 && memcmp(data, "Status:", 7) == 0 &&
	    strcmp(rep.message, "Accepted.") == 0));
	return 0;
}
