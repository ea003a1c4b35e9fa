/* Which names are suggested to somebody who typed one that is not known. */
#include "mixminion/nearest.h"
#include "t.h"

static const char *const names[] = { "Alpha", "Alpine", "Bravo", "Charly", "Charlie", "Delta",
	"Delta2", "Delta3", "Delta4", "X", NULL };

static const char *
said(const char *typed)
{
	static char text[256];
	struct nearest n = { .typed = typed };
	struct buf b = { 0 };

	for (size_t i = 0; names[i] != NULL; i++)
		nearest_offer(&n, names[i]);
	nearest_say(&b, &n);
	snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_free(&b);
	return text;
}

static void
test_slips(void)
{
	CHECK_STR(said("Bravos"), "; did you mean Bravo?"); /* one too many */
	CHECK_STR(said("Brvo"), "; did you mean Bravo?"); /* one missing */
	CHECK_STR(said("Brano"), "; did you mean Bravo?"); /* another */
	CHECK_STR(said("brvao"), "; did you mean Bravo?"); /* two swapped, and the case */
	CHECK_STR(said("Charlye"), "; did you mean Charlie or Charly?");
}

static void
test_nearest_first(void)
{
	CHECK_STR(said("Delt"), "; did you mean Delta, Delta2 or Delta3?");
	CHECK_STR(said("Delta4x"), "; did you mean Delta4, Delta or Delta2?");
	CHECK_STR(said("Al"), "; did you mean Alpha or Alpine?"); /* the beginning of both */
}

static void
test_nothing_near(void)
{
	char huge[5000];

	CHECK_STR(said("Zebra"), "");
	CHECK_STR(said(""), "");
	CHECK_STR(said("Y"), ""); /* every letter wrong is no slip */
	memset(huge, 'A', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	CHECK_STR(said(huge), "");
}

static void
test_each_once(void)
{
	struct nearest n = { .typed = "Bravp" };

	for (int i = 0; i < 5; i++)
		nearest_offer(&n, i % 2 ? "bravo" : "Bravo");
	CHECK(n.n == 1);
}

TESTS(T(test_slips), T(test_nearest_first), T(test_nothing_near), T(test_each_once))
