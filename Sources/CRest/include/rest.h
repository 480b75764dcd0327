// SPDX-License-Identifier: EUPL-1.2

#pragma once
#include <stddef.h>

/// Gives back to the system what the allocator keeps of memory that was freed, where that is more than
/// `bytes`.
void rest_trim_memory(size_t bytes);
