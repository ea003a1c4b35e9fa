#include <stdlib.h>
#include <string.h>

#include "fragset.h"

static int
msg_cmp(const struct fragmsg *a, const struct fragmsg *b)
{
	return memcmp(a->id, b->id, MSGID_LEN);
}

/* __unused, which RB_GENERATE_STATIC wants, is no word of glibc. */
RB_GENERATE_INTERNAL(fragmsg_tree, fragmsg, entry, msg_cmp, __attribute__((unused)) static)

void
fragset_init(struct fragset *s)
{
	*s = (struct fragset) { .nmessages = 0 };
	RB_INIT(&s->messages);
	TAILQ_INIT(&s->ending);
}

void
fragset_drop(struct fragset *s, struct fragmsg *m)
{
	RB_REMOVE(fragmsg_tree, &s->messages, m);
	if (m->fate != FATE_WAITING)
		TAILQ_REMOVE(&s->ending, m, ending);
	s->nmessages--;
	s->nheld -= m->n;
	frag_free(m->state);
	free(m->held);
	free(m);
}

void
fragset_clear(struct fragset *s)
{
	struct fragmsg *m;

	while ((m = RB_MIN(fragmsg_tree, &s->messages)) != NULL)
		fragset_drop(s, m);
}

struct fragmsg *
fragset_find(struct fragset *s, const uint8_t id[MSGID_LEN])
{
	struct fragmsg want = { .n = 0 };

	memcpy(want.id, id, MSGID_LEN);
	return RB_FIND(fragmsg_tree, &s->messages, &want);
}

struct fragmsg *
fragset_next(struct fragset *s, struct fragmsg *m)
{
	return m == NULL ? RB_MIN(fragmsg_tree, &s->messages) :
		RB_NEXT(fragmsg_tree, &s->messages, m);
}

static struct fragmsg *
msg_new(struct fragset *s, const struct payload *pl, int64_t first)
{
	struct fragmsg *m = calloc(1, sizeof(*m));

	if (m == NULL)
		fatal("fragset");
	m->state = frag_new(pl, NULL);
	if (m->state == NULL) {
		free(m);
		return NULL;
	}
	memcpy(m->id, pl->msgid, MSGID_LEN);
	m->first = first;
	RB_INSERT(fragmsg_tree, &s->messages, m);
	s->nmessages++;
	return m;
}

static void
hold(struct fragset *s, struct fragmsg *m, uint32_t index, const char *name)
{
	if (m->n == m->cap) {
		m->cap = m->cap * 2 + 8;
		m->held = reallocarray(m->held, m->cap, sizeof(*m->held));
		if (m->held == NULL)
			fatal("fragset");
	}
	m->held[m->n].index = index;
	strlcpy(m->held[m->n++].name, name, sizeof(m->held[0].name));
	s->nheld++;
}

void
fragset_end(struct fragset *s, struct fragmsg *m, enum fate fate)
{
	if (m->fate == FATE_WAITING)
		TAILQ_INSERT_TAIL(&s->ending, m, ending);
	m->fate = fate;
}

int
fragset_take(struct fragset *s, const struct payload *pl, const char *name, int64_t stamp,
    enum count *why)
{
	struct fragmsg *m = fragset_find(s, pl->msgid);

	if (m == NULL && (m = msg_new(s, pl, stamp)) == NULL) {
		*why = C_FRAGMENTS_BAD;
		return 0;
	}
	*why = C_FRAGMENTS_UNNEEDED;
	if (m->fate != FATE_WAITING)
		return 0;
	if (stamp < m->first)
		m->first = stamp;
	switch (frag_add(m->state, pl)) {
	case FRAG_UNNEEDED: return 0;
	case FRAG_REJECT:
		fragset_end(s, m, FATE_REJECTED);
		*why = C_FRAGMENTS_CONTRADICTING;
		return 0;
	case FRAG_COMPLETE: fragset_end(s, m, FATE_COMPLETE); break;
	case FRAG_USED: break;
	}
	hold(s, m, pl->index, name);
	return 1;
}
