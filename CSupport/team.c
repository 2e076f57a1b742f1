#include "cs_team.h"
#include "cs_topology.h"
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#if !__has_include(<omp.h>)
#error "OpenMP's omp.h is missing: apt install libomp-dev (make setup does it)"
#endif
#include <omp.h>

// The CPU that this thread is bound to; UNKNOWN for one that no team has placed yet.
enum { UNKNOWN = -2, FREE = -1 };
static _Thread_local int place = UNKNOWN;

// Whether the thread runs a body of a team of several threads. OpenMP knows it too, but asking it starts
// it, and a team of one thread needs no OpenMP.
static _Thread_local int in_team;

const void *cs_thread_identity(void) { return &place; }

static void bind(int cpu) {
  if (place == cpu) return;
  // A system that refuses (a sandbox, a CPU gone offline) costs speed, not results.
  cs_bind_thread(cpu);
  place = cpu;
}

static void unbind(void) {
  if (place == FREE) return;
  cs_unbind_thread();
  place = FREE;
}

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x40 };
static void flush_denormals(void) { _mm_setcsr(_mm_getcsr() | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO); }

uint32_t cs_float_mode(void) { return _mm_getcsr(); }

static void run_alone(const int32_t *cpus, void (*body)(void *, int), void *context) {
  // Inside another team's region the thread keeps that team's place.
  if (cpus && !in_team) bind(cpus[0]);
  flush_denormals();
  body(context, 0);
}

// OMP_PROC_BIND and KMP_AFFINITY would move threads that we have bound, or bind those that are free.
static void keep_openmp_from_binding(void) {
  kmp_set_defaults("OMP_PROC_BIND=false");
  kmp_set_defaults("KMP_AFFINITY=disabled");
}

// Signals are for the thread that calls, which may wait for something that they end: threads that OpenMP
// makes in the region leave them alone. A fault is the thread's own all the same.
static void block_signals(sigset_t *before) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  sigset_t others;
  sigfillset(&others);
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&others, faults[i]);
  pthread_sigmask(SIG_BLOCK, &others, before);
}

static int run_team(int threads, const int32_t *cpus, int passive, void (*body)(void *, int),
                    void *context) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, keep_openmp_from_binding);
  static _Thread_local int spin = -1;  // libomp's own default, or the user's KMP_BLOCKTIME
  if (spin < 0) spin = kmp_get_blocktime();
  kmp_set_blocktime(passive ? 0 : spin);
  omp_set_dynamic(0);
  int given = 0;
  static _Thread_local int largest = 1;
  int grows = threads > largest;
  sigset_t before;
  if (grows) block_signals(&before);
#pragma omp parallel num_threads(threads)
  {
    int thread = omp_get_thread_num(), size = omp_get_num_threads();
    if (size == threads) {
      if (cpus) {
        bind(cpus[thread]);
      } else if (thread > 0 || place >= 0) {
        // Also a new thread: it inherits the CPU of the caller, which a team may have bound.
        unbind();
      }
      flush_denormals();
      in_team = 1;
      body(context, thread);
      in_team = 0;
    }
    if (thread == 0) given = size;
  }
  if (grows) {
    largest = threads;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
  }
  return given;
}

int cs_team_run(int threads, const int32_t *cpus, int passive, void (*body)(void *, int),
                void *context) {
  unsigned mode = _mm_getcsr();
  int given = 1;
  if (threads <= 1) {
    run_alone(cpus, body, context);
  } else if (!in_team) {
    given = run_team(threads, cpus, passive, body, context);
  }
  _mm_setcsr(mode);
  return given;
}

void cs_team_barrier(void) {
#pragma omp barrier
}

int cs_team_limit(void) { return omp_get_thread_limit(); }

static void *wait_for(void *gate) {
  pthread_mutex_lock(gate);
  pthread_mutex_unlock(gate);
  return NULL;
}

int cs_team_possible(int threads) {
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  pthread_attr_t attributes;
  pthread_t *made = calloc((size_t)threads, sizeof *made);
  if (!made || pthread_attr_init(&attributes)) {
    free(made);
    return 1;
  }
  // Stacks as large as those that OpenMP will ask for.
  pthread_attr_setstacksize(&attributes, kmp_get_stacksize_s());
  int count = 1;
  pthread_mutex_lock(&gate);
  while (count < threads && !pthread_create(&made[count], &attributes, wait_for, &gate)) count++;
  pthread_mutex_unlock(&gate);
  for (int i = 1; i < count; i++) pthread_join(made[i], NULL);
  pthread_attr_destroy(&attributes);
  free(made);
  return count;
}
