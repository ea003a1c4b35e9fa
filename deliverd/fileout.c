#include <errno.h>
#include <stdlib.h>

#include "fileout.h"
#include "lane.h"

struct fileout {
	struct mailq *q;
	int dirfd;
	const struct conf_schedule *retry;
	int stopping;
	struct loop_timer *timer;
	struct log_state trouble;
};

static void
arm(struct fileout *o)
{
	int64_t next = mailq_next(o->q, LANE_FILES), now = daemon_steady();

	if (next == -1 || o->retry == NULL || o->stopping)
		loop_timer_set(o->timer, -1);
	else
		loop_timer_set(o->timer, next <= now ? 0 : (next - now) * 1000);
}

/* One at a time: others have their turn between two. */
static void
on_timer(void *arg)
{
	struct fileout *o = arg;
	struct mailq_entry *e;
	enum smtp_result result = SMTP_DELIVERED;
	struct mail m;

	if (o->retry == NULL || o->stopping)
		return;
	if ((e = mailq_take(o->q, LANE_FILES, daemon_steady(), &m)) != NULL) {
		if (o->dirfd == -1)
			errno = ENOENT;
		if (o->dirfd == -1 || fileout_store(o->dirfd, m.to.addr[0], e->name + 4, m.from,
		    &m.text, daemon_now()) == -1) {
			result = SMTP_LATER;
			if (log_once(&o->trouble))
				log_warn("a mail cannot be stored in MailboxDir; it waits");
		} else {
			log_again(&o->trouble);
		}
		mailq_done(o->q, e, &result, o->retry, daemon_steady());
		mail_free(&m);
	}
	arm(o);
}

struct fileout *
fileout_new(struct loop *l, struct mailq *q, int dirfd)
{
	struct fileout *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("fileout");
	o->q = q;
	o->dirfd = dirfd;
	o->timer = loop_timer(l, on_timer, o);
	return o;
}

void
fileout_configure(struct fileout *o, const struct conf_schedule *retry)
{
	o->retry = retry;
	log_again(&o->trouble);
}

void
fileout_kick(struct fileout *o)
{
	arm(o);
}

void
fileout_stop(struct fileout *o)
{
	o->stopping = 1;
}

void
fileout_free(struct fileout *o)
{
	if (o == NULL)
		return;
	loop_timer_free(o->timer);
	free(o);
}
