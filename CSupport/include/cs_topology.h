// hwloc, as far as Machine needs it.
#pragma once
#include <stdint.h>
