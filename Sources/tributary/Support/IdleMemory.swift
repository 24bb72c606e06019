import CMalloc

/// Has the allocator give memory back to the system.
///
/// librdkafka frees fetched batches on other threads than took them; with glibc's defaults those
/// megabytes stay in per-thread arenas for good.
func limitIdleMemory() {
  mallopt(M_ARENA_MAX, 4)
  mallopt(M_MMAP_THRESHOLD, 256 << 10)
  mallopt(M_TRIM_THRESHOLD, 4 << 20)
  // An arena grows by this much at a time, with a system call each.
  mallopt(M_TOP_PAD, 1 << 20)
}
