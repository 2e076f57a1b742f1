#define _GNU_SOURCE
#include "cs_topology.h"
#include <hwloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct cs_topology {
  hwloc_topology_t hwloc;
};

static cs_topology *load(cs_topology_source source, const char *text) {
  hwloc_topology_t t;
  if (hwloc_topology_init(&t)) return NULL;
  int failed = 0;
  if (source == CS_SYNTHETIC) failed = hwloc_topology_set_synthetic(t, text);
  if (source == CS_XML) failed = hwloc_topology_set_xmlbuffer(t, text, (int)strlen(text) + 1);
  // CPUs outside of a cgroup's cpuset are shown too: the affinity mask leaves them out, and an
  // error about --cpus can tell "does not exist" from "not ours".
  if (!failed) failed = hwloc_topology_set_flags(t, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  cs_topology *result = failed ? NULL : malloc(sizeof *result);
  if (!result || hwloc_topology_load(t)) {
    hwloc_topology_destroy(t);
    free(result);
    return NULL;
  }
  result->hwloc = t;
  return result;
}

// Loaded once: it takes milliseconds, and tens of them on a large machine. hwloc allows any number of
// threads to read a topology.
static cs_topology *this_machine;
static void load_this_machine(void) { this_machine = load(CS_THIS_MACHINE, NULL); }
static cs_topology *loaded_machine(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load_this_machine);
  return this_machine;
}

cs_topology *cs_topology_open(cs_topology_source source, const char *text) {
  return source == CS_THIS_MACHINE ? loaded_machine() : load(source, text);
}

void cs_topology_close(cs_topology *topology) {
  if (!topology || topology == this_machine) return;
  hwloc_topology_destroy(topology->hwloc);
  free(topology);
}

int cs_topology_cpus(cs_topology *topology, cs_cpu *out, int capacity) {
  hwloc_topology_t t = topology->hwloc;
  int count = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_PU);
  for (int i = 0; i < count && i < capacity; i++) {
    hwloc_obj_t pu = hwloc_get_obj_by_type(t, HWLOC_OBJ_PU, (unsigned)i);
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, pu);
    hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_PACKAGE, pu);
    out[i].cpu = (int32_t)pu->os_index;
    // Some virtual machines show no cores or packages.
    out[i].core = core ? (int32_t)core->logical_index : i;
    out[i].package = package ? (int32_t)package->logical_index : 0;
    // The first of several local nodes: high-bandwidth memory comes after ordinary memory.
    int node = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : 0;
    out[i].node = node < 0 ? 0 : node;
  }
  return count;
}

int cs_topology_nodes(cs_topology *topology, cs_numa_node *out, int capacity) {
  hwloc_topology_t t = topology->hwloc;
  int count = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE);
  for (int i = 0; i < count && i < capacity; i++) {
    hwloc_obj_t node = hwloc_get_obj_by_type(t, HWLOC_OBJ_NUMANODE, (unsigned)i);
    out[i].node = (int32_t)node->os_index;
    out[i].bytes = (int64_t)node->attr->numanode.local_memory;
  }
  return count;
}

int cs_topology_caches(cs_topology *topology, cs_cache *out, int capacity) {
  const hwloc_obj_type_t types[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                    HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE};
  int count = 0;
  for (int level = 1; level <= 5; level++) {
    int instances = hwloc_get_nbobjs_by_type(topology->hwloc, types[level - 1]);
    if (instances <= 0) continue;
    if (count < capacity) {
      hwloc_obj_t first = hwloc_get_obj_by_type(topology->hwloc, types[level - 1], 0);
      out[count] = (cs_cache){level, instances, (int64_t)first->attr->cache.size};
    }
    count++;
  }
  return count;
}

// Room for 8,192 CPUs; the kernel's own limit on x86.
enum { MASK_BYTES = 1024 };
static union {
  cpu_set_t set;
  uint64_t words[MASK_BYTES / 8];
} process_cpus;

// Before main: a team binds the thread that calls it, and threads made later inherit that.
__attribute__((constructor)) static void remember_process_cpus(void) {
  if (sched_getaffinity(0, MASK_BYTES, &process_cpus.set) < 0)
    memset(&process_cpus, 0xff, sizeof process_cpus);
}

void cs_process_cpus(uint64_t *mask, int words) {
  for (int i = 0; i < words; i++) mask[i] = i < MASK_BYTES / 8 ? process_cpus.words[i] : 0;
}

int cs_process_cpu_count(void) { return CPU_COUNT_S(MASK_BYTES, &process_cpus.set); }

int cs_bind_thread(int cpu) {
  cs_topology *machine = loaded_machine();
  if (!machine) return -1;
  hwloc_bitmap_t set = hwloc_bitmap_alloc();
  if (!set) return -1;
  int failed = hwloc_bitmap_set(set, (unsigned)cpu);
  if (!failed) failed = hwloc_set_cpubind(machine->hwloc, set, HWLOC_CPUBIND_THREAD);
  hwloc_bitmap_free(set);
  return failed ? -1 : 0;
}

int cs_unbind_thread(void) { return sched_setaffinity(0, MASK_BYTES, &process_cpus.set); }

int cs_bound_cpu(void) {
  union {
    cpu_set_t set;
    uint64_t words[MASK_BYTES / 8];
  } now = {0};
  if (sched_getaffinity(0, MASK_BYTES, &now.set) < 0) return -1;
  if (CPU_COUNT_S(MASK_BYTES, &now.set) != 1) return -1;
  for (int i = 0; i < MASK_BYTES / 8; i++)
    if (now.words[i]) return i * 64 + __builtin_ctzll(now.words[i]);
  return -1;
}
