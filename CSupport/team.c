#include "cs_team.h"

#if !__has_include(<omp.h>)
#error "OpenMP's omp.h is missing: apt install libomp-dev (make setup does it)"
#endif
#include <omp.h>

void cs_team_run(int threads, void (*body)(void *, int), void *context) {
  if (threads <= 1) {
    body(context, 0);
    return;
  }
#pragma omp parallel num_threads(threads)
  body(context, omp_get_thread_num());
}

void cs_team_barrier(void) {
#pragma omp barrier
}

int64_t cs_fetch_add(int64_t *counter, int64_t amount) {
  return __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}
