// hwloc, as far as Machine needs it: what the machine is made of, and binding a thread.
#pragma once
#include <stdint.h>

/// A loaded topology.
typedef struct cs_topology cs_topology;

/// One logical CPU (hwloc calls it PU), in hwloc's logical order: neighbours are near.
typedef struct {
  int32_t cpu;      ///< the system's number
  int32_t core;     ///< logical index of its physical core
  int32_t package;  ///< logical index of its package
  int32_t node;     ///< the system's number of its NUMA node
} cs_cpu;

/// One NUMA node.
typedef struct {
  int32_t node;   ///< the system's number
  int64_t bytes;  ///< local memory, 0 if unknown
} cs_numa_node;

/// The data caches of one level.
typedef struct {
  int32_t level;      ///< 1...5
  int32_t instances;  ///< how many there are
  int64_t bytes;      ///< size of the first of them
} cs_cache;

/// Where a topology comes from.
typedef enum {
  CS_THIS_MACHINE = 0,  ///< `text` is not used
  CS_SYNTHETIC = 1,     ///< `text` is hwloc's synthetic description, "pack:2 core:4 pu:2"
  CS_XML = 2,           ///< `text` is an XML document as `lstopo --of xml` writes
} cs_topology_source;

/// Loads a topology (this machine's once in a process); null if hwloc cannot read it. To be closed.
cs_topology *cs_topology_open(cs_topology_source source, const char *text);
/// Frees a topology; this machine's stays.
void cs_topology_close(cs_topology *topology);

/// Writes up to `capacity` logical CPUs and returns how many there are.
int cs_topology_cpus(cs_topology *topology, cs_cpu *out, int capacity);
/// Writes up to `capacity` NUMA nodes and returns how many there are.
int cs_topology_nodes(cs_topology *topology, cs_numa_node *out, int capacity);
/// Writes up to `capacity` cache levels, innermost first, and returns how many there are.
int cs_topology_caches(cs_topology *topology, cs_cache *out, int capacity);

/// Binds the calling thread to one logical CPU. Returns 0, or -1 if the system refuses.
int cs_bind_thread(int cpu);
/// Gives the calling thread the CPUs that the process had when it started. Returns 0 or -1.
int cs_unbind_thread(void);

/// The CPUs that the process had when it started, as a bit mask of `words` words.
void cs_process_cpus(uint64_t *mask, int words);
/// The number of CPUs that the process had when it started.
int cs_process_cpu_count(void);
/// The logical CPU that the calling thread is bound to, or -1 if it may run on several.
int cs_bound_cpu(void);
