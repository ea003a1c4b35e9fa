#include "schedule.h"

#define HOLD_MAX (15 * 60)

int64_t
schedule_total(const struct conf_schedule *s)
{
	int64_t total = 0;

	for (size_t i = 0; i < s->n; i++)
		total += s->intervals[i];
	return total;
}

int64_t
schedule_wait(const struct conf_schedule *s, int64_t age)
{
	int64_t at = 0;

	if (age < 0)
		age = 0;
	for (size_t i = 0; i < s->n; i++) {
		at += s->intervals[i];
		if (at > age)
			return at - age;
	}
	return -1;
}

int64_t
schedule_hold(const struct conf_schedule *s)
{
	if (s->n == 0 || s->intervals[0] > HOLD_MAX)
		return HOLD_MAX;
	return s->intervals[0] > 0 ? s->intervals[0] : 1;
}
