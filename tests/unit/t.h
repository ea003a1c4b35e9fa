/*
 * A test program: static void test_x(void) functions that CHECK, listed in TESTS, run one by one.
 * Prints "ok - NAME" or "not ok - NAME: file:line: condition"; the exit status says if any failed.
 */
#ifndef TESTS_UNIT_T_H
#define TESTS_UNIT_T_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *t_name;
static int t_failed; /* in this test */
static int t_bad; /* tests that failed */

#define CHECK(cond)                                                                            \
	do {                                                                                   \
		if (!(cond) && !t_failed) {                                                    \
			t_failed = 1;                                                          \
			printf("not ok - %s: %s:%d: %s\n", t_name, __FILE__, __LINE__, #cond); \
		}                                                                              \
	} while (0)

#define CHECK_STR(got, want)                                                                   \
	do {                                                                                   \
		const char *g_ = (got), *w_ = (want);                                          \
		if ((g_ == NULL || strcmp(g_, w_) != 0) && !t_failed) {                        \
			t_failed = 1;                                                          \
			printf("not ok - %s: %s:%d: got \"%s\", want \"%s\"\n", t_name,        \
			    __FILE__, __LINE__, g_ ? g_ : "(null)", w_);                       \
		}                                                                              \
	} while (0)

struct t_test {
	const char *name;
	void (*run)(void);
};

static int
t_main(const struct t_test *tests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		t_name = tests[i].name;
		t_failed = 0;
		tests[i].run();
		if (t_failed)
			t_bad++;
		else
			printf("ok - %s\n", t_name);
		fflush(stdout);
	}
	return t_bad != 0;
}

#define T(f) { #f, f }
#define TESTS(...)                                                    \
	int main(void)                                                \
	{                                                             \
		static const struct t_test list[] = { __VA_ARGS__ };  \
		return t_main(list, sizeof(list) / sizeof(list[0]));  \
	}

#endif
