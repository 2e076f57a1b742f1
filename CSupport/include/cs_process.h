// What a process gets from the system: its arguments, and signals.
#pragma once

/// The arguments of the process as bytes, its name first; they are there without /proc, out of which
/// Swift reads them. Writes their number.
char *const *cs_arguments(int *count);

/// Lets signals that another process or a terminal sends end this process as they do by default.
/// Swift's runtime answers them with a crash report and goes on; it keeps what this process does
/// itself: its faults and `abort`. A signal that is ignored stays ignored.
void cs_end_by_foreign_signals(void);
