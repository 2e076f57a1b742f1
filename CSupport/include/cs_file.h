// System calls without a Swift spelling.
#pragma once
#include <stdint.h>
