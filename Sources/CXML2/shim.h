#pragma once
#include <libxml/parser.h>
#include <libxml/tree.h>

// A variable that holds a function, which Swift takes for shared state.
static inline void tributary_xml_free(void *memory) { xmlFree(memory); }
