/*
 * The connection to a mail server: looked up anew each time, over which mails go as long as there
 * are any, with time limits.
 */
#ifndef SMTPCONN_H
#define SMTPCONN_H

#include "deliverd.h"
#include "lookup.h"
#include "smtpset.h"

struct smtpconn;
struct smtpconn_ops {
	/* The next mail to send: 1, or 0 if there is none now. It stays valid until done. */
	int (*next)(void *arg, const struct mail **m);
	/* The outcome of the mail that next gave. */
	void (*done)(void *arg, const enum smtp_result *results);
	/* No mail can go: no address of the server takes a connection, or it does not want us. */
	void (*unreachable)(void *arg, const char *why);
	/* A connection over which mails could go has ended: kick again if there are more. */
	void (*over)(void *arg);
};

struct smtpconn *smtpconn_new(struct loop *l, struct lookup *lookup,
    const struct smtpconn_ops *ops, void *arg);
/* There is mail for this server; nothing happens if one is on its way. */
void smtpconn_kick(struct smtpconn *c, struct smtpset *set);
/* It takes a mail at once, or will when it is connected. */
int smtpconn_up(const struct smtpconn *c);
void smtpconn_free(struct smtpconn *c);

#endif
