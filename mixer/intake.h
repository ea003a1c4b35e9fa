/*
 * From incoming/ to mix/: read, DECRYPT, unwrap, write durably, COMMIT, remove. minion-spec 3.2.5.
 */
#ifndef MIXER_INTAKE_H
#define MIXER_INTAKE_H

#include "arrivals.h"
#include "keyc.h"
#include "mixpools.h"

struct intake;

/*
 * keyd and keyd_path as keyc_new wants them. What lies in incoming/ now is finished first; then
 * what lies in mix/ is listed in p->ready and started is called, once: from then on batches may
 * leave. Begins to work with intake_turn.
 */
struct intake *intake_new(struct loop *l, struct mixpools *p, struct arrivals *a, int keyd,
    const char *keyd_path, void (*started)(void *arg), void *arg);
/* Does what can be done now; for loop_each. */
void intake_turn(void *intake);

#endif
