#include <sys/prctl.h>

#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "log.h"
#include "mixminiond.h"

/* Offsets from --uid-base; a process's own gid is its uid. */
static const uid_t uid_offset[P_COUNT] = {
	[P_KEYD] = 0,
	[P_MIXER] = 1,
	[P_MMTPD] = 2,
	[P_DELIVERD] = 3,
	[P_DIRSYNC] = 4,
};
static const gid_t edge_offset[] = { [EDGE_IN] = 10, [EDGE_OUT] = 11, [EDGE_DEL] = 12 };
#define CONTROL_OFFSET 20

void
owners_init(struct owners *o, uid_t base)
{
	o->many = geteuid() == 0;
	o->base = base;
}

uid_t
owners_uid(const struct owners *o, enum proc_id p)
{
	return o->many ? o->base + uid_offset[p] : geteuid();
}

gid_t
owners_gid(const struct owners *o, enum proc_id p)
{
	return o->many ? o->base + uid_offset[p] : getegid();
}

gid_t
owners_edge(const struct owners *o, enum edge e)
{
	return o->many ? o->base + edge_offset[e] : getegid();
}

gid_t
owners_control(const struct owners *o)
{
	return o->many ? o->base + CONTROL_OFFSET : getegid();
}

/* An edge's group has two members: its consumer and its one producer. */
size_t
owners_groups(const struct owners *o, enum proc_id p, gid_t groups[3])
{
	size_t n = 0;

	if (p == P_MIXER || p == P_MMTPD)
		groups[n++] = owners_edge(o, EDGE_IN);
	if (p == P_MIXER || p == P_MMTPD)
		groups[n++] = owners_edge(o, EDGE_OUT);
	if (p == P_MIXER || p == P_DELIVERD)
		groups[n++] = owners_edge(o, EDGE_DEL);
	return n;
}

/* What no_new_privs makes useless goes as well; EINVAL is the end of the kernel's list. */
static void
drop_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		continue;
	if (errno != EINVAL)
		fatal("prctl");
}

void
owners_become(const struct owners *o, enum proc_id p)
{
	uid_t uid = owners_uid(o, p), r, e, s;
	gid_t gid = owners_gid(o, p), rg, eg, sg;
	gid_t groups[3];
	size_t n;

	if (!o->many)
		return;
	drop_bounding_set();
	n = owners_groups(o, p, groups);
	if (setgroups(n, groups) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		fatal("becoming uid %u", (unsigned)uid);
	if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1 || r != uid || e != uid ||
	    s != uid || rg != gid || eg != gid || sg != gid || setuid(0) != -1)
		fatalx("uid %u was not taken on for good", (unsigned)uid);
}
