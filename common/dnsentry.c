#include <arpa/inet.h>

#include "dns.h"

void
dns_curl_entry(struct buf *out, const char *host, unsigned port, const struct resolve_rep *rep)
{
	char s[INET6_ADDRSTRLEN];
	const char *comma = "";

	buf_printf(out, "%s:%u:", host, port);
	for (uint32_t i = 0; i < rep->n6; i++, comma = ",")
		buf_printf(
		    out, "%s[%s]", comma, inet_ntop(AF_INET6, rep->a6[i], s, sizeof(s)));
	for (uint32_t i = 0; i < rep->n4; i++, comma = ",")
		buf_printf(out, "%s%s", comma, inet_ntop(AF_INET, rep->a4[i], s, sizeof(s)));
}
