#include "t.h"

#include "infofmt.h"

static int
parse(struct info *in, const char *text, enum info_dialect d, struct errmsg *e)
{
	return info_parse(in, text, strlen(text), d, e);
}

static int
refused(const char *text, enum info_dialect d, const char *why)
{
	struct info in;
	struct errmsg e;

	if (parse(&in, text, d, &e) == 0) {
		info_free(&in);
		return 0;
	}
	return strstr(e.s, why) != NULL;
}

static const char *
value(const struct info *in, const char *section, const char *key)
{
	const struct info_section *s = info_section(in, section);
	const struct info_entry *en = s != NULL ? info_entry(s, key) : NULL;

	return en != NULL ? en->value : NULL;
}

static void
test_exchange_reads_sections_in_order(void)
{
	struct info in;
	struct errmsg e;

	CHECK(parse(&in, "[B]\r\nOne: 1 2\r\n[A] \rEmpty:\r\tTwo:\t 2 \n", INFO_EXCHANGE, &e) == 0);
	CHECK(in.n == 2);
	CHECK_STR(in.sections[0].name, "B");
	CHECK_STR(in.sections[1].name, "A");
	CHECK_STR(value(&in, "B", "One"), "1 2");
	CHECK_STR(value(&in, "A", "Empty"), "");
	CHECK_STR(value(&in, "A", "Two"), "2");
	CHECK(info_section(&in, "A")->entries[1].line == 5);
	CHECK(info_section(&in, "a") == NULL);
	info_free(&in);
}

static void
test_exchange_is_strict(void)
{
	CHECK(refused("", INFO_EXCHANGE, "empty"));
	CHECK(refused("[A]\n\nB: c\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\n# b\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\nB:c\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\nB : c\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\nB\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\n: c\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[A]\nB: \xe9\n", INFO_EXCHANGE, "line 2"));
	CHECK(refused("[ A ]\n", INFO_EXCHANGE, "line 1"));
	CHECK(refused("[A] x\n", INFO_EXCHANGE, "line 1"));
	CHECK(refused("[]\n", INFO_EXCHANGE, "line 1"));
	CHECK(refused("[\n", INFO_EXCHANGE, "line 1"));
	CHECK(refused("B: c\n[A]\n", INFO_EXCHANGE, "line 1"));
}

static void
test_config_takes_what_people_write(void)
{
	static const char text[] = "# remark \xc3\xa9\n\n[ Server ]\nA: one\n   two\n\t three\n"
				   "   # not part of it\nB = 2\nC 3\n\n[Empty]\n";
	struct info in;
	struct errmsg e;

	CHECK(parse(&in, text, INFO_CONFIG, &e) == 0);
	CHECK_STR(value(&in, "Server", "A"), "one two three");
	CHECK_STR(value(&in, "Server", "B"), "2");
	CHECK_STR(value(&in, "Server", "C"), "3");
	CHECK(info_section(&in, "Empty")->n == 0);
	info_free(&in);
	CHECK(parse(&in, "", INFO_CONFIG, &e) == 0);
	CHECK(in.n == 0);
}

static void
test_config_faults_have_lines(void)
{
	CHECK(refused("[A]\n  x\n", INFO_CONFIG, "line 2"));
	CHECK(refused("  x\n", INFO_CONFIG, "line 1"));
	CHECK(refused("\n\nA: b\n", INFO_CONFIG, "line 3"));
	CHECK(refused("[A]\nword\n", INFO_CONFIG, "line 2"));
	CHECK(refused("[A]\nB: \xff\n", INFO_CONFIG, "line 2"));
}

static void
test_normalize(void)
{
	struct buf b = { 0 };

	info_normalize(&b, "  [A] \r\nB: c\t\rD:  e\n\nF", 22);
	CHECK_STR(buf_cstr(&b), "[A]\nB: c\nD:  e\n\nF\n");
	buf_free(&b);
}

TESTS(T(test_exchange_reads_sections_in_order), T(test_exchange_is_strict),
    T(test_config_takes_what_people_write), T(test_config_faults_have_lines), T(test_normalize))
