/*
 * The environment of a program: what every one has, and the facts about its message. The values of
 * facts are the sender's: nothing may be in them but printing ASCII.
 */
#include <stdlib.h>
#include <string.h>

#include "deliverd-run.h"

static const char *const always[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LC_ALL=C",
	"HOME=/",
};
#define N_ALWAYS (sizeof(always) / sizeof(always[0]))

static const char *const names[] = { "MIXMINION_TYPE", "MIXMINION_ADDRESS", "MIXMINION_ADDRESS_HEX",
	"MIXMINION_MESSAGE", "MIXMINION_HANDLE", "MIXMINION_SUBJECT", "MIXMINION_FROM",
	"MIXMINION_IN_REPLY_TO", "MIXMINION_REFERENCES" };
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* Which name it has; -1: none of them, or a value that may not be. */
static int
check_fact(const char *fact)
{
	size_t len = strcspn(fact, "=");

	if (fact[len] == '\0')
		return -1;
	for (const char *c = fact + len + 1; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return -1;
	for (size_t i = 0; i < N_NAMES; i++)
		if (strlen(names[i]) == len && memcmp(names[i], fact, len) == 0)
			return (int)i;
	return -1;
}

int
facts_ok(const char *facts, size_t len)
{
	unsigned seen = 0;
	int name;

	if (len > 0 && facts[len - 1] != '\0')
		return 0;
	for (const char *f = facts; f < facts + len; f += strlen(f) + 1) {
		if ((name = check_fact(f)) == -1 || (seen & 1u << name))
			return 0;
		seen |= 1u << name;
	}
	return 1;
}

char **
facts_environment(char *facts, size_t len)
{
	char **env = calloc(N_ALWAYS + N_NAMES + 1, sizeof(*env));
	size_t n = 0;

	if (env == NULL)
		fatal("environment");
	for (; n < N_ALWAYS; n++) /* execve knows no const */
		memcpy(&env[n], &always[n], sizeof(env[n]));
	for (char *f = facts; f < facts + len; f += strlen(f) + 1)
		env[n++] = f;
	return env;
}
