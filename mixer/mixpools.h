/*
 * What mixer works on: its pool directories, the secret and identity of the node, and the list of
 * what lies in mix/.
 */
#ifndef MIXER_MIXPOOLS_H
#define MIXER_MIXPOOLS_H

#include "namelist.h"
#include "names.h"

struct mixpools {
	struct pool incoming; /* bare packets, from mmtpd */
	struct pool own; /* incoming/own/: records for this node itself, quarantine, the secret */
	struct pool mix; /* records, unwrapped */
	struct pool outgoing; /* to mmtpd */
	struct pool deliver; /* to deliverd */
	uint8_t secret[NAMES_SECRET_LEN];
	uint8_t keyid[HASH_LEN];
	/*
	 * The files of mix/ that may leave: their COMMIT is answered, and no batch has them yet.
	 */
	struct namelist ready;
};

/*
 * Opens the five directories of a QueueDir. Fatal with what to do where one is missing or not ours.
 */
void mixpools_open(struct mixpools *p, const char *queue_dir);
/* Sets a file aside that is not what it should be; counted. 0, or -1 if it has to stay. */
int mixpools_quarantine(struct mixpools *p, struct pool *from, const char *name);

#endif
