#pragma once
#include <librdkafka/rdkafka.h>
// The mock cluster, for tests of the wrapper.
#include <librdkafka/rdkafka_mock.h>
// Not in Swift's Glibc module; librdkafka writes its queue events to one.
#include <sys/eventfd.h>
