/*
 * What a command found out or did, for --json: one object on standard output, whatever happens.
 */
#ifndef MIXMINION_RESULT_H
#define MIXMINION_RESULT_H

#include "json.h"

/* From here on commands fill an object instead of printing. */
void result_begin(const char *command);
/* Where a command writes its fields; NULL without --json: then it prints for people. */
struct json *result(void);
/* Ends the object with the exit status and what was said with it, prints it, forgets it. */
void result_end(int status);
/* A field, where there is an object. */
void result_number(const char *key, int64_t n);

#endif
