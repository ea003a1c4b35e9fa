/*
 * The steps of the commit sequences have names, so that a test can end a process at each of them.
 * In a build with WITH_TEST_HOOKS, a file "PROCESS.step" in the directory that $MIXMINION_STEPS
 * names arms the process that finds it when it starts, and is removed: it holds the name of a step
 * and how many times that is passed first. At that step the process ends as by kill -9. Other
 * builds have none of this.
 */
#ifndef STEP_H
#define STEP_H

#ifdef WITH_TEST_HOOKS
void step_arm(const char *process);
void step(const char *name);
#else
#define step_arm(process) ((void)0)
#define step(name)	  ((void)0)
#endif

#endif
