/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random work that makes and drops what beancounters count: tasks, files,
 * memory, namespaces. The same for containers and for the host.
 */
#ifndef SELFTESTS_LIB_BC_CHAOS_H
#define SELFTESTS_LIB_BC_CHAOS_H

#include <stdint.h>

/**
 * bc_chaos_random() - the next number of a sequence
 * @state: begin with any seed
 */
uint32_t bc_chaos_random(uint64_t *state);

/**
 * bc_chaos() - one random step
 * @state: of the random numbers
 * @depth: how many levels of children are above; limits what is started
 *
 * May fork; children end by themselves after some steps. What is refused is
 * ignored.
 */
void bc_chaos(uint64_t *state, int depth);

/**
 * bc_chaos_run() - steps until @seconds are over (0: for ever)
 */
void bc_chaos_run(uint64_t seed, unsigned int seconds);

#endif
