import CMemory

/// Has the allocator give memory back to the system, but not what is used again at once.
///
/// librdkafka frees fetched batches on other threads than took them; with glibc's defaults what a large
/// backlog took stays in per-thread arenas for good. The limit is above what most batches take once they
/// are decompressed: memory that the system has to clear again for every batch costs as much as
/// reading it. Every arena has idle memory of its own, and so there are as many as `workers`, at least two.
func limitIdleMemory(workers: Int) {
  mallopt(M_ARENA_MAX, Int32(clamping: max(2, workers)))
  mallopt(M_MMAP_THRESHOLD, 1 << 20)
  mallopt(M_TRIM_THRESHOLD, 16 << 20)
  // An arena grows by this much at a time, with a system call each.
  mallopt(M_TOP_PAD, 4 << 20)
}
