#pragma once
#include <linux/mman.h>
#include <malloc.h>
#include <stddef.h>

// As in <sys/mman.h>, which Swift's Glibc reads without Linux's own functions.
extern void *mremap(void *address, size_t size, size_t newSize, int flags, ...);
extern int madvise(void *address, size_t size, int advice);

/// Gives the mapping at `address` another size and the addresses from `target` on, in place of what is
/// mapped there. What is new is zeroed.
///
/// It stays one mapping: kernels before 6.17 refuse to move several at once. Returns false if the kernel
/// refuses; what is mapped at either place is then undefined.
static inline _Bool moveMapping(void *address, size_t size, size_t newSize, void *target) {
  return mremap(address, size, newSize, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target;
}

/// Has the kernel provide the pages of a mapping in one call, instead of one by one as they are written to.
/// Kernels before 5.14 do not know how; then nothing happens.
static inline void populate(void *address, size_t size) {
  madvise(address, size, MADV_POPULATE_WRITE);
}
