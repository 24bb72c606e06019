#pragma once

/// How many blocks of memory the calling thread has asked the allocator for, since it began.
///
/// Linking this counts every allocation of the program: for tests only.
unsigned long allocation_count(void);

/// The sizes of the blocks that the calling thread has been given, less those that it has freed.
long allocated_bytes(void);
