/*
 * Writing JSON (RFC 8259): one value at a time, in order, commas and escapes made here.
 */
#ifndef MIXMINION_JSON_H
#define MIXMINION_JSON_H

#include "bytes.h"

/* Zero-initialised is empty. The text is in out; the owner frees it. */
struct json {
	struct buf out;
	int follows; /* something stands before in this object or array */
};

/* key is NULL in arrays and at the top. kind is '{' or '['; json_end takes the same. */
void json_begin(struct json *j, const char *key, char kind);
void json_end(struct json *j, char kind);
/* NULL gives null; octets that are not UTF-8 become U+FFFD. */
void json_string(struct json *j, const char *key, const char *s);
void json_number(struct json *j, const char *key, int64_t n);
void json_bool(struct json *j, const char *key, int yes);

#endif
