/*
 * URLs as configurations name them: scheme, host, port, path. RFC 3986, as far as a directory
 * server or a proxy needs it.
 */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include "mix.h"

#define URL_MAX 500 /* characters */

struct url {
	char scheme[12]; /* lower case */
	char host[MAX_HOSTNAME + 1]; /* a name, or an address without brackets */
	uint16_t port; /* the scheme's own where none is given */
	const char *path; /* into the text: from the '/' on, or its end */
};

/*
 * schemes: those that are taken, separated by blanks. Neither user names nor fragments, printable
 * ASCII alone. -1 with a reason.
 */
int url_parse(struct url *u, const char *s, const char *schemes, struct errmsg *e);

#define URL_WEB	  "http https"
#define URL_PROXY "http https socks5h"

#endif
