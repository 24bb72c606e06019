#pragma once
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Has the cache line at `address` fetched without waiting for it. Any address may be given.
static inline void prefetch(const void *address) { __builtin_prefetch(address); }

/// A bit for each of the 16 bytes at `text`, the first one's lowest: whether it is a quote, a backslash, a
/// control character or not ASCII, so that a JSON string does not simply go on there.
static inline uint32_t specialBytes(const uint8_t *text) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128((const __m128i *)text);
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  // As signed numbers, bytes beyond ASCII are below all control characters.
  const __m128i others = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
  return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), others));
#else
  uint32_t special = 0;
  for (int index = 0; index < 16; index++) {
    const int8_t byte = (int8_t)text[index];
    special |= (uint32_t)(byte == '"' || byte == '\\' || byte < ' ') << index;
  }
  return special;
#endif
}
