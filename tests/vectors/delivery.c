/* What an exit makes of a payload, as the files b and i say it; see vec.h. */
#include "delivered.h"
#include "vec.h"

static const char *
type_name(const struct delivery *d)
{
	if (d->error)
		return "error";
	if (d->type == MT_ENCRYPTED || d->type == MT_OVERCOMPRESSED)
		return message_type_name(d->type);
	return "plain";
}

static void
check_header(const json_t *headers, const char *name, const char *got)
{
	const char *want = json_string_value(json_object_get(headers, name));

	VEC((want == NULL) == (got == NULL));
	if (want != NULL && got != NULL)
		VEC(strcmp(want, got) == 0);
}

void
vec_check_delivery(const struct unwrapped *got, const json_t *want)
{
	const json_t *headers = json_object_get(want, "headers");
	struct delivery d;
	struct buf text = { 0 };

	delivery_from_payload(&d, got->payload, exit_has_tag(got->rtype) ? got->ri : NULL);
	VEC(strcmp(type_name(&d), vec_str(want, "decoded_type")) == 0);
	if (json_object_get(want, "is_fragment") != NULL)
		VEC((!d.error && d.type == MT_FRAGMENT) ==
		    json_is_true(json_object_get(want, "is_fragment")));
	if (headers != NULL) {
		check_header(headers, "SUBJECT", d.headers.subject);
		check_header(headers, "FROM", d.headers.from);
		check_header(headers, "IN-REPLY-TO", d.headers.in_reply_to);
		check_header(headers, "REFERENCES", d.headers.references);
	}
	if (json_object_get(want, "delivered_text") != NULL) {
		struct buf b = vec_bytes(want, "delivered_text");

		delivery_armor(&text, &d);
		VEC(vec_eq(&b, text.p, text.len));
		buf_free(&b);
	}
	buf_free(&text);
	delivery_free(&d);
}
