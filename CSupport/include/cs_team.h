// The OpenMP team. Bodies get the context pointer back and the index of the thread (or a range).
#pragma once
#include <stdint.h>

/// Runs `body(context, thread)` once on each of `threads` threads and waits for all of them.
void cs_team_run(int threads, void (*body)(void *context, int thread), void *context);

/// Waits for all threads of the team that runs the caller; to be called by each of them.
void cs_team_barrier(void);

/// Adds `amount` and returns the value before: hands out work inside a parallel region.
int64_t cs_fetch_add(int64_t *counter, int64_t amount);
