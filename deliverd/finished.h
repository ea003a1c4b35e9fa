/*
 * The ids of fragmented messages that are over (delivered, rejected or expired), so that late
 * fragments are known: an append-only file of 24-octet records, held in memory.
 */
#ifndef FINISHED_H
#define FINISHED_H

#include <stddef.h>
#include <stdint.h>

struct finished;

/* Keeps ids for at least keep seconds. The file "finished" lies in the directory. */
struct finished *finished_open(int dirfd, int64_t keep);
void finished_free(struct finished *f);
/* Reads the file, drops what is too old, and opens it for more. 0 or -1 with errno. */
int finished_load(struct finished *f, int64_t now);
int finished_has(const struct finished *f, const uint8_t id[20]);
/* Notes n ids; durable when it returns 0. -1 with errno: none of them counts as noted. */
int finished_add(struct finished *f, const uint8_t (*ids)[20], size_t n, int64_t now);

#endif
