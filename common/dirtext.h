/*
 * Pieces that reading, writing and tallying directories share. Private to them.
 */
#ifndef COMMON_DIRTEXT_H
#define COMMON_DIRTEXT_H

#include "directory.h"

/* Where the next line that is exactly mark begins, at or behind from; len if there is none. */
size_t dirtext_find(const char *text, size_t len, size_t from, const char *mark);
/* A new entry at the end of an array of n strings. */
void dirtext_add(char ***list, size_t *n, const char *s, size_t len);
void dirtext_free(char **list, size_t n);
/* Sorts and drops what stands there twice. */
void dirtext_sort(const char **list, size_t *n, int (*cmp)(const char *, const char *));
/* Order of voters: by fingerprint, then by URL. */
int voter_cmp(const struct dir_voter *a, const struct dir_voter *b);
/* Order of descriptors in a directory: nickname in lower case, Valid-After, digest. */
int dirtext_desc_cmp(const struct desc *a, const struct desc *b);

#endif
