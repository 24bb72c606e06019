#pragma once
// SHA-256 states that are copied as values are deprecated in favour of such that are allocated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
