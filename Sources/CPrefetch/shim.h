#pragma once

/// Has the cache line at `address` fetched without waiting for it. Any address may be given.
static inline void prefetch(const void *address) { __builtin_prefetch(address); }
