/*
 * What the configuration says of the mail server of one exit type, made ready for use. It never
 * changes: a reload makes a new one, and a connection keeps the one that it began with.
 */
#ifndef SMTPSET_H
#define SMTPSET_H

#include <openssl/ssl.h>

#include "conf.h"

/* Whom to believe unless the configuration names others. */
extern const char smtpset_system_cas[];

struct smtpset {
	unsigned refs;
	char *host; /* name or address */
	uint16_t port;
	char *helo;
	int64_t reply_ms; /* how long an answer may take; twice that for the one to the text */
	enum conf_smtp_tls tls;
	SSL_CTX *ctx; /* NULL: no TLS */
	uint8_t (*pins)[DELIVERY_PIN_LEN]; /* if any: the server has one of these keys */
	size_t npins;
	char *user, *password; /* NULL: no login; the password lies in locked memory */
	struct log_state clear; /* it was said that mail goes without TLS */
};

/*
 * With one reference, the caller's. Reads the files that are named. NULL with a reason. section is
 * for messages, timeout in seconds.
 */
struct smtpset *smtpset_new(const struct conf_delivery *c, const char *section, int64_t timeout,
    struct errmsg *e);
struct smtpset *smtpset_ref(struct smtpset *s);
void smtpset_unref(struct smtpset *s); /* NULL is fine; the last one wipes */

#endif
