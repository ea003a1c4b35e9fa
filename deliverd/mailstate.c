/* What is known of a mail that waits, and its record in deliver/own/state. */
#include <stdlib.h>
#include <string.h>

#include "deliverd.h"
#include "mailstate.h"

#define STATE_MAGIC 0x4d585331 /* "MXS1" */

struct mailq_entry *
mailstate_new(const char *name, uint16_t rtype, size_t nrcpt)
{
	struct mailq_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		fatal("mailq");
	strlcpy(e->name, name, sizeof(e->name));
	e->rtype = rtype;
	e->left = (uint8_t)((1u << nrcpt) - 1);
	return e;
}

void
mailstate_pack(uint8_t s[MAILSTATE_LEN], const struct mailq_entry *e)
{
	memset(s, 0, MAILSTATE_LEN);
	put_be32(s, STATE_MAGIC);
	put_be32(s + 4, e->attempts);
	put_be32(s + 8, (uint32_t)((uint64_t)e->next >> 32));
	put_be32(s + 12, (uint32_t)e->next);
	s[16] = e->left;
	put_be32(s + 20, e->wait);
}

void
mailstate_unpack(struct mailq_entry *e, const uint8_t s[MAILSTATE_LEN], int64_t now)
{
	if (be32(s) != STATE_MAGIC)
		return;
	e->attempts = be32(s + 4);
	e->next = (int64_t)((uint64_t)be32(s + 8) << 32 | be32(s + 12));
	e->left &= s[16];
	e->wait = be32(s + 20);
	if (e->next > now && e->next - now > e->wait)
		e->next = now + e->wait;
}

void
mailstate_wait(struct mailq_entry *e, int64_t wait, int64_t now)
{
	e->wait = wait < 1 ? 1 : wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
	e->next = now + e->wait;
}

int
mailstate_next(struct mailq_entry *e, const struct conf_schedule *retry, int64_t now)
{
	if (e->attempts >= retry->n)
		return -1;
	mailstate_wait(e, retry->intervals[e->attempts++], now);
	return 0;
}

void
mailstate_settle(struct mailq_entry *e, const enum smtp_result *results)
{
	size_t n = 0;

	for (unsigned i = 0; i < MAX_RECIPIENTS; i++) {
		if (!(e->left & 1u << i))
			continue;
		if (results[n] != SMTP_LATER)
			e->left &= (uint8_t)~(1u << i);
		if (results[n] == SMTP_DELIVERED)
			count(C_DELIVERED);
		else if (results[n] == SMTP_FAILED)
			count(C_FAILED_PERMANENT);
		n++;
	}
}
