#pragma once
#include <libxml/xmlversion.h>
// libxml2's headers would bring ICU's with them, whose enums are not those of Foundation's ICU: files that import both
// do not compile together.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/tree.h>

// A variable that holds a function, which Swift takes for shared state.
static inline void tributary_xml_free(void *memory) { xmlFree(memory); }
