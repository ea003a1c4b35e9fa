#include "mixminion/selftest.h"
#include "mixminion/words.h"
#include "t.h"

static char line[512], *words[WORDS_MAX + 1];
static struct errmsg e;

static int
split(const char *s)
{
	snprintf(line, sizeof(line), "%s", s);
	return words_split(line, words, &e);
}

static void
test_words(void)
{
	CHECK(split("") == 0 && split("  \t\n") == 0 && split("# send") == 0);
	CHECK(split("send -P 'A, B':C \"x \\\" y\" a\\ b ''\n") == 6 && words[6] == NULL);
	CHECK_STR(words[0], "send");
	CHECK_STR(words[2], "A, B:C");
	CHECK_STR(words[3], "x \" y");
	CHECK_STR(words[4], "a b");
	CHECK_STR(words[5], "");
	CHECK(split("a b#c #d") == 2);
	CHECK_STR(words[1], "b#c");
	CHECK(split("a 'b") == -1 && strstr(e.s, "quotes") != NULL);
}

static void
test_too_many(void)
{
	char many[2 * WORDS_MAX + 3];

	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 ? ' ' : 'a';
	many[sizeof(many) - 1] = '\0';
	CHECK(split(many) == -1 && strstr(e.s, "128") != NULL);
	many[2 * WORDS_MAX - 1] = '\0';
	CHECK(split(many) == WORDS_MAX);
}

static void
test_fixed_randomness(void)
{
	struct rng_fixed s;
	struct rng r = rng_fixed(&s);
	uint8_t a[40], b[40];

	crypto_init();
	rng_fill(&r, a, 40);
	r = rng_fixed(&s);
	rng_fill(&r, b, 7);
	rng_fill(&r, b + 7, 33);
	CHECK(memcmp(a, b, 40) == 0);
}

TESTS(T(test_words), T(test_too_many), T(test_fixed_randomness))
