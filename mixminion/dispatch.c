#include <sysexits.h>

#include "dispatch.h"
#include "result.h"
#include "ui.h"

static int
hand_over(struct client *c, struct outbox *o, size_t *not_sent)
{
	struct queue *q = o->in_memory ? NULL : &o->queue;
	size_t left;

	parcels_shuffle(o->parcels, o->n);
	left = deliver(c, q, o->parcels, o->n);
	if (not_sent != NULL)
		*not_sent = left;
	result_number("sent", (int64_t)(o->n - left));
	result_number(q != NULL ? "queued" : "lost", (int64_t)left);
	if (left == 0)
		ui_info("Sent: %zu packets.", o->n);
	else if (q == NULL)
		return ui_fail(EX_UNAVAILABLE, "%zu of %zu packets are lost: --no-queue was given",
		    left, o->n);
	else
		ui_info("%zu of %zu packets stay in the queue; try mixminion flush later.", left,
		    o->n);
	return 0;
}

int
dispatch(struct client *c, struct outbox *o, enum dispatch_how how, size_t *left)
{
	result_number("packets", (int64_t)o->n);
	if (how != DISPATCH_QUEUE)
		return hand_over(c, o, left);
	if (left != NULL)
		*left = o->n;
	result_number("queued", (int64_t)o->n);
	ui_info("Queued: %zu packets.", o->n);
	return 0;
}
