// The OpenMP team. Bodies get the context pointer back and the index of the thread.
#pragma once
#include <stdint.h>

/// Runs `body(context, thread)` once on each of `threads` threads and waits for all of them.
/// Returns the number of threads that OpenMP gave; if that is not `threads`, no body has run.
///
/// - cpus: `threads` logical CPUs that the threads are bound to (each once, then it stays), or null
/// - passive: idle threads sleep at once instead of spinning; for teams larger than the machine
///
/// Inside, every thread (the caller too) flushes denormals to zero, so that no result depends on
/// who computed it; the caller's mode is restored.
int cs_team_run(int threads, const int32_t *cpus, int passive,
                void (*body)(void *context, int thread), void *context);

/// Waits for all threads of the team that runs the caller; to be called by each of them.
void cs_team_barrier(void);

/// How many threads a team may have at most (OMP_THREAD_LIMIT).
int cs_team_limit(void);

/// How many of `threads` threads the system lets this process have now, the caller among them: fewer
/// under `ulimit -u`, a control group's pids.max, or with no room for their stacks. OpenMP would abort.
int cs_team_possible(int threads);

/// The SSE control and status register of the calling thread.
uint32_t cs_float_mode(void);

/// A number that no other living thread has.
const void *cs_thread_identity(void);
