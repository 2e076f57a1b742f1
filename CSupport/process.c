#define _GNU_SOURCE
#include "cs_process.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>

static int argument_count;
static char *const *arguments;

// glibc hands main's arguments to constructors too.
__attribute__((constructor)) static void remember_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

char *const *cs_arguments(int *count) {
  *count = argument_count;
  return arguments;
}

// The signals that Swift's runtime takes, and what it does with them.
static const int reported[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
static struct sigaction report[NSIG];

// The kernel names the cause of a fault by a positive code; abort and raise send from this process.
static int is_our_own(const siginfo_t *info) {
  return info->si_code > 0 || (info->si_code == SI_TKILL && info->si_pid == getpid());
}

static void report_or_end(int number, siginfo_t *info, void *context) {
  int saved = errno;
  if (is_our_own(info)) {
    report[number].sa_sigaction(number, info, context);
  } else {
    // It is blocked until this handler returns, and ends the process then.
    signal(number, SIG_DFL);
    raise(number);
  }
  errno = saved;
}

void cs_end_by_foreign_signals(void) {
  struct sigaction now;
  // Nothing of our own raises SIGQUIT.
  if (!sigaction(SIGQUIT, NULL, &now) && now.sa_handler != SIG_IGN) signal(SIGQUIT, SIG_DFL);
  for (unsigned i = 0; i < sizeof reported / sizeof *reported; i++) {
    int number = reported[i];
    if (sigaction(number, NULL, &now) || !(now.sa_flags & SA_SIGINFO)) continue;
    if (now.sa_sigaction == report_or_end) continue;
    report[number] = now;
    now.sa_sigaction = report_or_end;
    sigaction(number, &now, NULL);
  }
}
