#include <string.h>

#include "crypto.h"
#include "log.h"
#include "mmtp.h"
#include "sender.h"
#include "tlsdial.h"

/* One conversation. */
struct talk {
	struct sender_job *job;
	int junk;
	struct dial d;
	struct mmtp_client mmtp;
	struct buf out; /* what is being written, from off on */
	size_t off;
	size_t next; /* the packet to send after it */
	size_t window[MMTP_MAX_WINDOW]; /* packets without an answer, oldest first */
	size_t nwindow;
	int ready; /* the server has chosen our version */
};

/* The frame of the next packet that is still there. */
static void
next_frame(struct talk *t)
{
	uint8_t padding[PACKET_LEN];
	struct mmtp_acks acks;
	const uint8_t *p = NULL;

	while (p == NULL && t->next < t->job->n) {
		if (t->junk) {
			rng_fill(&rng_system, padding, sizeof(padding));
			p = padding;
		} else {
			p = t->job->packet(t->job->ctx, t->next);
		}
		t->next++;
	}
	if (p == NULL)
		return;
	buf_reset(&t->out);
	t->off = 0;
	mmtp_frame(&t->out, &acks, p, t->junk);
	if (mmtp_client_sent(&t->mmtp, &acks) == -1)
		fatalx("a frame beyond the window");
	t->window[t->nwindow++] = t->next - 1;
}

static void
answered(struct talk *t, int received)
{
	size_t i = t->window[0];

	t->nwindow--;
	memmove(t->window, t->window + 1, t->nwindow * sizeof(t->window[0]));
	if (received) {
		t->job->nacked++;
		if (t->job->acked != NULL)
			t->job->acked(t->job->ctx, i);
	} else {
		t->job->nrejected++;
	}
}

static int
take(struct talk *t, const uint8_t *p, size_t len, struct errmsg *e)
{
	enum mmtp_cevent ev;

	while (len > 0) {
		size_t n = mmtp_client_feed(&t->mmtp, p, len, &ev);

		p += n;
		len -= n;
		if (ev == MMTP_C_ERROR)
			return err_set(e, "MMTP: %s", t->mmtp.why);
		if (ev == MMTP_C_READY)
			t->ready = 1;
		if ((ev == MMTP_C_ACKED || ev == MMTP_C_REJECTED) && t->nwindow > 0)
			answered(t, ev == MMTP_C_ACKED);
	}
	return 0;
}

/* Writes and reads what can be without waiting; 1 if anything moved. */
static int
step(struct talk *t, struct errmsg *e)
{
	uint8_t in[1024];
	ssize_t w = 0, r;

	if (t->off == t->out.len && t->ready && t->nwindow < MMTP_MAX_WINDOW)
		next_frame(t);
	if (t->off < t->out.len) {
		w = dial_write(&t->d, t->out.p + t->off, t->out.len - t->off, e);
		if (w == -1)
			return -1;
		t->off += (size_t)w;
	}
	r = dial_read(&t->d, in, sizeof(in), e);
	if (r == -1 || take(t, in, (size_t)r, e) == -1)
		return -1;
	return w > 0 || r > 0;
}

static int
finished(const struct talk *t)
{
	return t->ready && t->next == t->job->n && t->off == t->out.len && t->nwindow == 0;
}

static int
converse(struct talk *t, struct errmsg *e)
{
	int r;

	buf_str(&t->out, MMTP_HELLO);
	while (!finished(t)) {
		r = step(t, e);
		if (r == -1)
			return -1;
		if (r == 0 && !finished(t) && dial_wait(&t->d, t->off < t->out.len, e) == -1)
			return -1;
	}
	return 0;
}

static int
run(struct sender_job *job, int junk, struct errmsg *e)
{
	struct talk t = { .job = job, .junk = junk };
	struct errmsg why;
	int r;

	job->nacked = job->nrejected = 0;
	if (dial_open(&t.d, &job->to, job->kind, job->timeout, e) == -1)
		return -1;
	mmtp_client_init(&t.mmtp);
	r = converse(&t, &why);
	if (r == -1)
		(void)err_set(e, "%s:%u: %s", job->to.host, job->to.port, why.s);
	else if (job->nrejected > 0)
		r = err_set(e, "%s:%u: the server refused %zu packets", job->to.host,
		    job->to.port, job->nrejected);
	dial_close(&t.d);
	buf_wipe(&t.out);
	return r;
}

int
sender_send(struct sender_job *job, struct errmsg *e)
{
	return run(job, 0, e);
}

int
sender_ping(struct sender_job *job, struct errmsg *e)
{
	job->n = 1;
	return run(job, 1, e);
}
