/* keys.json: servers, recipients, directory authorities; see vec.h. */
#include <stdio.h>
#include <stdlib.h>

#include "vec.h"

struct vec_keys keys;

static struct rsakey *
load_key(const json_t *o, const char *field)
{
	struct buf der = vec_bytes(o, field);
	struct errmsg e;
	struct rsakey *k = rsakey_from_private_der(der.p, der.len, &e);

	if (k == NULL) {
		printf("not ok - keys: %s: %s\n", field, e.s);
		exit(1);
	}
	buf_free(&der);
	return k;
}

static void
load_server(struct vec_server *s, const json_t *o)
{
	s->nick = vec_str(o, "nickname");
	s->identity = load_key(o, "identity_private_der_hex");
	s->packet = load_key(o, "packet_private_der_hex");
	s->hop.key = s->packet;
	(void)snprintf(s->hop.addr.host, sizeof(s->hop.addr.host), "%s", vec_str(o, "hostname"));
	s->hop.addr.port = (uint16_t)vec_int(o, "port");
	rsakey_keyid(s->identity, s->hop.addr.keyid);
}

/* As many as there is room for. */
static size_t
count(const json_t *list)
{
	size_t n = json_array_size(list);

	return n < VEC_MAX_SERVERS ? n : VEC_MAX_SERVERS;
}

void
vec_keys_load(void)
{
	json_t *v = vec_load("keys"), *list, *o;

	list = json_object_get(v, "servers");
	for (keys.nservers = 0; keys.nservers < count(list); keys.nservers++)
		load_server(&keys.servers[keys.nservers], json_array_get(list, keys.nservers));
	list = json_object_get(v, "recipients");
	for (keys.nrecipients = 0; keys.nrecipients < count(list); keys.nrecipients++) {
		o = json_array_get(list, keys.nrecipients);
		keys.recipients[keys.nrecipients].name = vec_str(o, "name");
		keys.recipients[keys.nrecipients].key = load_key(o, "private_der_hex");
	}
	list = json_object_get(v, "directory_identities");
	for (keys.ndirectory = 0; keys.ndirectory < count(list); keys.ndirectory++)
		keys.directory[keys.ndirectory] =
		    load_key(json_array_get(list, keys.ndirectory), "private_der_hex");
}

void
vec_keys_free(void)
{
	for (size_t i = 0; i < keys.nservers; i++) {
		rsakey_free(keys.servers[i].identity);
		rsakey_free(keys.servers[i].packet);
	}
	for (size_t i = 0; i < keys.nrecipients; i++)
		rsakey_free(keys.recipients[i].key);
	for (size_t i = 0; i < keys.ndirectory; i++)
		rsakey_free(keys.directory[i]);
}

const struct vec_server *
vec_server(const char *nick)
{
	for (size_t i = 0; i < keys.nservers; i++)
		if (strcmp(keys.servers[i].nick, nick) == 0)
			return &keys.servers[i];
	printf("not ok - keys: no server %s\n", nick);
	exit(1);
}

size_t
vec_path(struct hop *out, const json_t *nicknames)
{
	size_t n = json_array_size(nicknames);

	for (size_t i = 0; i < n && i < MAX_HOPS; i++)
		out[i] = vec_server(json_string_value(json_array_get(nicknames, i)))->hop;
	return n;
}
