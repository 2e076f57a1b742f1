// What Swift cannot say: the OpenMP team, topology through hwloc, inline vector instructions. Each
// concern has a header of its own.
#pragma once
#include "cs_isa.h"
#include "cs_process.h"
#include "cs_quantized.h"
#include "cs_team.h"
#include "cs_topology.h"
#include "cs_vector.h"
