/*
 * SIGN: a descriptor of our own. Nothing is signed that does not say what we know to be so:
 * nickname, identity, packet key and dates of a key set of ours.
 */
#ifndef KEYD_SIGNDESC_H
#define KEYD_SIGNDESC_H

#include "keyset.h"

/*
 * Appends the signed text. -1 with a reason. The identity signs before the check of the whole
 * (the parser knows signed descriptors only); what is refused leaves no signature behind.
 */
int signdesc(const struct keystore *ks, const struct keyset *s, const char *nickname,
    const char *text, size_t len, int64_t now, struct buf *out, struct errmsg *e);
/* Stores it as key_NNNN/ServerDesc, durable. -1 with a reason. */
int signdesc_store(
    struct keystore *ks, struct keyset *s, const struct buf *signed_text, struct errmsg *e);
/*
 * KeyDir/current-desc: the paths of the descriptors of the live key sets, a line each, as the
 * reference has it.
 */
int signdesc_current(const struct keystore *ks, const char *key_dir, int64_t overlap, int64_t now,
    struct errmsg *e);

#endif
