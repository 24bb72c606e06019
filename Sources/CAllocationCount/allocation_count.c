// Stands before glibc's allocator and counts, by the rules of "Replacing malloc" in glibc's manual.
// Memory still comes from glibc and goes back to it.

#include "allocation_count.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static _Thread_local unsigned long count;
static _Thread_local long bytes;

unsigned long allocation_count(void) { return count; }

long allocated_bytes(void) { return bytes; }

static void *counted(void *block) {
  count += 1;
  bytes += (long)malloc_usable_size(block);
  return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t members, size_t size) { return counted(__libc_calloc(members, size)); }

void *realloc(void *block, size_t size) {
  long former = (long)malloc_usable_size(block);
  void *larger = __libc_realloc(block, size);
  // A block for which there is no more room stays as it is.
  if (larger == NULL && size > 0) return NULL;
  bytes -= former;
  return counted(larger);
}

void *memalign(size_t alignment, size_t size) {
  return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
  void *memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *block = memory;
  return 0;
}

void free(void *block) {
  bytes -= (long)malloc_usable_size(block);
  __libc_free(block);
}
