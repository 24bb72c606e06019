#pragma once
#include <linux/mman.h>
#include <malloc.h>
#include <stddef.h>

// As in <sys/mman.h>, which Swift's Glibc reads without Linux's own functions.
extern void *mremap(void *address, size_t size, size_t newSize, int flags, ...);

/// Gives the pages at `address` the addresses from `target` on, in place of what is mapped there.
///
/// Returns false, and leaves everything as it is, if the kernel refuses.
static inline _Bool movePages(void *address, size_t size, void *target) {
  return mremap(address, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target;
}
