#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "deliverd.h"
#include "password.h"
#include "smtpset.h"
#include "smtptls.h"

const char smtpset_system_cas[] = "/etc/ssl/certs/ca-certificates.crt";

static char *
copy(const char *s, size_t len)
{
	char *p = strndup(s, len);

	if (p == NULL)
		fatal("smtpset");
	return p;
}

static void
set_pins(struct smtpset *s, const struct opt_list *pins)
{
	if ((s->npins = pins->n) == 0)
		return;
	if ((s->pins = calloc(pins->n, sizeof(*s->pins))) == NULL)
		fatal("smtpset");
	for (size_t i = 0; i < pins->n; i++)
		if (hex_decode(s->pins[i], sizeof(s->pins[i]), pins->v[i],
			strlen(pins->v[i])) == -1)
			fatalx("SMTPPin was not checked");
}

/* Where a pin says who the server is, no authority is asked, nor where nobody has to be sure. */
static int
set_tls(struct smtpset *s, const struct conf_delivery *c, struct errmsg *e)
{
	const char *cas = c->smtp_ca_file != NULL ? c->smtp_ca_file : smtpset_system_cas;

	set_pins(s, &c->smtp_pins);
	if (s->tls == SMTPTLS_OFF)
		return 0;
	if (s->tls == SMTPTLS_TRY || s->npins > 0)
		cas = NULL;
	return (s->ctx = smtptls_ctx(cas, e)) == NULL ? -1 : 0;
}

static int
set_login(struct smtpset *s, const struct conf_delivery *c, struct errmsg *e)
{
	if (c->smtp_user == NULL)
		return 0;
	s->user = copy(c->smtp_user, strlen(c->smtp_user));
	return (s->password = password_read(c->smtp_password_file, e)) == NULL ? -1 : 0;
}

struct smtpset *
smtpset_new(const struct conf_delivery *c, const char *section, int64_t timeout, struct errmsg *e)
{
	struct smtpset *s = calloc(1, sizeof(*s));
	const char *helo = c->smtp_helo != NULL ? c->smtp_helo : mailbox_domain(c->return_address);
	struct errmsg why;

	if (s == NULL)
		fatal("smtpset");
	s->refs = 1;
	s->reply_ms = timeout * 1000;
	s->tls = c->smtp_tls;
	s->helo = copy(helo, strlen(helo));
	s->host = conf_mail_host(c, &s->port);
	if (set_tls(s, c, &why) == 0 && set_login(s, c, &why) == 0)
		return s;
	err_set(e, "[Delivery/%s] %s", section, why.s);
	smtpset_unref(s);
	return NULL;
}

struct smtpset *
smtpset_ref(struct smtpset *s)
{
	s->refs++;
	return s;
}

void
smtpset_unref(struct smtpset *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	SSL_CTX_free(s->ctx);
	password_free(s->password);
	free(s->user);
	free(s->pins);
	free(s->host);
	free(s->helo);
	free(s);
}
