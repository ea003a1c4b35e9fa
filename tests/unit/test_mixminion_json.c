#include "mixminion/json.h"
#include "t.h"

static void
test_values(void)
{
	struct json j = { .follows = 0 };

	json_begin(&j, NULL, '{');
	json_string(&j, "a", "x");
	json_string(&j, "none", NULL);
	json_begin(&j, "list", '[');
	json_number(&j, NULL, -5);
	json_begin(&j, NULL, '{');
	json_end(&j, '{');
	json_bool(&j, NULL, 1);
	json_end(&j, '[');
	json_bool(&j, "b", 0);
	json_end(&j, '{');
	CHECK_STR(buf_cstr(&j.out),
	    "{\"a\":\"x\",\"none\":null,\"list\":[-5,{},true],\"b\":false}");
	buf_free(&j.out);
}

static const char *
escaped(const char *s)
{
	static char out[128];
	struct json j = { .follows = 0 };

	json_string(&j, NULL, s);
	snprintf(out, sizeof(out), "%s", buf_cstr(&j.out));
	buf_free(&j.out);
	return out;
}

static void
test_escapes(void)
{
	CHECK_STR(escaped("q\"b\\"), "\"q\\\"b\\\\\"");
	CHECK_STR(escaped("\n\x1b\x7f"), "\"\\u000a\\u001b\\u007f\"");
	CHECK_STR(escaped("\xc3\xa9"), "\"\xc3\xa9\"");
	CHECK_STR(escaped("\xc3(\xff"), "\"\\ufffd(\\ufffd\"");
	CHECK_STR(escaped("\xc3("), "\"\\ufffd(\"");
}

TESTS(T(test_values), T(test_escapes))
